/** `/metrics/snapshot`: flat names to numbers. Source: contract mesos.md section 3.8. */
import { cpus, freemem, loadavg, totalmem } from "node:os";
import { Resources } from "#domain/resources/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { isActive, type MasterState, type TaskRecord } from "../core/index.ts";

/** What happened since this master started. */
export class MasterCounters {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  entries(): IterableIterator<[string, number]> {
    return this.#counts.entries();
  }
}

const callNames: ReadonlyMap<string, string> = new Map([
  ["SUBSCRIBE", "register_framework"],
  ["ACCEPT", "launch_tasks"],
  ["DECLINE", "decline_offers"],
  ["KILL", "kill_task"],
  ["ACKNOWLEDGE", "status_update_acknowledgement"],
  ["RECONCILE", "reconcile_tasks"],
  ["REVIVE", "revive_offers"],
  ["SUPPRESS", "suppress_offers"],
  ["TEARDOWN", "unregister_framework"],
]);

export const callCounter = (type: string): string =>
  `master/messages_${callNames.get(type) ?? type.toLowerCase()}`;

const gauges = ["STAGING", "STARTING", "RUNNING", "KILLING", "UNREACHABLE"];
export const terminalCounter = ({ state }: TaskRecord): string =>
  `master/tasks_${state.replace("TASK_", "").toLowerCase()}`;
const terminals = ["finished", "failed", "killed", "lost", "error", "dropped", "gone", "gone_by_operator"];

export function metricsSnapshot(
  state: MasterState,
  counters: MasterCounters,
  uptimeSeconds: number,
): JsonObject {
  const agents = [...state.agents.values()];
  const frameworks = [...state.frameworks.values()];
  const connected = agents.filter(({ connection }) => connection !== undefined).length;
  const active = agents.filter(isActive).length;
  const subscribed = frameworks.filter(({ connection }) => connection !== undefined).length;
  const metrics = new Map<string, number>([
    ["master/uptime_secs", uptimeSeconds],
    ["master/elected", 1],
    ["master/slaves_active", active],
    ["master/slaves_connected", connected],
    ["master/slaves_inactive", connected - active],
    ["master/slaves_disconnected", agents.length - connected],
    ["master/slaves_unreachable", state.unreachable.size],
    ["master/frameworks_active", subscribed],
    ["master/frameworks_connected", subscribed],
    ["master/frameworks_inactive", 0],
    ["master/frameworks_disconnected", frameworks.length - subscribed],
    ["master/outstanding_offers", state.offers.size],
    ["allocator/mesos/allocation_runs", state.allocator.runs],
    ["allocator/mesos/offer_filters/active", state.allocator.activeFilters],
    ["system/cpus_total", cpus().length],
    ["system/load_1min", loadavg()[0] ?? 0],
    ["system/load_5min", loadavg()[1] ?? 0],
    ["system/load_15min", loadavg()[2] ?? 0],
    ["system/mem_total_bytes", totalmem()],
    ["system/mem_free_bytes", freemem()],
  ]);
  for (const state_ of gauges) metrics.set(`master/tasks_${state_.toLowerCase()}`, 0);
  for (const name of terminals) metrics.set(`master/tasks_${name}`, 0);
  for (const { tasks, unreachableTasks } of frameworks) {
    for (const task of [...tasks.values(), ...unreachableTasks.values()]) {
      const name = terminalCounter(task);
      if (gauges.includes(task.state.replace("TASK_", ""))) metrics.set(name, (metrics.get(name) ?? 0) + 1);
    }
  }
  addResources(metrics, state);
  for (const [name, count] of counters.entries()) metrics.set(name, count);
  return Object.fromEntries(metrics);
}

function addResources(metrics: Map<string, number>, state: MasterState): void {
  const agents = [...state.agents.values()];
  const total = Resources.sum(agents.map((agent) => agent.total));
  const used = Resources.sum(
    agents.flatMap(({ tasks }) =>
      [...tasks.values()].filter(({ isReleased }) => !isReleased).map(({ resources }) => resources),
    ),
  );
  for (const name of ["cpus", "gpus", "mem", "disk"]) {
    const all = total.scalarMillis(name) / 1000;
    const taken = used.scalarMillis(name) / 1000;
    metrics.set(`master/${name}_total`, all);
    metrics.set(`master/${name}_used`, taken);
    metrics.set(`master/${name}_percent`, all === 0 ? 0 : taken / all);
  }
}
