import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { auditedCall } from "./audited-call.ts";
import { fromIdentity, fromJobs, fromNodes, fromServices, KernelEvents } from "./event-mapping.ts";
import { EventRing, eventFilter, wantsEvent } from "./event-ring.ts";

const plan = { id: "d1", steps: [{ actions: [{ action: "ScaleApplication", app: "/shop/cart" }] }] };
const info = (id: string, name: string): object => ({ id: { value: id }, name });

describe("events", () => {
  it.each([
    [
      { eventType: "app_terminated_event", appId: "/a" },
      [{ kind: "service", change: "removed", object: "/a", service: "/a" }],
    ],
    [
      { eventType: "instance_health_changed_event", runSpecId: "/a", instanceId: "i", healthy: false },
      [{ kind: "service", change: "unhealthy", object: "/a", service: "/a", detail: { instance: "i" } }],
    ],
    [
      {
        eventType: "status_update_event",
        taskId: "t",
        taskStatus: "TASK_FAILED",
        appId: "/a",
        host: "h",
        message: "m",
      },
      [
        {
          kind: "task",
          change: "TASK_FAILED",
          object: "t",
          service: "/a",
          detail: { host: "h", message: "m" },
        },
      ],
    ],
    [
      { eventType: "deployment_success", id: "d1", plan },
      [
        {
          kind: "deployment",
          change: "deployment_success",
          object: "d1",
          service: "/shop/cart",
          detail: { services: 1 },
        },
        {
          kind: "service",
          change: "changed",
          object: "/shop/cart",
          service: "/shop/cart",
          detail: { deployment: "d1" },
        },
      ],
    ],
    [{ eventType: "event_stream_attached", remoteAddress: "x" }, []],
    [{ eventType: "deployment_info" }, []],
    [{}, []],
  ])("of services: %j", (event, expected) => {
    expect(fromServices(event)).toEqual(expected);
  });

  it("of the kernel are about what services do not tell themselves", () => {
    const kernel = new KernelEvents();
    const update = (framework: string): object => ({
      type: "TASK_UPDATED",
      task_updated: {
        framework_id: { value: framework },
        state: "TASK_RUNNING",
        status: { task_id: { value: "t" } },
      },
    });
    kernel.take({
      type: "SUBSCRIBED",
      subscribed: {
        get_state: { get_frameworks: { frameworks: [{ framework_info: info("m", "marathon") }] } },
      },
    } as never);
    expect(kernel.take(update("m") as never)).toEqual([]);
    expect(kernel.take(update("other") as never)).toEqual([
      { kind: "task", change: "TASK_RUNNING", object: "t" },
    ]);
    expect(
      kernel.take({
        type: "FRAMEWORK_ADDED",
        framework_added: { framework: { framework_info: info("f", "spark") } },
      } as never),
    ).toEqual([{ kind: "framework", change: "added", object: "f", detail: { name: "spark" } }]);
    expect(kernel.take({ type: "HEARTBEAT" })).toEqual([]);
  });

  it.each([
    [
      { eventType: "job_created", jobId: "a.b" },
      { kind: "job", change: "created", object: "a.b" },
    ],
    [
      { eventType: "job_updated", jobId: "a", what: "schedule" },
      { kind: "job", change: "scheduleChanged", object: "a" },
    ],
    [
      { eventType: "job_run_updated", jobId: "a", runId: "r", status: "ACTIVE", taskState: "TASK_RUNNING" },
      {
        kind: "job",
        change: "runChanged",
        object: "a",
        detail: { run: "r", status: "ACTIVE", task: "TASK_RUNNING" },
      },
    ],
    [
      { eventType: "job_run_skipped", jobId: "a", reason: "another run is active" },
      { kind: "job", change: "runSkipped", object: "a", detail: { message: "another run is active" } },
    ],
    [{ eventType: "job_of_a_newer_build", jobId: "a" }, undefined],
    [{ eventType: "job_created" }, undefined],
  ])("of jobs: %j", (event, expected) => {
    expect(fromJobs(event)).toEqual(expected === undefined ? [] : [expected]);
  });

  it("of nodes say what they are from now on", () => {
    expect(fromNodes({ agentId: "S0", state: "disconnected", hostname: "h" })).toEqual([
      { kind: "node", change: "disconnected", object: "S0", detail: { host: "h" } },
    ]);
  });

  it("of identity are about users, and long texts are cut", () => {
    expect(fromIdentity({ uid: "alice", change: "removed" })).toEqual([
      { kind: "user", change: "removed", object: "alice" },
    ]);
    expect(fromIdentity({ uid: "x".repeat(1_000), change: "removed" })[0]?.object).toHaveLength(300);
  });
});

