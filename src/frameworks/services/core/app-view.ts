/** Apps in Marathon's JSON. Source: contract marathon.md section 2.1. */
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { App } from "./app-table.ts";
import { isStaged } from "./conditions.ts";
import type { Instance } from "./instance.ts";
import { readinessResults } from "./readiness.ts";
import type { ServicesState } from "./state.ts";
import { isTask, taskJson } from "./task-view.ts";
import type { AppView } from "./views.ts";

export function appView(state: ServicesState, app: App): AppView {
  const population = state.instances.population(app.id);
  const counts = population?.counts;
  const deployment = state.deployments.lockOf(app.id);
  const members = (): Instance[] => [...(population?.members.values() ?? [])].filter(isTask);
  return {
    definition: app.definition,
    instanceCount: population?.members.size ?? 0,
    tasksStaged: counts?.staged ?? 0,
    tasksRunning: counts?.running ?? 0,
    tasksHealthy: counts?.healthy ?? 0,
    tasksUnhealthy: counts?.unhealthy ?? 0,
    deployments: deployment === undefined ? [] : [{ id: deployment.id }],
    ...(app.lastFailure === undefined ? {} : { lastTaskFailure: app.lastFailure }),
    tasks: () => members().map((instance) => taskJson(state, instance)),
    readinessCheckResults: () => readinessResults(state, app.id),
    taskStats: (now) => taskStats(app, members(), now),
  };
}

/** Each group is absent when it has no task. */
function taskStats(app: App, members: readonly Instance[], now: InstantMs): JsonObject {
  const groups: readonly (readonly [string, readonly Instance[]])[] = [
    ["startedAfterLastScaling", members.filter(({ createdAt }) => createdAt >= app.versions.lastScalingAt)],
    [
      "withLatestConfig",
      members.filter(({ configVersion }) => configVersion === app.versions.lastConfigChangeAt),
    ],
    [
      "withOutdatedConfig",
      members.filter(({ configVersion }) => configVersion !== app.versions.lastConfigChangeAt),
    ],
    ["totalSummary", members],
  ];
  return Object.fromEntries(
    groups
      .filter(([, instances]) => instances.length > 0)
      .map(([name, instances]) => [name, { stats: statsOf(instances, now) }]),
  );
}

function statsOf(instances: readonly Instance[], now: InstantMs): JsonObject {
  const running = instances.filter(({ condition }) => condition === "Running");
  const lifeTimes = running
    .map(({ startedAt }) => (now - (startedAt ?? now)) / 1_000)
    .sort((one, other) => one - other);
  const total = lifeTimes.reduce((sum, seconds) => sum + seconds, 0);
  return {
    counts: {
      staged: instances.filter(({ condition }) => isStaged(condition)).length,
      running: running.length,
      healthy: running.filter(({ health }) => health === true).length,
      unhealthy: running.filter(({ health }) => health === false).length,
    },
    ...(lifeTimes.length === 0
      ? {}
      : {
          lifeTime: {
            averageSeconds: total / lifeTimes.length,
            medianSeconds: medianOf(lifeTimes),
          },
        }),
  };
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
