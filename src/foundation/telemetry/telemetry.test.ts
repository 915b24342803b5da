import { describe, expect, it } from "vitest";
import {
  createHttpMetrics,
  createLogCapture,
  createLogger,
  createMetrics,
  latencyBucketsSeconds,
} from "./index.ts";

describe("a logger", () => {
  const logged = (level?: "debug") => {
    const capture = createLogCapture();
    const log = createLogger("master", { sink: capture.sink, now: () => 42, ...(level ? { level } : {}) });
    return { capture, log };
  };

  it("writes the event, its fields, the component, the level and the time", () => {
    const { capture, log } = logged();
    log.info("task.launched", { taskId: "t1" });
    expect(capture.records).toEqual([
      { time: 42, level: "info", component: "master", event: "task.launched", taskId: "t1" },
    ]);
  });

  it("keeps quiet below its level", () => {
    const { capture, log } = logged();
    log.debug("offer.sent");
    expect(capture.records).toEqual([]);
  });

  it("gives a child's fields to each of its lines", () => {
    const { capture, log } = logged("debug");
    log.child({ agentId: "a1" }).child({ taskId: "t1" }).debug("task.killed", { signal: "SIGTERM" });
    expect(capture.of("task.killed")).toMatchObject([{ agentId: "a1", taskId: "t1", signal: "SIGTERM" }]);
  });

  it("does not let a field take the place of the event or the level", () => {
    const { capture, log } = logged();
    log.warn("link.lost", { event: "x", level: "y", time: 1, component: "z" });
    expect(capture.records).toMatchObject([
      { event: "link.lost", level: "warn", time: 42, component: "master", event_: "x", level_: "y" },
    ]);
  });

  it("writes errors with code and cause, and integers beyond 53 bits", () => {
    const { capture, log } = logged();
    const error = Object.assign(new Error("no space", { cause: new Error("disk") }), { code: "ENOSPC" });
    log.error("store.failed", { error, offset: 2n ** 60n });
    expect(capture.records).toMatchObject([
      {
        error: { message: "no space", code: "ENOSPC", cause: { message: "disk" } },
        offset: String(2n ** 60n),
      },
    ]);
  });
});

describe("metrics", () => {
  it("expose counters from zero, with every declared label value", async () => {
    const metrics = createMetrics();
    const launched = metrics.counter({
      name: "master_launches_total",
      help: "Tasks launched.",
      labels: { result: ["ok", "refused"] },
    });
    launched.add({ result: "ok" }, 2);
    const { body, contentType } = await metrics.expose();
    expect(contentType).toContain("text/plain; version=0.0.4");
    expect(body).toContain('master_launches_total{result="ok"} 2');
    expect(body).toContain('master_launches_total{result="refused"} 0');
  });

  it("never grow by a label value that was not declared", async () => {
    const metrics = createMetrics();
    const calls = metrics.counter({
      name: "calls_total",
      help: "Calls.",
      labels: { method: ["GET"] as string[] },
    });
    calls.add({ method: "BREW" });
    expect((await metrics.expose()).body).toContain('calls_total{method="other"} 1');
  });

  it("read a gauge when they are exposed", async () => {
    const metrics = createMetrics();
    let tasks = 1;
    metrics.gauge({ name: "master_tasks", help: "Tasks.", labels: {}, read: () => tasks });
    tasks = 7;
    expect((await metrics.expose()).body).toContain("master_tasks 7");
  });

  it("put an observation into its bucket", async () => {
    const metrics = createMetrics();
    const steps = metrics.histogram({
      name: "step_seconds",
      help: "Steps.",
      labels: {},
      buckets: latencyBucketsSeconds,
    });
    steps.observe({}, 0.003);
    const { body } = await metrics.expose();
    expect(body).toContain('step_seconds_bucket{le="0.0025"} 0');
    expect(body).toContain('step_seconds_bucket{le="0.005"} 1');
  });

  it("count requests by route, method and status, and no more routes than they may", async () => {
    const metrics = createMetrics();
    const http = createHttpMetrics(metrics, "master");
    http.requestEnded("/state", "GET", 200, 0.002);
    http.requestEnded("/state", "BREW", 418, 0.002);
    for (let index = 0; index < 500; index += 1) http.requestEnded(`/${index}`, "GET", 500, 0.002);
    const { body } = await metrics.expose();
    expect(body).toContain('master_http_requests_total{route="/state",method="GET",status="2xx"} 1');
    expect(body).toContain('master_http_requests_total{route="/state",method="other",status="4xx"} 1');
    expect(body.match(/^master_http_requests_total/gm)?.length).toBeLessThan(250);
    expect(body).toContain('master_http_request_seconds_bucket{le="0.0025",route="/state"} 2');
  });
});
