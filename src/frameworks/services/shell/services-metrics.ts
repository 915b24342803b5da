/** What of this scheduler is counted, by Marathon's names. Source: contract marathon.md section 22. */
import { countCall, type Measured, measureFramework } from "#frameworks/base/shell/framework-metrics.ts";
import type { MarathonMetrics } from "#frameworks/base/shell/marathon-metrics.ts";
import type { ServicesEffect, ServicesQueries } from "../core/index.ts";

export function measureServices(sources: {
  readonly queries: Pick<
    ServicesQueries,
    "listApps" | "listPods" | "groupCount" | "deployments" | "unfinishedWork"
  >;
  readonly now: () => number;
  readonly startedAt: number;
  readonly listeners: () => number;
}): Measured {
  const { queries, now, startedAt } = sources;
  const tasks = (of: "tasksRunning" | "tasksStaged"): number =>
    queries.listApps().reduce((sum, app) => sum + app[of], 0);
  const seconds = (): number => (now() - startedAt) / 1_000;
  return measureFramework({
    prefix: "marathon.",
    gauges: {
      "apps.active.gauge": () => queries.listApps().length,
      "pods.active.gauge": () => queries.listPods().length,
      "groups.active.gauge": () => queries.groupCount(),
      "deployments.active.gauge": () => queries.deployments().length,
      "instances.running.gauge": () => tasks("tasksRunning"),
      "instances.staged.gauge": () => tasks("tasksStaged"),
      "instances.launch-overdue.gauge": () => queries.unfinishedWork(now()).overdueLaunches,
      "instances.inflight-kills.gauge": () => queries.unfinishedWork(now()).killsInFlight,
      "instances.inflight-kill-attempts.gauge": () => queries.unfinishedWork(now()).killAttempts,
      "http.event-streams.active.gauge": sources.listeners,
      // There is one scheduler: it leads as long as it is up.
      "leadership.duration.gauge.seconds": seconds,
      "uptime.gauge.seconds": seconds,
    },
    counters: [
      "deployments.counter",
      "deployments.dismissed.counter",
      "tasks.launched.counter",
      "http.responses.event-stream.size.counter.bytes",
    ],
    now,
  });
}

export function countEffect(metrics: MarathonMetrics, effect: ServicesEffect): void {
  if (effect.kind === "reply") {
    const { result } = effect;
    if (result.kind === "refused" && result.refusal.code === "TooManyDeployments")
      metrics.count("deployments.dismissed.counter");
    if ("deploymentId" in result && result.deploymentId !== undefined) metrics.count("deployments.counter");
  }
  if (effect.kind === "call") countCall(metrics, effect.call);
}
