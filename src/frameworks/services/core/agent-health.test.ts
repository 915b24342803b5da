import { describe, expect, it } from "vitest";
import type { TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { HealthCheck } from "#domain/definitions/app.ts";
import { agentCheckOf, plainCheckOf } from "./agent-check.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

const command: HealthCheck = {
  protocol: "COMMAND",
  command: { value: "test -f up" },
  gracePeriodSeconds: 10,
  intervalSeconds: 5,
  timeoutSeconds: 2,
  maxConsecutiveFailures: 2,
  delaySeconds: 1,
};

function running(): { readonly world: World; readonly taskId: string } {
  const world = World.started();
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: [{ definition: anApp({ cpus: 0.1, healthChecks: [command] }), expect: "absent" }],
    removals: [],
    force: false,
  }));
  world.live(3_000);
  const taskId = world.core.queries.tasks("/web")?.[0]?.id ?? "";
  return { world, taskId };
}

function told(world: World, taskId: string, fields: Partial<TaskStatus>): void {
  const task = world.master.tasks.get(taskId);
  world.apply({
    kind: "statusReceived",
    status: {
      task_id: { value: taskId },
      agent_id: { value: task?.agentId ?? "agent-1" },
      state: "TASK_RUNNING",
      reason: "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
      ...fields,
    },
  });
}

const resultOf = (world: World) => world.core.queries.tasks("/web")?.[0]?.healthCheckResults?.[0];

describe("checks that the agent runs", () => {
  it("keep a deployment open until the agent says healthy, and are never probed", () => {
    const { world, taskId } = running();
    world.live(20_000);
    expect(world.probes).toEqual([]);
    expect(world.core.queries.deployments()).toHaveLength(1);
    told(world, taskId, { uuid: "one", healthy: true });
    expect(world.core.queries.deployments()).toEqual([]);
    expect(world.core.queries.app("/web")).toMatchObject({ tasksHealthy: 1, tasksUnhealthy: 0 });
    expect(resultOf(world)).toMatchObject({ alive: true, consecutiveFailures: 0 });
    expect(world.ofType("health_status_changed_event")).toMatchObject([{ alive: true }]);
  });

  it("count each failure once, however often it is told", () => {
    const { world, taskId } = running();
    told(world, taskId, { uuid: "one", healthy: true });
    told(world, taskId, { uuid: "two", healthy: false, message: "exited with status 1" });
    told(world, taskId, { uuid: "two", healthy: false });
    told(world, taskId, { healthy: false, reason: "REASON_RECONCILIATION" });
    expect(resultOf(world)).toMatchObject({
      alive: false,
      consecutiveFailures: 1,
      lastFailureCause: "exited with status 1",
    });
    told(world, taskId, { uuid: "three", healthy: false });
    expect(resultOf(world)).toMatchObject({ consecutiveFailures: 2 });
    expect(world.core.queries.app("/web")).toMatchObject({ tasksHealthy: 0, tasksUnhealthy: 1 });
    expect(world.ofType("failed_health_check_event")).toHaveLength(2);
    told(world, taskId, { uuid: "four", healthy: true });
    expect(resultOf(world)).toMatchObject({ alive: true, consecutiveFailures: 0 });
    expect(world.problems()).toEqual([]);
  });

  it("are known after a crash, and reconciliation tells what they have become", () => {
    const { world, taskId } = running();
    told(world, taskId, { uuid: "one", healthy: true });
    world.crash();
    world.live(1_000);
    expect(resultOf(world)).toMatchObject({ alive: true });
    told(world, taskId, { healthy: false, reason: "REASON_RECONCILIATION" });
    expect(resultOf(world)).toMatchObject({ alive: false });
  });

  it("end in a kill by the agent, which is a failure of the app and raises no backoff", () => {
    const { world, taskId } = running();
    told(world, taskId, { uuid: "one", healthy: true });
    told(world, taskId, { uuid: "two", state: "TASK_KILLED", healthy: false, message: "check failed" });
    expect(world.ofType("unhealthy_instance_kill_event")).toMatchObject([{ taskId, reason: "check failed" }]);
    expect(world.core.queries.app("/web")?.lastTaskFailure).toMatchObject({ state: "TASK_KILLED", taskId });
    expect(world.core.queries.queue(world.now, { lastUnusedOffers: false })).toMatchObject([
      { delay: { overdue: true } },
    ]);
  });

  it("are told once in the failure, though the agent says it in its words too", () => {
    const { world, taskId } = running();
    const message = "Killed because its health check failed: command exited with 3";
    told(world, taskId, { uuid: "one", state: "TASK_KILLED", healthy: false, message });
    expect(world.ofType("unhealthy_instance_kill_event")).toMatchObject([
      { reason: "command exited with 3" },
    ]);
    expect(world.core.queries.app("/web")?.lastTaskFailure).toMatchObject({
      message: "Task was killed since health check failed. Reason: command exited with 3",
    });
  });
});

