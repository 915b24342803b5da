/**
 * The deciding half of Services: which instances exist, what becomes of them, which offers they take.
 *
 * One `apply` takes the event, then settles what it touched: apps without a deployment are brought to their
 * number, deployments take their next step, offers are asked for or declined. Work is in proportion to what
 * changed. Source: contract marathon.md sections 6, 9-13, 15, 17, 18.
 */
import { assertNever } from "#foundation/base/assert.ts";
import type { Core, InstantMs, Outcome } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Random } from "#foundation/base/random.ts";
import { TimerQueue } from "#foundation/base/timer-queue.ts";
import { KillTable } from "#frameworks/base/core/kill-table.ts";
import { forgetOffers, giveBackOffers, takeCallFailed } from "#frameworks/base/core/lost-calls.ts";
import { takeMasterEvent } from "#frameworks/base/core/master-event.ts";
import { OfferInterest } from "#frameworks/base/core/offer-interest.ts";
import { reconcileDue, reconcileOnConnect } from "#frameworks/base/core/reconcile.ts";
import { changeApps, changeGroup, patchGroup } from "./app-changes.ts";
import { AppTable } from "./app-table.ts";
import { applyChange, rollBack } from "./apply-change.ts";
import { believedTasks } from "./believed-tasks.ts";
import { checkServices, snapshotServices } from "./core-checks.ts";
import { DeploymentTable } from "./deployment-table.ts";
import { settleApps } from "./deployments.ts";
import type { ServicesEffect } from "./effects.ts";
import { EndedDeploymentTable } from "./ended-deployments.ts";
import { EndedInstanceTable } from "./ended-instances.ts";
import type { ServicesEvent } from "./events.ts";
import { RoleUse, rolesNotHeard, settleRoles, startRoles, ToldRoles } from "./framework-roles.ts";
import { GroupTable } from "./group-table.ts";
import { takeProbe } from "./health.ts";
import { HealthKills } from "./health-kills.ts";
import { InstanceTable } from "./instance-table.ts";
import { LaunchQueue } from "./launch-queue.ts";
import { takeOffers } from "./offers.ts";
import { type OwnQueries, ownQueries } from "./own-queries.ts";
import type { ServicesPolicy } from "./policy.ts";
import { ProbeTable, probeDue } from "./probes.ts";
import { servicesQueries } from "./queries.ts";
import { readinessDue, takeReadiness } from "./readiness.ts";
import {
  ReleaseTable,
  releaseCallFailed,
  releaseDue,
  releasesOnConnect,
  takeOperationStatus,
} from "./releases.ts";
import { killTasks, resetDelay, restartApp, stopDeployment } from "./requests.ts";
import { reservationLate } from "./residency.ts";
import { restoreTables, resume, storeFrameworkId } from "./restore.ts";
import { RootHistory } from "./root-history.ts";
import type { ServicesState, Timer } from "./state.ts";
import { judgeInstance, launchOverdue, takeStatus } from "./status-updates.ts";
import { Turn } from "./turn.ts";
import type { ServicesQueries } from "./views.ts";

/** The services core: dispatch events through a core host, read through `queries` synchronously. */
export interface ServicesCore extends Core<ServicesEvent, ServicesEffect> {
  readonly queries: ServicesQueries;
  /** Reads of our own API. */
  readonly own: OwnQueries;
}

export interface StoredRecord {
  readonly key: string;
  readonly value: JsonValue;
}

/** Makes the core from what is stored. Throws RecordInvalid when a record is damaged or of a newer build. */
export function createServicesCore(options: {
  readonly records: readonly StoredRecord[];
  readonly random: Random;
  readonly policy: ServicesPolicy;
}): ServicesCore {
  const roles = new RoleUse();
  const state: ServicesState = {
    policy: options.policy,
    random: options.random,
    timers: new TimerQueue<Timer>(),
    releases: new ReleaseTable(roles),
    connection: { frameworkId: undefined, isConnected: false, master: undefined, region: undefined },
    apps: new AppTable(roles),
    groups: new GroupTable(),
    history: new RootHistory(),
    instances: new InstanceTable(roles),
    deployments: new DeploymentTable(),
    endedInstances: new EndedInstanceTable(options.policy.evidence),
    endedDeployments: new EndedDeploymentTable(options.policy.endedDeployments),
    kills: new KillTable(),
    healthKills: new HealthKills(),
    queue: new LaunchQueue(options.policy.launchTokens),
    interest: new OfferInterest(),
    roles,
    toldRoles: new ToldRoles(),
    probes: new ProbeTable((turn, probe) => turn.emit({ kind: "probe", probe })),
    readiness: new ProbeTable((turn, request) => turn.emit({ kind: "askReadiness", request })),
    pendingWipes: new Set(),
    unreturnedOffers: new Set(),
    lastVersion: 0,
  };
  restoreTables(state, options.records);
  startRoles(state);
  // Due at once: resuming needs an instant, which only comes with the first event or wake.
  state.timers.set("resume", 0, { kind: "resume" });
  const step = (now: InstantMs, decide: (turn: Turn) => void): Outcome<ServicesEffect> => {
    const turn = new Turn(now);
    runDueTimers(turn, state);
    decide(turn);
    settleApps(turn, state);
    const roles = new Set([...state.queue.readyRoles(), ...state.releases.awaitedRoles(now)]);
    settleRoles(turn, state);
    const isEachApart = state.toldRoles.isAmiss(now);
    state.interest.settle(turn, state, { newIn: state.queue.takeNewWork(), roles, isEachApart });
    return turn.finish();
  };
  return {
    queries: servicesQueries(state),
    own: ownQueries(state),
    apply: (event, now) => step(now, (turn) => takeEvent(turn, state, event)),
    wakeAt: () => state.timers.nextAt(),
    wake: (now) => step(now, () => {}),
    snapshot: () => snapshotServices(state),
    check: () => checkServices(state),
  };
}

