/** What a definition means to the core, in its own units: worked out once per definition. */

import {
  type AppDefinition,
  executorResourcesOf,
  hasOwnExecutor,
  isAtAgent,
  type PersistentVolume,
  volumesOf,
} from "#domain/definitions/app.ts";
import { hostPortsOf, portsOf, portsOfPod } from "#domain/definitions/ports.ts";
import type { HealthPolicy } from "#domain/health/index.ts";
import { type Constraint, compileConstraint } from "#domain/placement/constraints.ts";
import type { BackoffPolicy } from "./backoff.ts";
import { type WantedDisk, wantedDiskOf } from "./disk-choice.ts";
import { type GpuSchedulingBehavior, gpuBehaviorOf } from "./gpu-behavior.ts";
import { appContainer } from "./ids.ts";
import type { KillSelection } from "./kill-order.ts";
import type { RejectReason } from "./offer-stats.ts";
import { type PodTemplate, podTemplateOf } from "./pod-task-info.ts";
import { type TaskTemplate, taskTemplateOf } from "./task-info.ts";
import type { UnreachableStrategy } from "./unreachable.ts";

export interface AppFacts {
  readonly healthPolicies: readonly HealthPolicy[];
  /** Indexes of the health checks that the agent runs, by container: an app has one at most. */
  readonly agentChecks: ReadonlyMap<string, number>;
  readonly backoff: BackoffPolicy;
  readonly unreachable: UnreachableStrategy;
  readonly killSelection: KillSelection;
  readonly minimumHealthCapacity: number;
  readonly maximumOverCapacity: number;
  readonly constraints: readonly Constraint[];
  /** Whether it takes agents with GPUs although it needs none; undefined leaves it to the framework. */
  readonly gpuSchedulingBehavior: GpuSchedulingBehavior | undefined;
  readonly scalars: readonly WantedScalar[];
  /** Of volumes that are not on the agent's own disk, in their order. */
  readonly disks: readonly WantedDisk[];
  /** Of each port that an instance takes: the number it insists on, or undefined for any. */
  readonly hostPorts: readonly (number | undefined)[];
  /** Of whoever's; undefined leaves it to the framework. */
  readonly acceptedRoles: ReadonlySet<string> | undefined;
  /** The first image that is fetched for an instance; undefined when it runs from none. */
  readonly image: string | undefined;
  readonly launch: LaunchTemplate;
}

/** What is launched for an instance. */
export type LaunchTemplate =
  | { readonly kind: "task"; readonly task: TaskTemplate }
  | { readonly kind: "group"; readonly group: PodTemplate };

/** A scalar that each instance takes, in thousandths. */
export interface WantedScalar {
  readonly name: string;
  readonly millis: number;
  readonly reason: RejectReason;
}

export function factsOf(definition: AppDefinition): AppFacts {
  const { unreachableStrategy, upgradeStrategy } = definition;
  return {
    ...healthOf(definition),
    backoff: {
      backoffMs: definition.backoffSeconds * 1_000,
      factor: definition.backoffFactor,
      maxDelayMs: definition.maxLaunchDelaySeconds * 1_000,
    },
    unreachable:
      unreachableStrategy === "disabled"
        ? { kind: "disabled" }
        : {
            kind: "replace",
            inactiveAfterMs: unreachableStrategy.inactiveAfterSeconds * 1_000,
            expungeAfterMs: unreachableStrategy.expungeAfterSeconds * 1_000,
          },
    killSelection: definition.killSelection,
    minimumHealthCapacity: upgradeStrategy.minimumHealthCapacity,
    maximumOverCapacity: upgradeStrategy.maximumOverCapacity,
    constraints: (definition.constraints ?? []).map(compileConstraint),
    gpuSchedulingBehavior: gpuBehaviorOf(definition),
    scalars: scalarsOf(definition),
    disks: volumesOf(definition).flatMap(({ persistent }) => wantedDiskOf(persistent) ?? []),
    acceptedRoles:
      definition.acceptedResourceRoles === undefined ? undefined : new Set(definition.acceptedResourceRoles),
    hostPorts: wantedPortsOf(definition),
    image:
      definition.container?.docker?.image ??
      definition.pod?.containers.find(({ image }) => image !== undefined)?.image?.id,
    launch:
      definition.pod === undefined
        ? { kind: "task", task: taskTemplateOf(definition) }
        : { kind: "group", group: podTemplateOf(definition, definition.pod) },
  };
}

