/** What a definition means to the core, in its own units: worked out once per definition. */

import { type AppDefinition, isAtAgent } from "#domain/definitions/app.ts";
import type { HealthPolicy } from "#domain/health/index.ts";
import type { BackoffPolicy } from "./backoff.ts";
import { type Constraint, compileConstraint } from "./constraints.ts";
import type { KillSelection } from "./kill-order.ts";
import type { RejectReason } from "./offer-stats.ts";
import { type TaskTemplate, taskTemplateOf } from "./task-info.ts";
import type { UnreachableStrategy } from "./unreachable.ts";

export interface AppFacts {
  readonly healthPolicies: readonly HealthPolicy[];
  /** Index of the health check that the agent runs; there is one at most. */
  readonly agentCheck: number | undefined;
  readonly backoff: BackoffPolicy;
  readonly unreachable: UnreachableStrategy;
  readonly killSelection: KillSelection;
  readonly minimumHealthCapacity: number;
  readonly maximumOverCapacity: number;
  readonly constraints: readonly Constraint[];
  /** Takes agents with GPUs although it needs none. */
  readonly usesScarceAgents: boolean;
  readonly scalars: readonly WantedScalar[];
  /** Of whoever's; undefined leaves it to the framework. */
  readonly acceptedRoles: ReadonlySet<string> | undefined;
  readonly task: TaskTemplate;
}

/** A scalar that each instance takes, in thousandths. */
export interface WantedScalar {
  readonly name: string;
  readonly millis: number;
  readonly reason: RejectReason;
}

export function factsOf(definition: AppDefinition): AppFacts {
  const { unreachableStrategy, upgradeStrategy, healthChecks = [] } = definition;
  const agentCheck = healthChecks.findIndex(({ protocol }) => isAtAgent(protocol));
  return {
    agentCheck: agentCheck < 0 ? undefined : agentCheck,
    healthPolicies: healthChecks.map((check) => ({
      gracePeriodMs: check.gracePeriodSeconds * 1_000,
      intervalMs: check.intervalSeconds * 1_000,
      maxConsecutiveFailures: check.maxConsecutiveFailures,
    })),
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
    usesScarceAgents: definition.labels?.["GPU_SCHEDULING_BEHAVIOR"] === "unrestricted",
    scalars: scalarsOf(definition),
    acceptedRoles:
      definition.acceptedResourceRoles === undefined ? undefined : new Set(definition.acceptedResourceRoles),
    task: taskTemplateOf(definition),
  };
}

function scalarsOf({ cpus, mem, disk, gpus }: AppDefinition): readonly WantedScalar[] {
  const wanted: readonly WantedScalar[] = [
    { name: "cpus", millis: Math.round(cpus * 1_000), reason: "InsufficientCpus" },
    { name: "mem", millis: Math.round(mem * 1_000), reason: "InsufficientMemory" },
    { name: "disk", millis: Math.round(disk * 1_000), reason: "InsufficientDisk" },
    { name: "gpus", millis: Math.round(gpus * 1_000), reason: "InsufficientGpus" },
  ];
  return wanted.filter(({ millis }) => millis > 0);
}

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
