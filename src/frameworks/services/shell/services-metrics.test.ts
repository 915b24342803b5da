import { describe, expect, it } from "vitest";
import type { MasterEvent } from "#frameworks/base/core/master-event.ts";
import { countEvent } from "#frameworks/base/shell/framework-metrics.ts";
import { MarathonMetrics } from "#frameworks/base/shell/marathon-metrics.ts";
import type { ServicesEffect } from "../core/index.ts";
import { countEffect, measureServices } from "./services-metrics.ts";

describe("metrics", () => {
  let now = 0;
  const metrics = new MarathonMetrics(
    {
      prefix: "marathon.",
      gauges: { "apps.active.gauge": () => 3 },
      counters: ["mesos.task-updates.task-running.counter"],
      meters: ["http.responses.2xx.rate.meter"],
      timers: ["http.requests.duration.timer.seconds"],
    },
    () => now,
  );
  for (const took of [0.1, 0.2, 0.3]) {
    metrics.time("http.requests.duration.timer.seconds", took);
    metrics.mark("http.responses.2xx.rate.meter");
  }
  metrics.count("mesos.task-updates.task-running.counter", 2);
  metrics.count("nobody.knows.counter");
  now = 10_000;

  it("are told as JSON, each kind with its numbers", () => {
    const rates = {
      mean_rate: 0.3,
      m1_rate: expect.any(Number),
      m5_rate: expect.any(Number),
      m15_rate: expect.any(Number),
    };
    expect(metrics.snapshot()).toMatchObject({
      version: "4.0.0",
      gauges: { "marathon.apps.active.gauge": { value: 3 } },
      counters: { "marathon.mesos.task-updates.task-running.counter": { count: 2 } },
      histograms: {},
      meters: { "marathon.http.responses.2xx.rate.meter": { count: 3, ...rates, units: "events/second" } },
      timers: {
        "marathon.http.requests.duration.timer.seconds": {
          count: 3,
          min: 0.1,
          max: 0.3,
          p50: 0.2,
          p999: 0.3,
          ...rates,
          duration_units: "seconds",
        },
      },
    });
    expect(JSON.stringify(metrics.snapshot())).not.toContain("nobody");
  });

  it("are told to Prometheus with underscores", () => {
    expect(metrics.prometheus().split("\n")).toEqual(
      expect.arrayContaining([
        "# TYPE marathon_apps_active_gauge gauge",
        "marathon_apps_active_gauge 3",
        "# TYPE marathon_mesos_task_updates_task_running_counter counter",
        "marathon_mesos_task_updates_task_running_counter 2",
        "marathon_http_responses_2xx_rate_meter 3",
        "# TYPE marathon_http_requests_duration_timer_seconds summary",
        'marathon_http_requests_duration_timer_seconds{quantile="0.5"} 0.2',
        "marathon_http_requests_duration_timer_seconds_count 3",
      ]),
    );
  });
});

it("what comes from the master and goes to it is counted", () => {
  const { metrics } = measureServices({
    queries: {
      listApps: () => [],
      listPods: () => [],
      groupCount: () => 1,
      deployments: () => [],
      unfinishedWork: () => ({ overdueLaunches: 1, killsInFlight: 2, killAttempts: 5 }),
    },
    now: () => 7_000,
    startedAt: 5_000,
    listeners: () => 4,
  });
  const offer = { id: { value: "o" } };
  const events = [
    { kind: "offersReceived", offers: [offer, offer, offer] },
    { kind: "statusReceived", status: { state: "TASK_GONE_BY_OPERATOR" } },
  ];
  // Only what is read of them is given.
  for (const event of events) countEvent(metrics, event as unknown as MasterEvent);
  const id = { value: "o" };
  const calls = [
    { type: "REVIVE" },
    { type: "DECLINE", decline: { offer_ids: [id, id] } },
    {
      type: "ACCEPT",
      accept: {
        offer_ids: [id],
        operations: [
          { type: "RESERVE" },
          { type: "LAUNCH", launch: { task_infos: [{}, {}] } },
          { type: "LAUNCH_GROUP", launch_group: { task_group: { tasks: [{}, {}, {}] } } },
        ],
      },
    },
  ];
  const effects = [
    ...calls.map((call) => ({ kind: "call", call })),
    { kind: "reply", result: { kind: "deployed", deploymentId: "d" } },
    { kind: "reply", result: { kind: "refused", refusal: { code: "TooManyDeployments", max: 1 } } },
    { kind: "reply", result: { kind: "refused", refusal: { code: "AppUnknown", appId: "/a" } } },
  ];
  for (const effect of effects) countEffect(metrics, effect as unknown as ServicesEffect);
  const { counters, gauges } = metrics.snapshot() as {
    readonly counters: Readonly<Record<string, { readonly count: number }>>;
    readonly gauges: object;
  };
  const moved = Object.entries(counters).filter(([, { count }]) => count > 0);
  expect(Object.fromEntries(moved.map(([name, { count }]) => [name, count]))).toEqual({
    "marathon.mesos.offers.incoming.counter": 3,
    "marathon.mesos.offers.declined.counter": 2,
    "marathon.mesos.offers.used.counter": 1,
    "marathon.mesos.calls.revive.counter": 1,
    "marathon.mesos.offer-operations.reserve.counter": 1,
    "marathon.mesos.offer-operations.launch.counter": 1,
    "marathon.mesos.offer-operations.launch-group.counter": 1,
    "marathon.mesos.task-updates.task-gone-by-operator.counter": 1,
    "marathon.tasks.launched.counter": 5,
    "marathon.deployments.counter": 1,
    "marathon.deployments.dismissed.counter": 1,
  });
  expect(gauges).toMatchObject({
    "marathon.groups.active.gauge": { value: 1 },
    "marathon.instances.launch-overdue.gauge": { value: 1 },
    "marathon.instances.inflight-kills.gauge": { value: 2 },
    "marathon.instances.inflight-kill-attempts.gauge": { value: 5 },
    "marathon.http.event-streams.active.gauge": { value: 4 },
    "marathon.uptime.gauge.seconds": { value: 2 },
  });
});
