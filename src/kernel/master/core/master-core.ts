/**
 * The deciding half of the master.
 *
 * Invariants: resources of an agent are offered, used or free, and sum to its total; a registry change is durable
 * before anybody hears of it; a removed framework never comes back; see `invariants.ts`.
 */

import type { SchedulerCall } from "#contracts/kernel/messages.gen.ts";
import type { Authorizer } from "#domain/authorization/index.ts";
import { assertNever } from "#foundation/base/assert.ts";
import type { Core, InstantMs, Outcome } from "#foundation/base/core.ts";
import type { Random } from "#foundation/base/random.ts";
import { acceptOffers, declineOffers } from "./accept.ts";
import { agentDisconnected, giveUp, loseSilent, pingDue } from "./agent-loss.ts";
import { finishDrains, orderAgent } from "./agent-standing.ts";
import { agentSaid } from "./agents.ts";
import type { MasterEffect } from "./effects.ts";
import type { MasterEvent } from "./events.ts";
import { messageToExecutor, shutdownExecutor } from "./executors.ts";
import {
  heartbeat,
  removeFramework,
  schedulerDisconnected,
  subscribe,
  updateFramework,
} from "./frameworks.ts";
import { checkMaster, snapshotMaster } from "./invariants.ts";
import { answerInverseOffers, makeInverseOffers, reviveInverseOffers } from "./inverse-offers.ts";
import { startMaintenance, stopMaintenance, updateSchedule } from "./maintenance.ts";
import { machineKey } from "./maintenance-state.ts";
import { makeOffers, offerTimedOut } from "./offers.ts";
import { performAsked } from "./operations/perform.ts";
import { acknowledgeOperation, reconcileOperations } from "./operations/statuses.ts";
import type { MasterPolicy } from "./policy.ts";
import { changeQuota, quotasOf, restoreQuota } from "./quota.ts";
import { kill, reconcile } from "./reconcile.ts";
import type { FrameworkRecord } from "./records.ts";
import { putWeight, type Registry } from "./registry.ts";
import { type MasterIdentity, MasterState, type MasterTimer, Turn } from "./state.ts";
import { acknowledge } from "./updates.ts";

export interface MasterCore extends Core<MasterEvent, MasterEffect> {
  /** Read only, for views: every change goes through `apply`. */
  readonly state: MasterState;
}

export interface MasterCoreOptions {
  readonly identity: MasterIdentity;
  readonly policy: MasterPolicy;
  /** Who may what. Default: everybody everything. */
  readonly authorizer?: Authorizer;
  readonly random: Random;
  readonly registry: Registry;
  /** When this master began to lead: how long agents of the registry may stay away counts from here. */
  readonly startedAt: InstantMs;
}

export function createMasterCore(options: MasterCoreOptions): MasterCore {
  const state = new MasterState(options);
  restore(state, options);
  const step = (now: InstantMs, event?: MasterEvent): Outcome<MasterEffect> => {
    const turn = new Turn(now);
    const timersChanged = runTimers(state, turn);
    if (event !== undefined) take(state, turn, event);
    finishDrains(state, turn);
    const runAt = state.allocator.wakeAt();
    const grants = runAt !== undefined && runAt <= now ? state.allocator.allocate(now) : [];
    makeOffers(state, turn, grants);
    if (timersChanged || grants.length > 0 || (event !== undefined && mayChange(event))) state.version += 1;
    return turn.finish();
  };
  return {
    state,
    apply: (event, now) => step(now, event),
    wakeAt: () => earliest(state.timers.nextAt(), state.allocator.wakeAt()),
    wake: (now) => step(now),
    snapshot: () => snapshotMaster(state),
    check: () => checkMaster(state),
  };
}

