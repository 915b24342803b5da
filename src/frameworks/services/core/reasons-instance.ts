/** Why one instance is not up, or not well: told from its own record. */
import { isAlive } from "#domain/health/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { failureCause, isByOperator } from "#frameworks/base/core/failure-cause.ts";
import { type ImagePulls, pullOf, pullParameters } from "#frameworks/base/core/image-pulls.ts";
import type { ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import type { AppFacts } from "./app-facts.ts";
import { isActive, isStaged } from "./conditions.ts";
import type { EndedInstance } from "./ended-instances.ts";
import { type Instance, isInactive, taskIdsOf } from "./instance.ts";

/** On its way up for longer than this is worth a word of its own. */
export const stagingLongMs = 30_000;

/** Undefined when it runs as it should, or waits for a place: that is its service's to tell. */
export function reasonOfInstance(
  instance: Instance,
  now: InstantMs,
  spec: Pick<AppFacts, "unreachable" | "image"> | undefined,
  pulls?: ImagePulls,
): ReasonFacts | undefined {
  const { condition, id } = instance;
  const facts = (
    code: ReasonFacts["code"],
    more: { readonly since?: InstantMs | undefined; readonly parameters?: ReasonFacts["parameters"] } = {},
  ): ReasonFacts => ({
    code,
    parameters: { count: 1, instance: id, host: instance.agent?.host ?? "", ...more.parameters },
    commands: [`service logs ${instance.appId}`],
    since: more.since ?? instance.conditionSince,
    nodes: [],
  });
  if (condition === "Unreachable" || isInactive(instance)) {
    const { replacedAt, forgottenAt } = fatesOf(instance, spec);
    const seconds = forgottenAt === undefined ? 0 : Math.max(0, Math.round((forgottenAt - now) / 1_000));
    const code = isInactive(instance) ? "unreachableReplaced" : "agentUnreachable";
    const nextTryAt = isInactive(instance) ? undefined : replacedAt;
    return {
      ...facts(code, {
        since: instance.unreachableSince,
        parameters: { seconds, fate: spec?.unreachable.kind === "disabled" ? "kept" : "replaced" },
      }),
      commands: ["node list"],
      ...(nextTryAt === undefined || nextTryAt <= now ? {} : { nextTryAt }),
    };
  }
  const isEnding = isActive(condition) && (instance.isKillWanted || instance.goal === "Decommissioned");
  // One that is ended because it is ill is ill first of all.
  const isIll = instance.goal === "Running" && condition === "Running" && instance.health === false;
  if (isEnding && !isIll) return facts("killing");
  if (isStaged(condition)) {
    const since = instance.stagedAt ?? instance.conditionSince;
    const isLong = now - since > stagingLongMs;
    const seconds = Math.round((now - since) / 1_000);
    const pull = pullOf(pulls, taskIdsOf(instance));
    if (pull !== undefined)
      return facts("pullingImage", { since, parameters: { seconds, ...pullParameters(pull) } });
    if (isLong) return facts("stagingLong", { since, parameters: { seconds } });
    const image = spec?.image;
    return image === undefined
      ? facts("launching", { since, parameters: { seconds } })
      : facts("startingImage", { since, parameters: { seconds, image } });
  }
  if (condition !== "Running") return undefined;
  if (instance.health !== false || instance.checks.length === 0) {
    if (instance.isReady === false) {
      const status = instance.readinessAnswer?.status;
      const detail = status === undefined ? "-" : `HTTP ${status}`;
      return facts("notReady", { since: instance.startedAt, parameters: { detail } });
    }
    const isUnknown = instance.checks.length > 0 && instance.health === undefined;
    return isUnknown ? facts("healthUnknown") : undefined;
  }
  const failed = instance.checks.find((check) => !isAlive(check));
  return facts("unhealthy", {
    since: failed?.lastFailureAt,
    parameters: { detail: failed?.lastFailureCause ?? "", failures: failed?.consecutiveFailures ?? 0 },
  });
}

/** What comes of one that can't be reached, unless it returns before. */
function fatesOf(
  { unreachableSince }: Instance,
  spec: Pick<AppFacts, "unreachable"> | undefined,
): { readonly replacedAt?: InstantMs; readonly forgottenAt?: InstantMs } {
  if (unreachableSince === undefined || spec?.unreachable.kind !== "replace") return {};
  const { inactiveAfterMs, expungeAfterMs } = spec.unreachable;
  return { replacedAt: unreachableSince + inactiveAfterMs, forgottenAt: unreachableSince + expungeAfterMs };
}

/** Its checks failed often enough to end it, and it was left running. */
export function isSpared(instance: Instance, facts: AppFacts | undefined): boolean {
  if (instance.condition !== "Running" || instance.health !== false || instance.isKillWanted) return false;
  const atAgent = new Set(facts?.agentChecks.values());
  return instance.checks.some(({ consecutiveFailures }, index) => {
    const max = facts?.healthPolicies[index]?.maxConsecutiveFailures ?? 0;
    return max > 0 && consecutiveFailures > max && !atAgent.has(index);
  });
}

/** Why one that is over ended. */
export function reasonOfEnd(ended: EndedInstance): ReasonFacts {
  const { code, parameters } = failureCause({ ...ended, condition: ended.condition });
  // What was wanted to end has no fault, whatever its status says of signals.
  const isWanted =
    !ended.isFailure &&
    !isByOperator(ended.reason) &&
    (ended.condition === "Killed" || code === "killedBySignal");
  return {
    code: isWanted ? "killed" : code,
    parameters: { count: 1, ...parameters, task: ended.taskId },
    commands: [`service logs ${ended.appId} --previous`],
    since: ended.endedAt,
    nodes: [],
  };
}
