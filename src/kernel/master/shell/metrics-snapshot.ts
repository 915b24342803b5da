/** `/metrics/snapshot`: flat names to numbers. Source: contract mesos.md section 3.8. */
import { Resources } from "#domain/resources/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { systemMetrics } from "#foundation/http/index.ts";
import type { Timings } from "#foundation/telemetry/index.ts";
import {
  type FrameworkRecord,
  holdersOn,
  isActive,
  type MasterState,
  type TaskRecord,
} from "../core/index.ts";
import { addAllocator, addOperations, type Put, resourceNames } from "./allocator-metrics.ts";
import { frameworkPrefix, type MasterCounters } from "./metrics-counters.ts";

/** Measured outside of the core, which has no clock. */
export interface MasterTimings {
  /** Steps in which the allocator ran, from their event to their outcome. */
  readonly allocation: Timings;
  /** From when a run was due to when it began. */
  readonly allocationLatency: Timings;
  readonly registryFetch: Timings;
  readonly registryStore: Timings;
}

export interface MetricsSource {
  readonly state: MasterState;
  readonly counters: MasterCounters;
  readonly timings: MasterTimings;
  readonly uptimeSeconds: number;
  readonly queuedSteps: number;
  /** Requests whose answer waits for a step. */
  readonly waitingRequests: number;
  readonly operatorSubscribers: number;
  readonly registryBytes: number;
}

const activeStates = ["staging", "starting", "running", "killing", "unreachable"] as const;

export function metricsSnapshot(source: MetricsSource): JsonObject {
  const { state, counters, timings } = source;
  const metrics = new Map<string, number>(counters.entries());
  const put = (name: string, value: number): unknown => metrics.set(name, value);
  put("master/uptime_secs", source.uptimeSeconds);
  put("master/elected", 1);
  put("master/operator_event_stream_subscribers", source.operatorSubscribers);
  // Messages become steps as they come, and the allocator runs within them: neither has a queue of its own.
  put("master/event_queue_messages", 0);
  put("master/event_queue_dispatches", source.queuedSteps);
  put("master/event_queue_http_requests", source.waitingRequests);
  put("allocator/mesos/event_queue_dispatches", 0);
  put("registrar/queued_operations", source.queuedSteps);
  put("registrar/registry_size_bytes", source.registryBytes);
  put("registrar/log/recovered", 1);
  put("registrar/log/ensemble_size", 1);
  addAgents(put, state);
  addFrameworks(put, state);
  addResources(put, state);
  addAllocator(put, state);
  addOperations(put, state);
  for (const [name, value] of Object.entries(systemMetrics())) put(name, value);
  for (const [name, kept] of [
    ["allocator/mesos/allocation_run_ms", timings.allocation],
    ["allocator/mesos/allocation_run_latency_ms", timings.allocationLatency],
    ["registrar/state_fetch_ms", timings.registryFetch],
    ["registrar/state_store_ms", timings.registryStore],
  ] as const)
    for (const [full, value] of kept.entries(name)) put(full, value);
  return Object.fromEntries(metrics);
}

function addAgents(put: Put, state: MasterState): void {
  const agents = [...state.agents.values()];
  const connected = agents.filter(({ connection }) => connection !== undefined).length;
  const active = agents.filter(isActive).length;
  put("master/slaves_active", active);
  put("master/slaves_connected", connected);
  put("master/slaves_inactive", agents.length - active);
  put("master/slaves_disconnected", agents.length - connected);
  put("master/slaves_unreachable", state.unreachable.size);
}

function addFrameworks(put: Put, state: MasterState): void {
  const frameworks = [...state.frameworks.values()];
  const connected = frameworks.filter(({ connection }) => connection !== undefined).length;
  put("master/frameworks_active", connected);
  put("master/frameworks_connected", connected);
  put("master/frameworks_inactive", frameworks.length - connected);
  put("master/frameworks_disconnected", frameworks.length - connected);
  put("master/outstanding_offers", state.offers.size);
  const all = new Map<string, number>();
  for (const framework of frameworks) {
    const prefix = frameworkPrefix(state, framework.id);
    put(`${prefix}subscribed`, framework.connection === undefined ? 0 : 1);
    for (const role of framework.roles)
      put(`${prefix}roles/${encodeURIComponent(role)}/suppressed`, framework.suppressed.has(role) ? 1 : 0);
    const own = activeTasks(framework);
    for (const name of activeStates) {
      const count = own.get(name) ?? 0;
      all.set(name, (all.get(name) ?? 0) + count);
      put(`${prefix}tasks/active/task_${name}`, count);
    }
  }
  for (const name of activeStates) put(`master/tasks_${name}`, all.get(name) ?? 0);
}

function activeTasks({ tasks, unreachableTasks }: FrameworkRecord): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const add = ({ state }: TaskRecord): void => {
    const name = state.slice("TASK_".length).toLowerCase();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  for (const task of tasks.values()) add(task);
  for (const task of unreachableTasks.values()) add(task);
  return counts;
}

function addResources(put: Put, state: MasterState): void {
  const agents = [...state.agents.values()];
  const total = Resources.sum(agents.map((agent) => agent.total));
  const used = Resources.sum(
    agents.flatMap((agent) => [...holdersOn(agent)].map(({ resources }) => resources)),
  );
  for (const [infix, revocable] of [
    ["", false],
    ["revocable_", true],
  ] as const) {
    const all = total.filter((entry) => Boolean(entry.revocable) === revocable);
    const taken = used.filter((entry) => Boolean(entry.revocable) === revocable);
    for (const name of resourceNames) {
      const [whole, part] = [all.scalarMillis(name) / 1000, taken.scalarMillis(name) / 1000];
      put(`master/${name}_${infix}total`, whole);
      put(`master/${name}_${infix}used`, part);
      put(`master/${name}_${infix}percent`, whole === 0 ? 0 : part / whole);
    }
  }
}