/** A pod's checks are all the agent's, one a container that has one. */
function healthOf({
  healthChecks = [],
  pod,
}: AppDefinition): Pick<AppFacts, "healthPolicies" | "agentChecks"> {
  const checked = (pod?.containers ?? []).flatMap(({ name, healthCheck }) =>
    healthCheck === undefined ? [] : [{ name, healthCheck }],
  );
  const atAgent = healthChecks.findIndex(({ protocol }) => isAtAgent(protocol));
  const checks = pod === undefined ? healthChecks : checked.map(({ healthCheck }) => healthCheck);
  return {
    healthPolicies: checks.map((check) => ({
      gracePeriodMs: check.gracePeriodSeconds * 1_000,
      intervalMs: check.intervalSeconds * 1_000,
      maxConsecutiveFailures: check.maxConsecutiveFailures,
    })),
    agentChecks: new Map([
      ...checked.map(({ name }, index) => [name, index] as const),
      ...(atAgent < 0 ? [] : [[appContainer, atAgent] as const]),
    ]),
  };
}

function wantedPortsOf(definition: AppDefinition): AppFacts["hostPorts"] {
  return hostPortsOf(definition.pod === undefined ? portsOf(definition) : portsOfPod(definition));
}

function scalarsOf(definition: AppDefinition): readonly WantedScalar[] {
  const executor = hasOwnExecutor(definition)
    ? executorResourcesOf(definition)
    : { cpus: 0, mem: 0, disk: 0 };
  const cpus = definition.cpus + executor.cpus;
  const mem = definition.mem + executor.mem;
  const disk = definition.disk + rootSizeOf(volumesOf(definition)) + executor.disk;
  const wanted: readonly WantedScalar[] = [
    { name: "cpus", millis: Math.round(cpus * 1_000), reason: "InsufficientCpus" },
    { name: "mem", millis: Math.round(mem * 1_000), reason: "InsufficientMemory" },
    { name: "disk", millis: Math.round(disk * 1_000), reason: "InsufficientDisk" },
    { name: "gpus", millis: Math.round(definition.gpus * 1_000), reason: "InsufficientGpus" },
  ];
  return wanted.filter(({ millis }) => millis > 0);
}

/** MiB of the agent's own disk that these take. */
export const rootSizeOf = (volumes: readonly PersistentVolume[]): number =>
  volumes.reduce((sum, { persistent }) => sum + (persistent.type === "root" ? persistent.size : 0), 0);

/** Keys that change without replacing instances. Source: contract marathon.md section 6. */
const keptOutOfComparison: ReadonlySet<string> = new Set([
  "id",
  "instances",
  "version",
  "versionInfo",
  "executorResources",
]);

/** Whether running instances may stay when one definition takes the other's place. */
export function isSameConfiguration(one: AppDefinition, other: AppDefinition): boolean {
  return isEqualJson(one, other, keptOutOfComparison);
}

/** Whether nothing but labels differs, and the new definition wishes that to replace nothing. */
export function isLabelChange(before: AppDefinition, after: AppDefinition): boolean {
  if (after.upgradeStrategy.labelsInPlace !== true) return false;
  // Switching the wish itself on is no reason to replace anything either.
  const upgradeStrategy = { ...before.upgradeStrategy, labelsInPlace: true as const };
  return isSameConfiguration({ ...before, labels: after.labels, upgradeStrategy }, after);
}

/** Equal as JSON: the order of keys doesn't matter, and an undefined value is an absent one. */
export function isEqualJson(one: unknown, other: unknown, ignored?: ReadonlySet<string>): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
    return one.every((item, index) => isEqualJson(item, other[index]));
  }
  const entriesOf = (value: object): Map<string, unknown> =>
    new Map(Object.entries(value).filter(([key, item]) => item !== undefined && ignored?.has(key) !== true));
  const left = entriesOf(one);
  const right = entriesOf(other);
  if (left.size !== right.size) return false;
  for (const [key, item] of left) {
    if (!right.has(key) || !isEqualJson(item, right.get(key))) return false;
  }
  return true;
}
