/** Which instances' logs are followed, and what they are called. */
import type { InstanceItem } from "#contracts/services/own-endpoints.ts";
import type { LogSource } from "./merged-log.ts";

/** More instances than this are chosen from. */
export const sourcesMax = 50;

export interface NamedSource extends LogSource {
  /** Short and the same as in the list of instances. */
  readonly name: string;
  /** Which of eight colours its name has; the same for all tasks of one instance. */
  readonly color: number;
}

/** Running ones first, then the newest that ended; oldest first in the answer, so that lines come in order. */
export function logSources(
  instances: readonly InstanceItem[],
  nameOf: (instance: InstanceItem) => string,
): readonly NamedSource[] {
  const began = ({ startedAt, stagedAt }: InstanceItem): number => startedAt ?? stagedAt ?? 0;
  return instances
    .toSorted((left, right) => Number(right.isActive) - Number(left.isActive) || began(right) - began(left))
    .slice(0, sourcesMax)
    .toSorted((left, right) => began(left) - began(right))
    .flatMap((instance) => {
      const { agentId, taskId, containers } = instance;
      if (agentId === undefined || taskId === undefined) return [];
      const isEnded = !instance.isActive;
      const source = { agentId, taskId, name: nameOf(instance), color: colorOf(instance.id), isEnded };
      if (containers === undefined) return [source];
      // Each container of a pod's instance writes a log of its own.
      return containers.map((container) => ({
        ...source,
        taskId: container.taskId,
        name: `${source.name} ${container.name}`,
        color: colorOf(`${instance.id} ${container.name}`),
      }));
    });
}

/** Spread over eight, the same at every look. */
export function colorOf(id: string): number {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return hash % 8;
}

/** The instance that ended last, else the newest that runs: whose words explain what goes wrong. */
export function newestWords(
  instances: readonly InstanceItem[],
): { readonly agentId: string; readonly taskId: string } | undefined {
  const placed = instances.flatMap(
    ({ agentId, taskId, isActive, endedAt = 0, startedAt = 0, stagedAt = 0 }) =>
      agentId === undefined || taskId === undefined
        ? []
        : [{ agentId, taskId, isActive, at: isActive ? Math.max(startedAt, stagedAt) : endedAt }],
  );
  const [first] = placed.toSorted(
    (left, right) => Number(left.isActive) - Number(right.isActive) || right.at - left.at,
  );
  return first === undefined ? undefined : { agentId: first.agentId, taskId: first.taskId };
}