function takeEvent(turn: Turn, state: ServicesState, event: ServicesEvent): void {
  switch (event.kind) {
    case "changeApps":
      return turn.reply(event.request, changeApps(turn, state, event));
    case "changeGroup":
      return turn.reply(event.request, changeGroup(turn, state, event));
    case "patchGroup":
      return turn.reply(event.request, patchGroup(turn, state, event));
    case "applyChange":
      return turn.reply(event.request, applyChange(turn, state, event));
    case "rollBack":
      return turn.reply(event.request, rollBack(turn, state, event));
    case "restartApp":
      return turn.reply(event.request, restartApp(turn, state, event.appId, event));
    case "killTasks":
      return killTasks(turn, state, event);
    case "cancelDeployment":
      return turn.reply(event.request, stopDeployment(turn, state, event.deploymentId, event));
    case "resetDelay":
      return turn.reply(event.request, resetDelay(state, event.appId));
    case "readinessAnswered":
      return takeReadiness(turn, state, event.key, event.answer);
    case "probed":
      return takeProbe(turn, state, event.probe, event.result);
    default:
      return takeMasterEvent(turn, event, {
        subscribed: (subscribed) => takeSubscribed(turn, state, subscribed),
        disconnected: () => takeDisconnected(turn, state),
        offersReceived: (offers) => {
          // What this step's own timers touched is settled first, so that offers meet the queue as it is.
          settleApps(turn, state);
          takeOffers(turn, state, offers);
        },
        callFailed: ({ call, reason }) => {
          rolesNotHeard(state, call, { now: turn.now, reason });
          releaseCallFailed(state, call);
          takeCallFailed(turn, state, call);
        },
        statusReceived: (status) => takeStatus(turn, state, status),
        operationStatusReceived: (status) => takeOperationStatus(turn, state, status),
        frameworkMessageReceived: ({ agentId, executorId, data }) =>
          turn.publish("framework_message_event", { slaveId: agentId, executorId, message: data }),
      });
  }
}

function takeSubscribed(
  turn: Turn,
  state: ServicesState,
  event: Extract<ServicesEvent, { kind: "subscribed" }>,
): void {
  const { connection } = state;
  const isFirst = connection.frameworkId === undefined;
  if (connection.frameworkId !== event.frameworkId) storeFrameworkId(turn, event.frameworkId);
  connection.frameworkId = event.frameworkId;
  connection.isConnected = true;
  connection.master = event.master;
  connection.region = event.region;
  const master = event.master ?? "";
  if (isFirst) turn.publish("scheduler_registered_event", { frameworkId: event.frameworkId, master });
  else turn.publish("scheduler_reregistered_event", { master });
  forgetOffers(state);
  const ready = new Set(state.queue.readyRoles());
  state.interest.connected(state, turn.now, (role) => ready.has(role));
  reconcileOnConnect(turn, state, believedTasks(state));
  releasesOnConnect(turn, state);
  state.kills.reconnected(turn, state);
  if (!state.timers.has("refreshTokens")) {
    state.timers.set("refreshTokens", turn.now + state.policy.launchTokenRefreshMs, {
      kind: "refreshTokens",
    });
  }
}

function takeDisconnected(turn: Turn, state: ServicesState): void {
  if (!state.connection.isConnected) return;
  state.connection.isConnected = false;
  turn.publish("scheduler_disconnected_event", {});
}

function runDueTimers(turn: Turn, state: ServicesState): void {
  for (let due = state.timers.takeDue(turn.now); due !== undefined; due = state.timers.takeDue(turn.now)) {
    runTimer(turn, state, due.timer);
  }
}

function runTimer(turn: Turn, state: ServicesState, timer: Timer): void {
  switch (timer.kind) {
    case "resume":
      state.timers.set("scaleCheck", turn.now + state.policy.scaleCheckInitialMs, { kind: "scaleCheck" });
      return resume(turn, state);
    case "backoffEnded":
      return state.instances.touch(timer.appId);
    case "unreachable": {
      const instance = state.instances.get(timer.instanceId);
      return instance === undefined ? undefined : judgeInstance(turn, state, instance);
    }
    case "reservationLate": {
      const instance = state.instances.get(timer.instanceId);
      return instance === undefined ? undefined : reservationLate(turn, state, instance);
    }
    case "release":
      return releaseDue(turn, state, timer.key);
    case "overdue":
      return launchOverdue(turn, state, timer.instanceId, timer.taskId);
    case "probe":
      return probeDue(turn, state, timer);
    case "readiness":
      return readinessDue(turn, state, { instanceId: timer.instanceId, taskId: timer.taskId });
    case "killAgain":
      return state.kills.again(turn, state, timer.taskId);
    case "offerInterest":
    case "tellRoles":
      // Settling these at the end of this step is all there is to do.
      return;
    case "giveBackOffers":
      return giveBackOffers(turn, state);
    case "refreshTokens":
      state.queue.refreshTokens(state.policy.launchTokens);
      state.timers.set("refreshTokens", turn.now + state.policy.launchTokenRefreshMs, timer);
      return;
    case "reconcile":
      return reconcileDue(turn, state, believedTasks(state));
    case "scaleCheck":
      for (const app of state.apps.all()) state.instances.touch(app.id);
      state.endedInstances.expire(turn, (appId) => state.apps.get(appId) !== undefined);
      state.timers.set("scaleCheck", turn.now + state.policy.scaleCheckIntervalMs, timer);
      return;
    default:
      return assertNever(timer);
  }
}
