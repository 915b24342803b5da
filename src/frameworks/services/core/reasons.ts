/**
 * Why a service is not as wished: everything that holds, the true cause first.
 *
 * Told from what is there at the moment it is asked, never from what was told before. Source: contract ux goals 4, 5.
 */
import type { InstantMs } from "#foundation/base/core.ts";
import { failureCause } from "#frameworks/base/core/failure-cause.ts";
import type { ImagePulls } from "#frameworks/base/core/image-pulls.ts";
import type { KnownNodes } from "#frameworks/base/core/known-nodes.ts";
import { inOrder, type ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import type { App } from "./app-table.ts";
import { backoffEndsAt } from "./backoff.ts";
import type { EndedInstance } from "./ended-instances.ts";
import { healthKillsMax } from "./health-kills.ts";
import type { Instance } from "./instance.ts";
import type { QueueEntry } from "./launch-queue.ts";
import { specOf } from "./probes.ts";
import { waitOfDeployment } from "./reasons-deployment.ts";
import { isSpared, reasonOfInstance } from "./reasons-instance.ts";
import { placingReasons } from "./reasons-placing.ts";
import type { ServicesState } from "./state.ts";

export interface ExplainOptions {
  readonly now: InstantMs;
  /** What the master says of its agents, when it was asked. */
  readonly known: KnownNodes | undefined;
  readonly nodesMax: number;
  /** What agents said of images on their way, when they were asked. */
  readonly pulls?: ImagePulls;
}

/** Running for less than this after a failure is not yet believed. */
const unprovenMs = 10_000;

/** Never empty: a service that is as wished says so. */
export function reasonsOfService(
  state: ServicesState,
  app: App,
  options: ExplainOptions,
): readonly ReasonFacts[] {
  const population = state.instances.population(app.id);
  const members = [...(population?.members.values() ?? [])];
  const waiting = population?.scheduled.size ?? 0;
  const reasons: ReasonFacts[] = [];
  const isPending = waiting > 0 || state.deployments.lockOf(app.id) !== undefined || state.kills.size > 0;
  if (!state.connection.isConnected && isPending) {
    reasons.push(plain("kernelUnreachable", { master: state.connection.master ?? "" }, ["status"]));
  }
  const failures = failureReasons(state, app, members, options.now);
  const troubles = groupedByCode(state, members, options);
  reasons.push(...failures, ...troubles.filter(({ code }) => code !== failures[0]?.code));
  const spared = sparedReason(state, app, members, options.now);
  if (spared !== undefined) reasons.push(spared);
  const entry = presentEntry(state, app);
  if (waiting > 0 && entry !== undefined && state.connection.isConnected) {
    const readyAt = entry.backoff === undefined ? options.now : backoffEndsAt(entry.backoff);
    if (readyAt > options.now) reasons.push(backoffReason(entry, readyAt, options.now));
    else reasons.push(...placingReasons(state, app, entry, options));
  }
  const deployment = state.deployments.lockOf(app.id);
  if (deployment !== undefined) reasons.push(waitOfDeployment(state, deployment, app.id));
  if (reasons.length > 0) return inOrder(reasons);
  const isStopped = app.definition.instances === 0;
  return [isStopped ? plain("stopped", {}, [`service start ${app.id}`]) : plain("asWished", {}, [])];
}

/** Nothing is to be done about these. */
export function isAsWished(reasons: readonly ReasonFacts[]): boolean {
  return reasons.every(({ code }) => code === "asWished" || code === "stopped");
}

function plain(
  code: ReasonFacts["code"],
  parameters: ReasonFacts["parameters"],
  commands: string[],
): ReasonFacts {
  return { code, parameters, commands, nodes: [] };
}

/** Of the present configuration: what an older one waited for is over. */
export function presentEntry(state: ServicesState, app: App): QueueEntry | undefined {
  const entry = state.queue.get(app.id);
  return entry?.configVersion === app.versions.lastConfigChangeAt ? entry : undefined;
}

/** The last end that nobody wanted, as long as the service has not recovered from it. */
export function presentFailure(
  state: ServicesState,
  app: App,
  members: readonly Instance[],
  now: InstantMs,
): EndedInstance | undefined {
  const ended = state.endedInstances.lastFailure(app.id);
  if (ended === undefined || ended.version < app.versions.lastConfigChangeAt) return undefined;
  const wanted = app.definition.instances;
  if (wanted === 0) return undefined;
  const wasUnhealthy = ended.condition === "Killed";
  const proven = members.filter(
    (instance) =>
      instance.goal === "Running" &&
      instance.condition === "Running" &&
      (instance.checks.length > 0
        ? instance.health === true || (!wasUnhealthy && instance.health === undefined)
        : now - (instance.startedAt ?? now) > unprovenMs || (instance.startedAt ?? now) < ended.endedAt),
  ).length;
  if (proven >= wanted) return undefined;
  const isDelayed = presentEntry(state, app)?.backoff !== undefined;
  return isDelayed || wasUnhealthy ? ended : undefined;
}

function failureReasons(
  state: ServicesState,
  app: App,
  members: readonly Instance[],
  now: InstantMs,
): readonly ReasonFacts[] {
  const ended = presentFailure(state, app, members, now);
  if (ended === undefined) return [];
  const { code, parameters } = failureCause(ended);
  const failed = [...state.endedInstances.of(app.id)].filter(
    (each) => each.isFailure && each.version >= app.versions.lastConfigChangeAt,
  );
  // The sentence speaks of instances: one that ended often is one.
  const count = new Set(failed.map(({ instanceId }) => instanceId)).size;
  const entry = presentEntry(state, app);
  const readyAt = entry?.backoff === undefined ? undefined : backoffEndsAt(entry.backoff);
  return [
    {
      code,
      parameters: {
        ...parameters,
        count,
        failures: failed.length,
        task: ended.taskId,
        instance: ended.instanceId,
      },
      commands: [`service logs ${app.id} --previous`, `history ${app.id}`],
      since: ended.endedAt,
      ...(readyAt === undefined || readyAt <= now ? {} : { nextTryAt: readyAt }),
      nodes: [],
    },
  ];
}

/** Some are left running that a health check would end, were not as many as may be away already. */
function sparedReason(
  state: ServicesState,
  app: App,
  members: readonly Instance[],
  now: InstantMs,
): ReasonFacts | undefined {
  const { policy, healthKills } = state;
  const max = healthKillsMax(app.definition.instances, policy);
  if (max === undefined || members.every(({ health }) => health !== false)) return undefined;
  const spared = members.filter((instance) => isSpared(instance, specOf(state, instance)?.facts));
  const [first] = spared;
  const ill = first === undefined ? undefined : reasonOfInstance(first, now, undefined);
  if (ill === undefined) return undefined;
  return {
    ...ill,
    code: "healthKillsLimited",
    parameters: {
      ...ill.parameters,
      count: spared.length,
      away: healthKills.held(app.id, now, policy),
      max,
      percent: policy.healthKillsMaxPercent,
    },
  };
}

/** Instances with the same trouble are told once, with their number. */
function groupedByCode(
  state: ServicesState,
  members: readonly Instance[],
  { now, pulls }: ExplainOptions,
): readonly ReasonFacts[] {
  const groups = new Map<string, { readonly first: ReasonFacts; count: number }>();
  for (const instance of members) {
    const reason = reasonOfInstance(instance, now, specOf(state, instance)?.facts, pulls);
    if (reason === undefined) continue;
    const group = groups.get(reason.code);
    if (group === undefined) groups.set(reason.code, { first: reason, count: 1 });
    else group.count += 1;
  }
  return [...groups.values()].map(({ first, count }) => ({
    ...first,
    parameters: { ...first.parameters, count },
  }));
}

function backoffReason(entry: QueueEntry, readyAt: InstantMs, now: InstantMs): ReasonFacts {
  return {
    code: "backoff",
    parameters: { count: entry.waiting, seconds: Math.ceil((readyAt - now) / 1_000) },
    commands: [`service logs ${entry.appId} --previous`],
    since: entry.since,
    nextTryAt: readyAt,
    nodes: [],
  };
}
