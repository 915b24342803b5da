/**
 * Uses offers: each for as many waiting instances as fit, at most so many; what is of no use goes back.
 *
 * An instance is stored as Provisioned in the step whose effect accepts the offer, so that a task never
 * runs that no record knows of. Source: contract marathon.md sections 12 and 13.
 */
import type {
  Offer,
  OfferOperation,
  OfferOperationLaunchGroup,
  TaskInfo,
} from "#contracts/kernel/messages.gen.ts";
import { hasOwnExecutor } from "#domain/definitions/app.ts";
import { agentOf } from "#domain/placement/offered-agent.ts";
import { isInMaintenance } from "#domain/placement/offered-resources.ts";
import { type Entry, parseResources, Resources, ResourcesInvalid } from "#domain/resources/index.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import type { App } from "./app-table.ts";
import { underExecutor } from "./custom-executor.ts";
import { roleOfApp } from "./framework-roles.ts";
import { topGroupOf } from "./group-plan.ts";
import { executorIdOf, taskIdOf } from "./ids.ts";
import { type Instance, type InstanceAgent, type InstanceContainer, none } from "./instance.ts";
import { maintenanceReasons, matchInstance } from "./matching.ts";
import { buildLaunchGroup } from "./pod-task-info.ts";
import { freshChecks } from "./probes.ts";
import { releaseIn } from "./releases.ts";
import { isResident, nextFor, reservationKey, reservedOf, reserveFor } from "./residency.ts";
import type { ServicesState } from "./state.ts";
import { watchLaunch } from "./status-updates.ts";
import { buildTaskInfo } from "./task-info.ts";
import type { Turn } from "./turn.ts";

/** Apps tried on one offer; the rest has its turn with the next. Bounds a step when thousands wait in vain. */
const appsPerOfferMax = 1_000;

/** How long an executor may take to end once its tasks have. Then its agent is looked at again. */
const executorEndMs = 1_000;

/** What is launched for one instance. */
type Launch = (
  | { readonly kind: "task"; readonly task: TaskInfo }
  | { readonly kind: "group"; readonly group: OfferOperationLaunchGroup }
) & {
  /** What reserves its resources and makes its volumes. */
  readonly before: readonly OfferOperation[];
};

/** What came of an offer. */
interface Spent {
  readonly launches: readonly Launch[];
  /** Something waits for an executor to be gone from there. */
  readonly isTooEarly: boolean;
}

const nothing: Spent = { launches: [], isTooEarly: false };

export function takeOffers(turn: Turn, state: ServicesState, offers: readonly Offer[]): void {
  const unused: Offer[] = [];
  const early: Offer[] = [];
  const launchedIn = new Set<string>();
  for (const offer of offers) {
    const role = roleOfOffer(state, offer);
    state.interest.offersSeen(role, 1);
    const left = resourcesOf(offer);
    const agentId = offer.agent_id.value;
    const released = left === undefined ? [] : releaseIn(turn, state, { agentId, role, left });
    const { launches, isTooEarly } = left === undefined ? nothing : spendOffer(turn, state, offer, left);
    if (launches.length > 0) launchedIn.add(role);
    if (launches.length + released.length > 0)
      accept(turn, state, offer, [...released, ...operationsOf(launches)]);
    else (isTooEarly ? early : unused).push(offer);
  }
  decline(turn, unused, state.policy.declineMs);
  decline(turn, early, executorEndMs);
  for (const role of launchedIn) state.queue.noteMoreWork(role);
}

function decline(turn: Turn, offers: readonly Offer[], refuseMs: number): void {
  if (offers.length === 0) return;
  turn.call({
    type: "DECLINE",
    decline: { offer_ids: offers.map(({ id }) => id), filters: { refuse_seconds: refuseMs / 1_000 } },
  });
}

/** Of the instance's last incarnation: it takes no more, but is still ending, a moment after its tasks. */
function hasExecutorOf({ id }: Instance, executors: NonNullable<Offer["executor_ids"]>): boolean {
  if (executors.length === 0) return false;
  const own = executorIdOf(id);
  return executors.some(({ value }) => value === own);
}

function accept(turn: Turn, state: ServicesState, offer: Offer, operations: readonly OfferOperation[]): void {
  // As long as something waits, what is left of this offer is wanted back soon.
  const refuseSeconds = state.queue.hasReadyWork(roleOfOffer(state, offer))
    ? 0
    : state.policy.declineMs / 1_000;
  turn.call({
    type: "ACCEPT",
    accept: {
      offer_ids: [offer.id],
      operations,
      filters: { refuse_seconds: refuseSeconds },
    },
  });
}