describe("the ring", () => {
  const draft = { kind: "service", change: "changed", object: "/a" } as const;

  it("goes on behind what was seen, or says that everything must be read again", () => {
    const ring = new EventRing("m", 0, 3);
    const ids = Array.from({ length: 10 }, (_, at) => ring.push(draft, at).id);
    expect(ring.after(ids[9] ?? "")).toEqual({ kind: "events", events: [] });
    const missed = ring.after(ids[7] ?? "");
    expect(missed.kind === "events" && missed.events.map(({ id }) => id)).toEqual(ids.slice(8));
    const all = ring.after("oldest");
    expect(all.kind === "events" && all.events.map(({ id }) => id)).toEqual(ids.slice(7));
    expect(new EventRing("m", 0, 3).after("oldest")).toEqual({ kind: "events", events: [] });
    for (const id of [ids[1] ?? "", "other-5", "m-11", "m-", "", "m-1e1", "m-9999999999999999"])
      expect(ring.after(id)).toEqual({ kind: "reset" });
  });

  it("never loses or repeats one between two reads, whatever its size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.nat(6), { maxLength: 40 }), (max, bursts) => {
        const ring = new EventRing("m", 0, max);
        let seen = ring.push(draft, 0).id;
        for (const count of bursts) {
          const pushed = Array.from({ length: count }, (_, at) => ring.push(draft, at).id);
          const resumed = ring.after(seen);
          if (resumed.kind === "events") expect(resumed.events.map(({ id }) => id)).toEqual(pushed);
          else expect(count).toBeGreaterThan(max);
          seen = pushed.at(-1) ?? seen;
        }
      }),
    );
  });

  it("knows since when it has everything, and what came from a moment on", () => {
    const ring = new EventRing("m", 100, 3);
    const ids = (from: number): readonly string[] => ring.from(from).map(({ id }) => id);
    expect([ring.since, ids(0)]).toEqual([100, []]);
    for (const at of [101, 102, 103]) ring.push(draft, at);
    expect([ring.since, ids(102), ids(104)]).toEqual([100, ["m-2", "m-3"], []]);
    ring.push(draft, 103);
    expect([ring.since, ids(0)]).toEqual([102, ["m-2", "m-3", "m-4"]]);
  });

  it("is filtered by kind and by what it is about; a reset passes always", () => {
    const event = { ...draft, id: "m-1", at: 0, service: "/a" };
    expect(wantsEvent(event, eventFilter([], []))).toBe(true);
    expect(wantsEvent(event, eventFilter(["task,service"], []))).toBe(true);
    expect(wantsEvent(event, eventFilter(["task"], []))).toBe(false);
    expect(wantsEvent({ ...event, object: "task-1" }, eventFilter([], ["/b, /a"]))).toBe(true);
    expect(wantsEvent(event, eventFilter([], ["/b"]))).toBe(false);
    expect(wantsEvent({ ...event, kind: "reset" }, eventFilter(["task"], ["/b"]))).toBe(true);
  });
});

describe("calls that are told in the audit trail", () => {
  const body = (type: string, more = ""): string => `{"type": "${type}"${more}}`;
  it.each([
    ["GET", "/state", "", undefined],
    ["POST", "/api/v1", body("GET_STATE"), undefined],
    ["POST", "/api/v1", body("SUBSCRIBE"), undefined],
    ["POST", "/api/v1/scheduler", body("ACCEPT"), undefined],
    ["POST", "/api/v1/scheduler", "", undefined],
    ["POST", "/api/v1", "", { action: "call", object: "" }],
    [
      "POST",
      "/api/v1/scheduler",
      body("KILL", ',"kill":{"task_id":{"value":"t1"}}'),
      { action: "task.kill", object: "t1" },
    ],
    ["POST", "/master/api/v1", body("TEARDOWN"), { action: "framework.teardown", object: "" }],
    ["POST", "/api/v1", body("UPDATE_QUOTA"), { action: "update.quota", object: "" }],
    ["PUT", "/weights", "[]", { action: "kernel.weights", object: "" }],
    ["UPGRADE", "/keelson/v1/exec/a%2Fb", "", { action: "task.exec", object: "a/b" }],
    [
      "UPGRADE",
      "/keelson/v1/exec/t1?arg=sh&tty=true&env=KEY%3Dsecret&arg=-c",
      "",
      { action: "task.exec", object: "t1", message: '["sh","-c"]' },
    ],
    [
      "UPGRADE",
      "/keelson/v1/connect/t1?port=80",
      "",
      { action: "task.connect", object: "t1", message: "port 80" },
    ],
    ["PUT", "/keelson/v1/files/t1?path=a%2Fb", "", { action: "task.upload", object: "t1", message: "a/b" }],
    ["UPGRADE", "/other", "", undefined],
  ])("%s %s %s", (method, target, bodyStart, expected) => {
    const [path = "", query = ""] = target.split("?");
    expect(auditedCall({ method, path, query, bodyStart, agentId: "" })).toEqual(expected);
  });

  it("keep little of a long command", () => {
    const query = new URLSearchParams({ arg: "x".repeat(100_000) }).toString();
    const call = { method: "UPGRADE", path: "/keelson/v1/exec/t1", query, bodyStart: "", agentId: "S0" };
    expect(auditedCall(call)?.message?.length).toBeLessThanOrEqual(2_000);
  });
});