function restore(state: MasterState, { registry, startedAt, policy }: MasterCoreOptions): void {
  for (const [agentId, { hostname, standing }] of registry.agents) {
    state.recovered.set(agentId, { agentId, hostname, standing });
    state.timers.set(`reregister ${agentId}`, startedAt + policy.agentReregisterTimeoutMs, {
      kind: "reregister",
      agentId,
    });
  }
  for (const [agentId, agent] of registry.unreachable) state.unreachable.set(agentId, agent);
  state.maintenance.setWindows(registry.maintenance.windows);
  for (const machine of registry.maintenance.down) state.maintenance.down.set(machineKey(machine), machine);
  if (registry.maintenance.windows.length > 0)
    state.timers.set("inverse offers", startedAt, { kind: "inverseOffers" });
  for (const [agentId, agent] of registry.gone) state.gone.set(agentId, agent);
  for (const [role, weight] of registry.weights) state.weights.set(role, weight);
  state.allocator.setWeights(state.weights);
  restoreQuota(state, registry, startedAt);
}

function earliest(one: InstantMs | undefined, other: InstantMs | undefined): InstantMs | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}

/** Answers whether one of them did more than keep a connection alive. */
function runTimers(state: MasterState, turn: Turn): boolean {
  let mayHaveChanged = false;
  for (let due = state.timers.takeDue(turn.now); due !== undefined; due = state.timers.takeDue(turn.now)) {
    runTimer(state, turn, due.timer);
    if (due.timer.kind !== "heartbeat" && due.timer.kind !== "ping") mayHaveChanged = true;
  }
  return mayHaveChanged;
}

const mayChange = (event: MasterEvent): boolean =>
  event.kind !== "tellingAsked" &&
  event.kind !== "quotaListed" &&
  !(event.kind === "agentSaid" && event.message.kind === "pong");

function runTimer(state: MasterState, turn: Turn, timer: MasterTimer): void {
  switch (timer.kind) {
    case "heartbeat": {
      const framework = state.frameworks.get(timer.frameworkId);
      return framework === undefined ? undefined : heartbeat(state, turn, framework);
    }
    case "failover": {
      const framework = state.frameworks.get(timer.frameworkId);
      return framework === undefined ? undefined : removeFramework(state, turn, framework);
    }
    case "offerTimeout":
      return offerTimedOut(state, turn, timer.offerId);
    case "inverseOffers":
      return makeInverseOffers(state, turn);
    case "ping":
      return pingDue(state, turn, timer.agentId);
    case "reregister":
      return giveUp(state, turn, timer.agentId);
    case "removal":
      return loseSilent(state, turn);
    default:
      return assertNever(timer);
  }
}

function take(state: MasterState, turn: Turn, event: MasterEvent): void {
  switch (event.kind) {
    case "schedulerSubscribed":
      return subscribe(state, turn, event);
    case "schedulerDisconnected":
      return schedulerDisconnected(state, turn, event.connection);
    case "schedulerCalled": {
      const framework = state.frameworks.get(event.frameworkId);
      return framework === undefined ? undefined : takeCall(state, turn, framework, event.call);
    }
    case "frameworkUpdateAsked": {
      const framework = state.frameworks.get(event.frameworkId);
      const problem =
        framework === undefined
          ? "there is no such framework"
          : updateFramework(state, turn, framework, event.update);
      return turn.do({
        kind: "reply",
        request: event.request,
        ...(problem === undefined ? {} : { problem }),
      });
    }
    case "agentConnected":
      state.agentLinks.opened(event.connection);
      return undefined;
    case "agentSaid":
      return agentSaid(state, turn, event.connection, event.message);
    case "agentDisconnected":
      return agentDisconnected(state, turn, event.connection);
    case "teardownAsked": {
      const framework = state.frameworks.get(event.frameworkId);
      if (framework !== undefined) removeFramework(state, turn, framework);
      const problem = framework === undefined ? { problem: "there is no such framework" } : {};
      return turn.do({ kind: "reply", request: event.request, ...problem });
    }
    case "agentOrdered":
      return turn.do({
        kind: "reply",
        request: event.request,
        ...orderAgent(state, turn, event.agentId, event.order),
      });
    case "operationAsked":
      return turn.do({ kind: "reply", request: event.request, ...performAsked(state, turn, event) });
    case "tellingAsked":
      return turn.do({ kind: "reply", request: event.request });
    case "quotaAsked":
      return turn.do({ kind: "reply", request: event.request, ...changeQuota(state, turn, event.change) });
    case "quotaListed":
      return turn.do({ kind: "reply", request: event.request, quotas: quotasOf(state) });
    case "maintenanceScheduleAsked":
      return turn.do({
        kind: "reply",
        request: event.request,
        ...updateSchedule(state, turn, event.schedule),
      });
    case "maintenanceAsked": {
      const change = event.isDown ? startMaintenance : stopMaintenance;
      return turn.do({ kind: "reply", request: event.request, ...change(state, turn, event.machines) });
    }
    case "weightsAsked":
      setWeights(state, turn, event.weights);
      return turn.do({ kind: "reply", request: event.request });
    default:
      return assertNever(event);
  }
}