/** All tasks of apps in one, each instance of a pod in one of its own. */
function operationsOf(launches: readonly Launch[]): readonly OfferOperation[] {
  const before: OfferOperation[] = [];
  const tasks: TaskInfo[] = [];
  const groups: OfferOperation[] = [];
  for (const launch of launches) {
    before.push(...launch.before);
    if (launch.kind === "group") groups.push({ type: "LAUNCH_GROUP", launch_group: launch.group });
    else tasks.push(launch.task);
  }
  const tasksOfApps: readonly OfferOperation[] =
    tasks.length === 0 ? [] : [{ type: "LAUNCH", launch: { task_infos: tasks } }];
  return [...before, ...tasksOfApps, ...groups];
}

/** A master that knows of no roles in offers offers in the only one there is. */
function roleOfOffer({ policy }: ServicesState, { allocation_info: allocation }: Offer): string {
  return allocation?.role ?? policy.role;
}

/** Only for what waits for offers of its role. */
function spendOffer(turn: Turn, state: ServicesState, offer: Offer, offered: Resources): Spent {
  const role = roleOfOffer(state, offer);
  if (!state.queue.hasReadyWork(role)) return nothing;
  const agent = agentOf(offer);
  const launches: Launch[] = [];
  let left = offered;
  let tried = 0;
  let isTooEarly = false;
  for (const appId of state.queue.ready(role)) {
    if (tried >= appsPerOfferMax) break;
    tried += 1;
    while (launches.length < state.policy.maxInstancesPerOffer && state.queue.isReady(appId, role)) {
      const app = state.apps.get(appId);
      const placed =
        app === undefined ? undefined : tryLaunch(turn, state, app, { offer, role, agent, left });
      if (placed === "tooEarly") isTooEarly = true;
      if (placed === undefined || placed === "tooEarly") break;
      launches.push(placed.launch);
      left = left.minus(placed.taken);
    }
    if (launches.length >= state.policy.maxInstancesPerOffer) break;
  }
  return { launches, isTooEarly };
}

/** Malformed resources can't be reckoned with; the offer goes back. */
function resourcesOf(offer: Offer): Resources | undefined {
  try {
    return parseResources(offer.resources ?? []);
  } catch (error) {
    if (error instanceof ResourcesInvalid) return undefined;
    throw error;
  }
}

function tryLaunch(
  turn: Turn,
  state: ServicesState,
  app: App,
  room: {
    readonly offer: Offer;
    readonly role: string;
    readonly agent: InstanceAgent;
    readonly left: Resources;
  },
): { readonly launch: Launch; readonly taken: Resources } | "tooEarly" | undefined {
  const waiting = state.instances.population(app.id)?.scheduled;
  const { role, agent, left } = room;
  const takesFresh = roleOfApp(state, app) === role;
  const next =
    waiting === undefined ? undefined : nextFor(waiting, { agentId: agent.agentId, left, takesFresh });
  const stats = state.queue.get(app.id)?.stats;
  if (next === undefined) {
    stats?.rejected(room.offer, ["NoCorrespondingReservationFound"], turn.now, state.queue.unusedOffersEach);
    return undefined;
  }
  const { instance } = next;
  if (hasExecutorOf(instance, room.offer.executor_ids ?? [])) return "tooEarly";
  const { drainingMs, gpuSchedulingBehavior } = state.policy;
  if (next.reserved !== undefined) {
    if (isInMaintenance(room.offer, { now: turn.now, drainingMs })) {
      stats?.rejected(room.offer, maintenanceReasons, turn.now, state.queue.unusedOffersEach);
      return undefined;
    }
    stats?.used(room.offer, turn.now);
    return placed(turn, state, {
      app,
      instance,
      role,
      agent,
      match: { taken: next.reserved, ports: instance.ports },
    });
  }
  const match = matchInstance(app, room, {
    now: turn.now,
    random: state.random,
    role,
    acceptedRolesDefault: isResident(app) ? "unreserved" : state.policy.acceptedRolesDefault,
    localRegion: state.connection.region,
    drainingMs,
    gpuSchedulingBehavior,
    populationOf: (field) => ({
      instances: app.definition.instances,
      spread: state.instances.spreadOf(app.id, field),
    }),
  });
  if (match.kind === "rejected") {
    stats?.rejected(room.offer, match.reasons, turn.now, state.queue.unusedOffersEach);
    return undefined;
  }
  stats?.used(room.offer, turn.now);
  return placed(turn, state, { app, instance, role, agent, match });
}

