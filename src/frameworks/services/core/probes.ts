/** Sends probes to running instances, at their interval, a bounded number at a time. */

import type { AppDefinition } from "#domain/definitions/app.ts";
import { firstProbeDelayMs, noHealth } from "#domain/health/index.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { AppFacts } from "./app-facts.ts";
import type { ProbeRequest } from "./effects.ts";
import type { ProbeKey } from "./events.ts";
import type { Instance } from "./instance.ts";
import { placeOf } from "./instance-ports.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Probes of one kind that are out, and those that wait because too many are. */
export class ProbeTable<Key extends AnyKey, Request extends { readonly key: Key }> {
  readonly #emit: (turn: Turn, probe: Request) => void;
  readonly #inFlight = new Set<string>();
  readonly #waiting = new Map<string, Request>();

  constructor(emit: (turn: Turn, probe: Request) => void) {
    this.#emit = emit;
  }

  /** A probe that is out already isn't sent twice. */
  send(turn: Turn, max: number, probe: Request): void {
    const id = idOf(probe.key);
    if (this.#inFlight.has(id)) return;
    if (this.#inFlight.size >= max) {
      this.#waiting.set(id, probe);
      return;
    }
    this.#inFlight.add(id);
    this.#emit(turn, probe);
  }

  answered(turn: Turn, max: number, key: Key): void {
    this.#inFlight.delete(idOf(key));
    const next = this.#waiting.entries().next();
    if (next.done === true) return;
    const [id, probe] = next.value;
    this.#waiting.delete(id);
    this.send(turn, max, probe);
  }

  cancel(key: Key): void {
    this.#waiting.delete(idOf(key));
  }

  snapshot(): JsonValue {
    return { inFlight: [...this.#inFlight], waiting: [...this.#waiting.keys()] };
  }
}

interface AnyKey {
  readonly taskId: string;
  readonly checkIndex?: number;
}

function idOf(key: AnyKey): string {
  return `${key.taskId}/${key.checkIndex ?? 0}`;
}

/** The instance runs: its checks begin. */
export function startProbes(turn: Turn, state: ServicesState, instance: Instance): void {
  const spec = specOf(state, instance);
  if (spec === undefined || instance.taskId === undefined) return;
  const atAgent = new Set(spec.facts.agentChecks.values());
  for (const [checkIndex, policy] of spec.facts.healthPolicies.entries()) {
    if (atAgent.has(checkIndex)) continue;
    state.timers.set(probeKey(instance.id, checkIndex), turn.now + firstProbeDelayMs(policy), {
      kind: "probe",
      instanceId: instance.id,
      taskId: instance.taskId,
      checkIndex,
    });
  }
}

export function cancelProbes(state: ServicesState, instance: Instance): void {
  for (const checkIndex of instance.checks.keys()) {
    state.timers.cancel(probeKey(instance.id, checkIndex));
    if (instance.taskId !== undefined) {
      state.probes.cancel({ instanceId: instance.id, taskId: instance.taskId, checkIndex });
    }
  }
}

/** What an earlier process knew of a task that still runs. */
export function keptChecks(instance: Instance, facts: AppFacts | undefined): Instance["checks"] {
  const { checks, condition } = instance;
  const isKept = condition === "Running" && checks.length === (facts?.healthPolicies ?? []).length;
  return isKept ? checks : freshChecks(facts);
}

/** Checks without results, as many as the definition of the instance has. */
export function freshChecks(facts: AppFacts | undefined): Instance["checks"] {
  return (facts?.healthPolicies ?? []).map(() => noHealth);
}

export function probeDue(turn: Turn, state: ServicesState, key: ProbeKey): void {
  const instance = state.instances.get(key.instanceId);
  if (instance === undefined || instance.taskId !== key.taskId) return;
  const spec = specOf(state, instance);
  const policy = spec?.facts.healthPolicies[key.checkIndex];
  if (spec === undefined || policy === undefined) return;
  state.timers.set(probeKey(key.instanceId, key.checkIndex), turn.now + policy.intervalMs, {
    kind: "probe",
    ...key,
  });
  if (instance.condition !== "Running") return;
  const probe = probeOf(spec.definition, instance, key);
  if (probe !== undefined) state.probes.send(turn, state.policy.probesInFlightMax, probe);
}

/** The definition an instance runs. */
export function specOf(
  state: ServicesState,
  instance: Instance,
): { readonly definition: AppDefinition; readonly facts: AppFacts } | undefined {
  const app = state.apps.get(instance.appId);
  return app === undefined ? undefined : state.apps.versionOf(app, instance.version);
}

function probeOf(definition: AppDefinition, instance: Instance, key: ProbeKey): ProbeRequest | undefined {
  const check = definition.healthChecks?.[key.checkIndex];
  if (check === undefined) return undefined;
  const place = placeOf(definition, instance, check);
  if (place === undefined) return undefined;
  const { host, port } = place;
  const path = check.path ?? "/";
  return {
    key,
    target:
      check.protocol === "TCP"
        ? { kind: "tcp", host, port }
        : {
            kind: "http",
            scheme: check.protocol === "HTTPS" ? "https" : "http",
            host,
            port,
            path: path.startsWith("/") ? path : `/${path}`,
            ignoreHttp1xx: check.ignoreHttp1xx ?? false,
          },
    ipProtocol: check.ipProtocol ?? "IPv4",
    timeoutMs: check.timeoutSeconds * 1_000,
  };
}

function probeKey(instanceId: string, checkIndex: number): string {
  return `probe/${instanceId}/${checkIndex}`;
}
