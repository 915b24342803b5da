/** The agent's `/metrics/snapshot`. */
import type { FetchFacts } from "#kernel/containerizer/index.ts";
import type { AgentView } from "../core/view.ts";

/** Flat name to number. Source: contract mesos.md section 3.8, agent and both. */
export function metricsDocument(
  view: AgentView,
  machine: {
    readonly uptimeMs: number;
    readonly system: Readonly<Record<string, number>>;
    readonly fetches: FetchFacts;
  },
): Readonly<Record<string, number>> {
  const runs = [...view.frameworks.values()].flatMap((framework) => framework.runs);
  const commands = runs.filter(({ spec }) => spec.executor === undefined);
  const executors = [...view.frameworks.values()].flatMap((framework) => framework.executors);
  const phases = (phase: string): number =>
    commands.filter(({ progress }) => progress.phase === phase).length;
  const executorsIn = (phase: string): number =>
    executors.filter(({ progress }) => progress.phase === phase).length;
  const states = (state: string): number =>
    runs.filter(({ progress }) => progress.phase !== "ended" && progress.state === state).length;
  const ended = (state: string): number =>
    [...view.counters.ended].find(([name]) => name === `TASK_${state}`)?.[1] ?? 0;
  const metrics: Record<string, number> = {
    "slave/uptime_secs": machine.uptimeMs / 1000,
    "slave/registered": view.isRegistered ? 1 : 0,
    "slave/recovery_errors": view.recovery?.errors ?? 0,
    "slave/recovery_time_secs": (view.recovery?.inMs ?? 0) / 1000,
    "slave/frameworks_active": view.frameworks.size,
    "slave/executors_registering": phases("launching") + executorsIn("registering"),
    "slave/executors_running": phases("running") + executorsIn("running"),
    "slave/executors_terminating":
      executorsIn("terminating") +
      commands.filter(({ progress }) => progress.phase !== "ended" && progress.kill !== undefined).length,
    "slave/executors_terminated": [...view.counters.ended.values()].reduce((sum, count) => sum + count, 0),
    "slave/executors_preempted": view.counters.preempted,
    "slave/container_launch_errors": view.counters.launchErrors,
    "containerizer/mesos/launch_errors": view.counters.launchErrors,
    "containerizer/mesos/container_destroy_errors": 0,
    "containerizer/fetcher/task_fetches_succeeded": machine.fetches.succeeded,
    "containerizer/fetcher/task_fetches_failed": machine.fetches.failed,
    "containerizer/fetcher/cache_size_total_bytes": machine.fetches.cacheTotalBytes,
    "containerizer/fetcher/cache_size_used_bytes": machine.fetches.cacheUsedBytes,
    "slave/executor_directory_max_allowed_age_secs": view.sandboxes.maxAgeMs / 1000,
    "slave/tasks_staging": states("TASK_STAGING"),
    "slave/tasks_starting": states("TASK_STARTING"),
    "slave/tasks_running": states("TASK_RUNNING"),
    "slave/tasks_killing": states("TASK_KILLING"),
    "slave/valid_status_updates": view.counters.validUpdates,
    "slave/invalid_status_updates": view.counters.invalidUpdates,
    "slave/valid_framework_messages": view.counters.messages.passedOn,
    "slave/invalid_framework_messages": view.counters.messages.lost,
    "gc/path_removals_pending": view.sandboxes.pending,
    "gc/path_removals_succeeded": view.sandboxes.removed,
    "gc/path_removals_failed": view.sandboxes.failed,
    ...machine.system,
  };
  for (const [name, value] of machine.fetches.imagePulls?.entries("containerizer/docker/image_pull_ms") ?? [])
    metrics[name] = value;
  for (const state of ["FINISHED", "FAILED", "KILLED", "LOST", "GONE", "DROPPED", "ERROR"])
    metrics[`slave/tasks_${state.toLowerCase()}`] = ended(state);
  for (const [infix, revocable] of [
    ["", false],
    ["revocable_", true],
  ] as const) {
    const total = view.total.filter((entry) => Boolean(entry.revocable) === revocable);
    const used = view.used.filter((entry) => Boolean(entry.revocable) === revocable);
    for (const name of ["cpus", "gpus", "mem", "disk"]) {
      const [whole, part] = [total.scalarMillis(name) / 1000, used.scalarMillis(name) / 1000];
      metrics[`slave/${name}_${infix}total`] = whole;
      metrics[`slave/${name}_${infix}used`] = part;
      metrics[`slave/${name}_${infix}percent`] = whole === 0 ? 0 : part / whole;
    }
  }
  return metrics;
}