function placed(
  turn: Turn,
  state: ServicesState,
  where: Parameters<typeof provision>[2],
): { readonly launch: Launch; readonly taken: Resources } {
  const launch = provision(turn, state, where);
  state.queue.takeToken();
  state.queue.served(where.app.id, where.role);
  state.queue.sync(turn, state, where.app.id);
  return { launch, taken: where.match.taken };
}

function provision(
  turn: Turn,
  state: ServicesState,
  placed: {
    readonly app: App;
    readonly instance: Instance;
    readonly role: string;
    readonly agent: InstanceAgent;
    readonly match: {
      readonly taken: Resources;
      readonly ports: readonly number[];
      /** Undefined: it is the instance's own already. */
      readonly disks?: readonly Entry[];
    };
  },
): Launch {
  const { app, instance, role, agent, match } = placed;
  const { launch } = app.facts;
  const incarnation = instance.incarnation + 1;
  const containers = containersOf(turn, app, instance.id, incarnation);
  const taskId = containers[0]?.taskId ?? taskIdOf(instance.id, incarnation);
  const reserving =
    isResident(app) && match.disks !== undefined
      ? reserveFor(state, app, { id: instance.id, role }, { taken: match.taken, disks: match.disks })
      : undefined;
  const reservation =
    reserving?.reservation ??
    (instance.reservation === undefined ? undefined : { ...instance.reservation, isMade: true });
  state.instances.change(turn, instance, {
    role,
    // A new incarnation always runs the present definition.
    version: app.versions.version,
    configVersion: app.versions.lastConfigChangeAt,
    condition: "Provisioned",
    incarnation,
    taskId,
    containers,
    agent,
    ports: match.ports,
    ipAddresses: none,
    stagedAt: turn.now,
    startedAt: undefined,
    unreachableSince: undefined,
    isKillWanted: false,
    isReady: undefined,
    checks: freshChecks(app.facts),
    health: undefined,
    readinessAnswer: undefined,
    checkResult: undefined,
    lastHealthUpdate: undefined,
    reservation,
  });
  if (reservation !== undefined) state.timers.cancel(reservationKey(instance.id));
  watchLaunch(turn, state, instance);
  state.queue.progressed(turn, state, instance);
  const place = {
    host: agent.host,
    agentId: agent.agentId,
    ports: match.ports,
    version: formatInstant(app.versions.version),
    isRoleEnforced: state.groups.get(topGroupOf(app.id))?.terms.enforceRole === true,
    defaultUser: state.policy.frameworkUser,
  };
  const before = reserving?.operations ?? none;
  const held = reservation === undefined ? match.taken : reservedOf(reservation);
  const [taken, volumes] = apartFromVolumes(held);
  if (launch.kind === "group") {
    const ofInstance = { ...place, instanceId: instance.id, incarnation, taken, volumes };
    return { kind: "group", group: buildLaunchGroup(launch.group, ofInstance), before };
  }
  const task = buildTaskInfo(launch.task, {
    ...place,
    taskId,
    prefix: state.policy.envVarsPrefix,
    // The framework doesn't claim to know stacked reservations, so it speaks the older format.
    resources: reservation?.resources ?? match.taken.toWire({ format: "old" }),
  });
  return {
    kind: "task",
    task: hasOwnExecutor(app.definition) ? underExecutor(task, app.definition, taken, volumes) : task,
    before,
  };
}

function apartFromVolumes(held: Resources): readonly [taken: Resources, volumes: Resources] {
  const volumes = held.volumes();
  return volumes.length === 0
    ? [held, Resources.empty]
    : [held.filter(({ disk }) => disk?.persistence === undefined), Resources.of(volumes)];
}

/** Those of a pod, about to be launched. */
function containersOf(
  turn: Turn,
  { facts }: App,
  instanceId: string,
  incarnation: number,
): readonly InstanceContainer[] {
  if (facts.launch.kind !== "group") return none;
  return facts.launch.group.containers.map(({ container: { name }, portCount }) => ({
    name,
    taskId: taskIdOf(instanceId, incarnation, name),
    condition: "Provisioned",
    since: turn.now,
    portCount,
  }));
}
