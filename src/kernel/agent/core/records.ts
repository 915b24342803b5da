/** Reads what an agent left on its disk. */
import type { Attribute, Resource } from "#contracts/kernel/messages.gen.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { DrainRecord } from "./drain.ts";
import type { ExecutorProgress, ExecutorSpec } from "./executor-run.ts";
import type {
  HoldingRecords,
  RemovalRecord,
  ResourcesRecord,
  VolumeRecord,
} from "./operations/agent-resources.ts";
import type { OperationRecord } from "./operations/operation-statuses.ts";
import type { AgentFacts } from "./policy.ts";
import type { EpochRecord } from "./registration.ts";
import type { SandboxRecord } from "./sandboxes.ts";
import type { Standalone } from "./standalone.ts";
import { type RunProgress, type RunSpec, recordKeys } from "./task-run.ts";
import type { FrameworkRecord } from "./task-table.ts";
import type { UpdateRecord } from "./update-streams.ts";

export interface IdentityRecord {
  readonly formatVersion: 1;
  readonly agentId: string;
  readonly bootId: string;
  readonly hostname: string;
  readonly port: number;
  readonly resources: readonly Resource[];
  readonly attributes: readonly Attribute[];
}

export function identityRecord(agentId: string, facts: AgentFacts): IdentityRecord {
  const { bootId, hostname, port, resources, attributes } = facts;
  return { formatVersion: 1, agentId, bootId, hostname, port, resources, attributes };
}

export interface AgentRecords {
  readonly identity: IdentityRecord | undefined;
  readonly epoch: number;
  readonly drain: DrainRecord | undefined;
  readonly frameworks: readonly FrameworkRecord[];
  readonly executors: readonly { readonly spec: ExecutorSpec; readonly progress: ExecutorProgress }[];
  readonly runs: readonly { readonly spec: RunSpec; readonly progress: RunProgress }[];
  /** In the order of their streams. */
  readonly updates: readonly {
    readonly containerId: string;
    readonly sequence: number;
    readonly record: UpdateRecord;
  }[];
  readonly sandboxes: readonly { readonly containerId: string; readonly record: SandboxRecord }[];
  readonly holdings: HoldingRecords;
  readonly operations: readonly OperationRecord[];
  readonly standalone: readonly Standalone[];
}

/** Newest format this code writes and reads. */
const formatVersion = 1;

/** The records, or a sentence that says why this agent must not start on them. */
export function readRecords(stored: ReadonlyMap<string, JsonValue>): AgentRecords | string {
  for (const [key, value] of stored) {
    const found = isJsonObject(value) ? value["formatVersion"] : undefined;
    if (typeof found !== "number")
      return `the record ${key} is damaged; restore the agent's data or remove it`;
    if (found > formatVersion)
      return `the record ${key} was written by a newer version (format ${found}, this one reads up to ${formatVersion}); start that version`;
  }
  // Our own writes, checked above for their version.
  const all = stored as unknown as ReadonlyMap<string, unknown>;
  const below = (prefix: string) =>
    [...all]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, value]) => ({ parts: key.slice(prefix.length).split("/"), value }));
  const executors: { spec: ExecutorSpec; progress: ExecutorProgress }[] = [];
  const runs: { spec: RunSpec; progress: RunProgress }[] = [];
  for (const [key, value] of all) {
    const [kind, containerId = "", part] = key.split("/");
    if (part !== "spec" || (kind !== "tasks" && kind !== "executors")) continue;
    const progressKey = `${kind}/${containerId}/progress`;
    const progress = all.get(progressKey);
    if (progress === undefined) return `the record ${progressKey} is missing; restore the agent's data`;
    if (kind === "tasks") runs.push({ spec: value as RunSpec, progress: progress as RunProgress });
    else executors.push({ spec: value as ExecutorSpec, progress: progress as ExecutorProgress });
  }
  const byLaunch = (
    one: { readonly spec: { readonly launchedAt: number } },
    other: { readonly spec: { readonly launchedAt: number } },
  ): number => one.spec.launchedAt - other.spec.launchedAt;
  return {
    identity: all.get(recordKeys.identity) as IdentityRecord | undefined,
    epoch: (all.get(recordKeys.epoch) as EpochRecord | undefined)?.epoch ?? 0,
    drain: all.get(recordKeys.drain) as DrainRecord | undefined,
    frameworks: below("frameworks/").map(({ value }) => value as FrameworkRecord),
    executors: executors.sort(byLaunch),
    runs: runs.sort(byLaunch),
    updates: below("updates/").map(({ parts, value }) => ({
      containerId: parts[0] ?? "",
      sequence: Number(parts[1]),
      record: value as UpdateRecord,
    })),
    sandboxes: below("sandboxes/").map(({ parts, value }) => ({
      containerId: parts[0] ?? "",
      record: value as SandboxRecord,
    })),
    holdings: {
      resources: all.get(recordKeys.resources) as ResourcesRecord | undefined,
      volumes: below("volumes/").map(({ value }) => value as VolumeRecord),
      removals: below("removals/").map(({ parts, value }) => ({
        removalId: parts[0] ?? "",
        record: value as RemovalRecord,
      })),
    },
    operations: below("operations/").map(({ value }) => value as OperationRecord),
    standalone: below("standalone/").map(({ value }) => value as Standalone),
  };
}
