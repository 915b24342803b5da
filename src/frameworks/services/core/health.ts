/**
 * Judges instances by their probes.
 *
 * Scheduler-side checks (HTTP, HTTPS, TCP); those that agents run are in `agent-health.ts`. Whether an instance is well is
 * part of its record, so that the next process does not start without knowing; it asks every instance again all the same.
 * Source: contract marathon.md section 15.
 */

import type { AppDefinition } from "#domain/definitions/app.ts";
import {
  combinedHealth,
  type Health,
  type HealthPolicy,
  isAlive,
  noHealth,
  stepHealth,
} from "#domain/health/index.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import type { ProbeKey, ServicesEvent } from "./events.ts";
import type { Instance } from "./instance.ts";
import { killInstance } from "./lifecycle.ts";
import { specOf } from "./probes.ts";
import type { ServicesState } from "./state.ts";
import { recordTaskFailure } from "./task-failure.ts";
import type { Turn } from "./turn.ts";

type ProbeResult = Extract<ServicesEvent, { kind: "probed" }>["result"];

export function takeProbe(turn: Turn, state: ServicesState, key: ProbeKey, result: ProbeResult): void {
  state.probes.answered(turn, state.policy.probesInFlightMax, key);
  const instance = state.instances.get(key.instanceId);
  if (instance === undefined || instance.taskId !== key.taskId || instance.condition !== "Running") return;
  const spec = specOf(state, instance);
  const policy = spec?.facts.healthPolicies[key.checkIndex];
  const before = instance.checks[key.checkIndex];
  if (spec === undefined || policy === undefined || before === undefined) return;
  const { health, verdict } = stepHealth(
    before,
    result.kind === "success"
      ? { kind: "probeSucceeded", at: turn.now }
      : {
          kind: "probeFailed",
          at: turn.now,
          cause: result.cause,
          runningSince: instance.startedAt ?? turn.now,
          isReachable: true,
        },
    policy,
  );
  if (verdict.kind === "ignored") return;
  setHealth(turn, state, instance, { index: key.checkIndex, before, health });
  if (result.kind === "failure") publishFailedCheck(turn, instance, spec.definition, key.checkIndex);
  if (verdict.kind === "kill") killUnhealthy(turn, state, instance, { cause: verdict.cause, policy, health });
}

/** Keeps a check's new health and tells of what became different by it. */
export function setHealth(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  change: { readonly index: number; readonly before: Health; readonly health: Health },
): void {
  const { before, health } = change;
  const checks = instance.checks.with(change.index, health);
  const combinedBefore = instance.health;
  const combined = combinedHealth(checks);
  const isTurn = before === noHealth || isAlive(before) !== isAlive(health);
  if (isTurn) state.instances.change(turn, instance, { checks, health: combined });
  else state.instances.changeVolatile(instance, { checks, health: combined });
  if (combined === true && instance.healthKilledAt !== undefined) {
    state.healthKills.giveBack(instance);
    state.instances.change(turn, instance, { healthKilledAt: undefined });
  }
  publishHealth(turn, instance, {
    wasAlive: before === noHealth ? undefined : isAlive(before),
    alive: isAlive(health),
    combinedBefore,
  });
}

export function publishFailedCheck(
  turn: Turn,
  instance: Instance,
  definition: AppDefinition,
  checkIndex: number,
): void {
  turn.publish("failed_health_check_event", {
    appId: instance.appId,
    taskId: instance.id,
    instanceId: instance.id,
    healthCheck: healthCheckJson(definition, checkIndex),
  });
}

function publishHealth(
  turn: Turn,
  instance: Instance,
  change: { wasAlive: boolean | undefined; alive: boolean; combinedBefore: boolean | undefined },
): void {
  const version = formatInstant(instance.version);
  if (change.alive !== change.wasAlive) {
    turn.publish("health_status_changed_event", {
      appId: instance.appId,
      instanceId: instance.id,
      version,
      alive: change.alive,
    });
  }
  if (instance.health !== change.combinedBefore) {
    turn.publish("instance_health_changed_event", {
      instanceId: instance.id,
      runSpecId: instance.appId,
      runSpecVersion: version,
      healthy: instance.health ?? null,
    });
  }
}

function killUnhealthy(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  { cause, policy, health }: { cause: string; policy: HealthPolicy; health: Health },
): void {
  if (instance.isKillWanted) return;
  const wanted = state.apps.get(instance.appId)?.definition.instances ?? 0;
  if (!state.healthKills.take(instance, wanted, turn.now, state.policy)) {
    // Told once of each row of failures: with the first that should have ended it.
    if (health.consecutiveFailures === policy.maxConsecutiveFailures + 1)
      publishSpared(turn, instance, cause);
    return;
  }
  state.instances.change(turn, instance, { healthKilledAt: state.healthKills.sinceOf(instance) });
  publishKill(turn, instance, cause);
  recordTaskFailure(turn, state, instance, {
    state: "TASK_KILLED",
    message: `Task was killed since health check failed. Reason: ${cause}`,
  });
  killInstance(turn, state, instance);
}

export function publishKill(turn: Turn, instance: Instance, cause: string): void {
  turn.publish("unhealthy_instance_kill_event", killFields(instance, cause));
}

/** It would have been ended, were not as many as may be away already. An event of our own. */
function publishSpared(turn: Turn, instance: Instance, cause: string): void {
  turn.publish("unhealthy_instance_spared_event", killFields(instance, cause));
}

function killFields(instance: Instance, cause: string): JsonObject {
  return {
    appId: instance.appId,
    taskId: instance.taskId,
    instanceId: instance.id,
    version: formatInstant(instance.version),
    reason: cause,
    host: instance.agent?.host,
    slaveId: instance.agent?.agentId,
  };
}

function healthCheckJson(definition: AppDefinition, checkIndex: number): JsonValue {
  const checks = definition.pod?.containers.flatMap(({ healthCheck }) => healthCheck ?? []);
  // Definitions are JSON by construction.
  return ((checks ?? definition.healthChecks)?.[checkIndex] ?? null) as unknown as JsonValue;
}