/** What every role has already is no change: whoever sends all weights each time writes only what is new. */
function setWeights(
  state: MasterState,
  turn: Turn,
  weights: readonly { readonly role: string; readonly weight: number }[],
): void {
  const changed = new Map<string, number>();
  for (const { role, weight } of weights) {
    if (state.weights.get(role) === weight) continue;
    state.weights.set(role, weight);
    changed.set(role, weight);
  }
  state.allocator.setWeights(changed);
  for (const [role, weight] of changed) turn.write(putWeight(role, weight));
}

/** Calls were checked by the API; what has no effect here was accepted there all the same. */
function takeCall(state: MasterState, turn: Turn, framework: FrameworkRecord, call: SchedulerCall): void {
  switch (call.type) {
    case "TEARDOWN":
      return removeFramework(state, turn, framework);
    case "ACCEPT":
      return acceptOffers(state, turn, framework, call.accept ?? {});
    case "DECLINE":
      return declineOffers(state, turn, framework, call.decline ?? {});
    case "REVIVE": {
      const roles = call.revive?.roles ?? [];
      if (state.allocator.revive(framework.id, roles, turn.now)) {
        for (const role of roles.length === 0 ? framework.roles : roles) framework.suppressed.delete(role);
        reviveInverseOffers(state, turn, framework.id);
      }
      return undefined;
    }
    case "SUPPRESS": {
      const roles = call.suppress?.roles ?? [];
      if (state.allocator.suppress(framework.id, roles, turn.now)) {
        for (const role of roles.length === 0 ? framework.roles : roles) framework.suppressed.add(role);
      }
      return undefined;
    }
    case "ACCEPT_INVERSE_OFFERS": {
      const { inverse_offer_ids: ids = [], filters } = call.accept_inverse_offers ?? {};
      return answerInverseOffers(state, turn, framework, { status: "ACCEPT", ids, filters });
    }
    case "DECLINE_INVERSE_OFFERS": {
      const { inverse_offer_ids: ids = [], filters } = call.decline_inverse_offers ?? {};
      return answerInverseOffers(state, turn, framework, { status: "DECLINE", ids, filters });
    }
    case "KILL":
      return call.kill === undefined ? undefined : kill(state, turn, framework, call.kill);
    case "ACKNOWLEDGE":
      return call.acknowledge === undefined
        ? undefined
        : acknowledge(state, turn, framework, call.acknowledge);
    case "ACKNOWLEDGE_OPERATION_STATUS":
      return call.acknowledge_operation_status === undefined
        ? undefined
        : acknowledgeOperation(state, turn, framework, call.acknowledge_operation_status);
    case "SHUTDOWN":
      return call.shutdown === undefined
        ? undefined
        : shutdownExecutor(state, turn, framework, call.shutdown);
    case "MESSAGE":
      return call.message === undefined ? undefined : messageToExecutor(state, turn, framework, call.message);
    case "RECONCILE":
      return reconcile(state, turn, framework, call.reconcile ?? {});
    case "RECONCILE_OPERATIONS":
      return reconcileOperations(state, turn, framework, call.reconcile_operations ?? {});
    default:
      return undefined;
  }
}