describe("what the agent is told to check", () => {
  const common = {
    delay_seconds: 1,
    interval_seconds: 5,
    timeout_seconds: 2,
    consecutive_failures: 2,
    grace_period_seconds: 10,
  };
  const { command: _command, ...plain } = command;
  const cases: { check: HealthCheck; expected: object }[] = [
    { check: command, expected: { type: "COMMAND", command: { shell: true, value: "test -f up" } } },
    {
      check: { ...plain, protocol: "MESOS_HTTP", portIndex: 1, path: "up" },
      expected: { type: "HTTP", http: { scheme: "http", port: 31_001, path: "/up" } },
    },
    {
      check: { ...plain, protocol: "MESOS_HTTPS", port: 8_443 },
      expected: { type: "HTTP", http: { scheme: "https", port: 8_443, path: "/" } },
    },
    {
      check: { ...plain, protocol: "MESOS_TCP", portIndex: 0 },
      expected: { type: "TCP", tcp: { port: 31_000 } },
    },
  ];
  it.each(cases)("is $expected.type for $check.protocol", ({ check, expected }) => {
    const build = agentCheckOf(anApp({ healthChecks: [check] }));
    expect(build?.([31_000, 31_001])).toEqual({ ...common, ...expected });
  });

  it("is never more patient than one failure where none is allowed", () => {
    const build = agentCheckOf(anApp({ healthChecks: [{ ...command, maxConsecutiveFailures: 0 }] }));
    expect(build?.([])).toMatchObject({ consecutive_failures: 1 });
  });

  it("is nothing for checks that Services runs", () => {
    const { delaySeconds: _delay, ...tcp } = plain;
    expect(
      agentCheckOf(anApp({ healthChecks: [{ ...tcp, protocol: "TCP", portIndex: 0 }] })),
    ).toBeUndefined();
  });
});

describe("a check that only tells", () => {
  const check = { intervalSeconds: 60, timeoutSeconds: 20, delaySeconds: 15 };
  const common = { interval_seconds: 60, timeout_seconds: 20, delay_seconds: 15 };
  it.each([
    [
      { ...check, http: { portIndex: 1, scheme: "HTTP" as const } },
      { ...common, type: "HTTP", http: { port: 31_001, path: "/" } },
    ],
    [
      { ...check, tcp: { port: 99 } },
      { ...common, type: "TCP", tcp: { port: 99 } },
    ],
    [
      { ...check, exec: { command: { shell: "true" } } },
      { ...common, type: "COMMAND", command: { command: { shell: true, value: "true" } } },
    ],
  ])("%j goes to the agent", (given, expected) => {
    expect(plainCheckOf(anApp({ check: given }))?.([31_000, 31_001])).toEqual(expected);
  });

  it("shows what it told last", () => {
    const { world, taskId } = running();
    told(world, taskId, { check_status: { type: "COMMAND", command: {} } });
    expect(world.core.queries.tasks("/web")?.[0]).not.toHaveProperty("checkResult");
    told(world, taskId, { check_status: { type: "COMMAND", command: { exit_code: 0 } } });
    told(world, taskId, { check_status: { type: "COMMAND", command: { exit_code: 7 } } });
    expect(world.core.queries.tasks("/web")?.[0]?.checkResult).toEqual({ command: { exitCode: 7 } });
  });
});
