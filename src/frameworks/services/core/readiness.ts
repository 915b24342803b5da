/**
 * Asks new instances whether they are ready, while a deployment runs.
 *
 * An instance that comes up in a deployment of an app with a readiness check is not ready until one answer says so;
 * what was said once stays said for this task. One that comes up outside of deployments is never asked and stands in
 * nobody's way. The answer is part of the instance's record: after a crash the deployment goes on waiting for those
 * that it waited for. Source: contract marathon.md section 10.5.
 */
import type { AppDefinition, ReadinessCheck } from "#domain/definitions/app.ts";
import { portsOf } from "#domain/definitions/ports.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { ReadinessRequest } from "./effects.ts";
import type { ReadinessAnswer, ReadinessKey } from "./events.ts";
import type { Instance } from "./instance.ts";
import { placeOf } from "./instance-ports.ts";
import { specOf } from "./probes.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

function checkOf(definition: AppDefinition | undefined): ReadinessCheck | undefined {
  return definition?.readinessChecks?.[0];
}

/** The instance runs: in a deployment it now has to say that it is ready. */
export function startReadiness(turn: Turn, state: ServicesState, instance: Instance): void {
  if (checkOf(specOf(state, instance)?.definition) === undefined) return;
  if (instance.isReady === undefined && state.deployments.lockOf(instance.appId) !== undefined) {
    state.instances.change(turn, instance, { isReady: false });
  }
  if (instance.isReady === false && instance.taskId !== undefined) {
    const { id: instanceId, taskId } = instance;
    state.timers.set(readinessKey(instanceId), turn.now, { kind: "readiness", instanceId, taskId });
  }
}

export function readinessDue(turn: Turn, state: ServicesState, key: ReadinessKey): void {
  const instance = state.instances.get(key.instanceId);
  if (instance === undefined || instance.taskId !== key.taskId || instance.isReady !== false) return;
  const definition = specOf(state, instance)?.definition;
  const check = checkOf(definition);
  if (definition === undefined || check === undefined) return;
  state.timers.set(readinessKey(instance.id), turn.now + check.intervalSeconds * 1_000, {
    kind: "readiness",
    ...key,
  });
  if (instance.condition !== "Running") return;
  const request = requestOf(definition, check, instance, key);
  if (request !== undefined) state.readiness.send(turn, state.policy.probesInFlightMax, request);
}

export function takeReadiness(
  turn: Turn,
  state: ServicesState,
  key: ReadinessKey,
  answer: ReadinessAnswer,
): void {
  state.readiness.answered(turn, state.policy.probesInFlightMax, key);
  const instance = state.instances.get(key.instanceId);
  if (instance === undefined || instance.taskId !== key.taskId || instance.isReady !== false) return;
  const check = checkOf(specOf(state, instance)?.definition);
  if (check === undefined || instance.condition !== "Running") return;
  state.instances.changeVolatile(instance, { readinessAnswer: answer });
  if (!check.httpStatusCodesForReady.includes(answer.status)) return;
  state.timers.cancel(readinessKey(instance.id));
  state.instances.change(turn, instance, { isReady: true });
}

/** The task is over. */
export function cancelReadiness(state: ServicesState, instance: Instance): void {
  state.timers.cancel(readinessKey(instance.id));
  if (instance.taskId !== undefined) {
    state.readiness.cancel({ instanceId: instance.id, taskId: instance.taskId });
  }
}

/** The deployment is over: nobody waits for an answer any more. */
export function endReadiness(turn: Turn, state: ServicesState, appId: string): void {
  const app = state.apps.get(appId);
  if (app === undefined || !hasReadiness(app)) return;
  for (const instance of state.instances.population(appId)?.members.values() ?? []) {
    if (instance.isReady !== false) continue;
    cancelReadiness(state, instance);
    state.instances.change(turn, instance, { isReady: undefined });
  }
}

/** Instances of the version before may have a check that the present one hasn't. */
function hasReadiness(app: {
  readonly definition: AppDefinition;
  readonly history: ReadonlyMap<number, { readonly definition: AppDefinition }>;
}): boolean {
  if (checkOf(app.definition) !== undefined) return true;
  for (const { definition } of app.history.values()) if (checkOf(definition) !== undefined) return true;
  return false;
}

/** Results of an app's instances, while it is in a deployment. */
export function readinessResults(state: ServicesState, appId: string): readonly JsonObject[] {
  if (state.deployments.lockOf(appId) === undefined) return [];
  // Nearly no app has such a check, and then its instances need no looking at.
  const app = state.apps.get(appId);
  if (app === undefined || !hasReadiness(app)) return [];
  const results: JsonObject[] = [];
  for (const instance of state.instances.population(appId)?.members.values() ?? []) {
    const check = checkOf(specOf(state, instance)?.definition);
    const { isReady, taskId, readinessAnswer } = instance;
    if (check === undefined || isReady === undefined || taskId === undefined) continue;
    results.push({
      name: check.name,
      taskId,
      ready: isReady,
      ...(check.preserveLastResponse && readinessAnswer !== undefined
        ? { lastResponse: { ...readinessAnswer } }
        : {}),
    });
  }
  return results;
}

function requestOf(
  definition: AppDefinition,
  check: ReadinessCheck,
  instance: Instance,
  key: ReadinessKey,
): ReadinessRequest | undefined {
  const portIndex = portsOf(definition).findIndex(({ name }) => name === check.portName);
  const place = placeOf(definition, instance, { portIndex });
  if (place === undefined) return undefined;
  const { host, port } = place;
  return {
    key,
    scheme: check.protocol === "HTTPS" ? "https" : "http",
    host,
    port,
    path: check.path.startsWith("/") ? check.path : `/${check.path}`,
    timeoutMs: check.timeoutSeconds * 1_000,
  };
}

function readinessKey(instanceId: string): string {
  return `readiness/${instanceId}`;
}
