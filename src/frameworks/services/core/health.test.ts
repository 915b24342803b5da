import { describe, expect, it } from "vitest";
import type { HealthCheck } from "#domain/definitions/app.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

const check: HealthCheck = {
  protocol: "HTTP",
  path: "health",
  portIndex: 0,
  gracePeriodSeconds: 0,
  intervalSeconds: 2,
  timeoutSeconds: 1,
  maxConsecutiveFailures: 2,
  ignoreHttp1xx: false,
  ipProtocol: "IPv4",
};

function running(fields: Parameters<typeof anApp>[0] = {}): World {
  const world = World.started();
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: [{ definition: anApp({ healthChecks: [check], ...fields }), expect: "any" }],
    removals: [],
    force: false,
  }));
  // Offers in one round, running tasks in the next.
  world.settle();
  world.settle();
  return world;
}

/** Answers every probe that is out. */
function answer(world: World, isGood: boolean | ((instanceId: string) => boolean)): number {
  const probes = world.probes.splice(0);
  for (const { key } of probes) {
    const good = typeof isGood === "boolean" ? isGood : isGood(key.instanceId);
    world.apply({
      kind: "probed",
      probe: key,
      result: good ? { kind: "success" } : { kind: "failure", cause: "503" },
    });
  }
  return probes.length;
}

function round(world: World, isGood: boolean | ((instanceId: string) => boolean)): void {
  world.pass(2_000);
  answer(world, isGood);
  world.drain();
}

describe("health of instances", () => {
  it("is no longer asked, and events say so, where a change leaves no check", () => {
    const world = running();
    const change = (fields: Parameters<typeof anApp>[0]): void => {
      world.ask((request) => ({
        kind: "changeApps",
        request,
        upserts: [{ definition: anApp(fields), expect: "any" }],
        removals: [],
        force: true,
      }));
    };
    change({ healthChecks: [{ ...check, path: "other" }] });
    expect(world.ofType("add_health_check_event")).toHaveLength(2);
    expect(world.ofType("remove_health_check_event")).toEqual([]);
    change({ healthChecks: [] });
    expect(world.ofType("remove_health_check_event")).toMatchObject([{ appId: "/web" }]);
  });

  it("is asked of the agent's host and the instance's port, with the interval, first after at most 5 s", () => {
    const world = running({ healthChecks: [{ ...check, intervalSeconds: 60 }] });
    world.pass(4_999);
    expect(world.probes).toEqual([]);
    world.pass(1);
    const [task] = world.core.queries.allTasks();
    expect(world.probes).toMatchObject([
      {
        target: { kind: "http", scheme: "http", host: task?.host, port: task?.ports[0], path: "/health" },
        ipProtocol: "IPv4",
        timeoutMs: 1_000,
      },
    ]);
    answer(world, true);
    world.pass(59_999);
    expect(world.probes).toEqual([]);
    world.pass(1);
    expect(world.probes).toHaveLength(1);
  });

  it("can be a TCP connect to a fixed port", () => {
    const { portIndex: _index, path: _path, ...rest } = check;
    const world = running({ healthChecks: [{ ...rest, protocol: "TCP", port: 9_000 }] });
    world.pass(2_000);
    expect(world.probes[0]?.target).toMatchObject({ kind: "tcp", port: 9_000 });
  });

  it("counts once all checks have said so", () => {
    const world = running({ healthChecks: [check, { ...check, path: "/ready" }] });
    expect(world.core.queries.app("/web")).toMatchObject({ tasksHealthy: 0, tasksUnhealthy: 0 });
    world.pass(2_000);
    const [first, second] = world.probes.splice(0);
    if (first === undefined || second === undefined) throw new Error("two probes are expected");
    world.apply({ kind: "probed", probe: first.key, result: { kind: "success" } });
    expect(world.core.queries.app("/web")?.tasksHealthy).toBe(0);
    world.apply({ kind: "probed", probe: second.key, result: { kind: "success" } });
    expect(world.core.queries.app("/web")?.tasksHealthy).toBe(1);
    expect(world.ofType("instance_health_changed_event")).toMatchObject([{ healthy: true }]);
    expect(world.ofType("health_status_changed_event")).toHaveLength(2);
  });

  it("keeps a deployment open until it is good", () => {
    const world = running();
    expect(world.core.queries.deployments()).toHaveLength(1);
    round(world, true);
    expect(world.core.queries.deployments()).toEqual([]);
  });

  it("kills on one failure more than allowed, and starts the next incarnation without delay", () => {
    const world = running();
    round(world, true);
    const [task] = world.core.queries.allTasks();
    round(world, false);
    round(world, false);
    expect(world.core.queries.app("/web")).toMatchObject({ tasksHealthy: 0, tasksUnhealthy: 1 });
    expect(world.core.queries.allTasks()[0]?.healthCheckResults).toMatchObject([
      { alive: false, consecutiveFailures: 2, lastFailureCause: "503" },
    ]);
    expect(world.master.alive().map(({ id }) => id)).toEqual([task?.id]);
    round(world, false);
    expect(world.ofType("unhealthy_instance_kill_event")).toHaveLength(1);
    expect(world.core.queries.app("/web")?.lastTaskFailure?.state).toBe("TASK_KILLED");
    world.pass(100);
    expect(world.master.alive().map(({ id }) => id)).toEqual([task?.id.replace(/1$/, "2")]);
    expect(world.problems()).toEqual([]);
  });

  it("doesn't hear the answer to a probe of an earlier incarnation", () => {
    const world = running();
    world.pass(2_000);
    const [probe] = world.probes.splice(0);
    for (const task of world.master.alive()) world.master.endTask(task, "TASK_FAILED");
    world.live(3_000);
    if (probe === undefined) throw new Error("a probe is expected");
    const before = world.core.snapshot();
    world.apply({ kind: "probed", probe: probe.key, result: { kind: "failure", cause: "late" } });
    expect((world.core.snapshot() as { instances: unknown }).instances).toEqual(
      (before as { instances: unknown }).instances,
    );
  });

  it("is known in a new process, which asks again without a kill", () => {
    const world = running();
    round(world, true);
    world.crash();
    world.live(1_000);
    expect(world.core.queries.app("/web")).toMatchObject({
      tasksRunning: 1,
      tasksHealthy: 1,
      tasksUnhealthy: 0,
    });
    world.probes.length = 0;
    round(world, false);
    expect(world.core.queries.app("/web")?.tasksUnhealthy).toBe(1);
    expect(world.ofType("unhealthy_instance_kill_event")).toEqual([]);
  });

  it("bounds the probes that are out", () => {
    const world = World.started({ agents: 4, cpusEach: 8, policy: { probesInFlightMax: 3 } });
    world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [{ definition: anApp({ instances: 8, cpus: 0.5, healthChecks: [check] }), expect: "any" }],
      removals: [],
      force: false,
    }));
    world.settle();
    world.pass(100);
    world.settle();
    world.pass(100);
    world.settle();
    world.pass(2_000);
    expect(world.core.queries.app("/web")?.tasksRunning).toBe(8);
    expect(world.probes).toHaveLength(3);
    let answered = 0;
    for (let rounds = 0; rounds < 8 && answered < 8; rounds += 1) answered += answer(world, true);
    expect(world.core.queries.app("/web")?.tasksHealthy).toBe(8);
  });

  it("lets a rolling update end old ones only as new ones become healthy", () => {
    const world = running({ instances: 2, cmd: "one" });
    round(world, true);
    const old = new Set(world.core.queries.allTasks().map(({ id }) => id.split("._app")[0]));
    world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [{ definition: anApp({ instances: 2, cmd: "two", healthChecks: [check] }), expect: "any" }],
      removals: [],
      force: false,
    }));
    const isOld = (instanceId: string) => old.has(instanceId);
    for (let rounds = 0; rounds < 3; rounds += 1) {
      world.settle();
      round(world, isOld);
    }
    expect(world.master.alive().filter(({ info }) => info.command?.value === "one")).toHaveLength(2);
    for (let rounds = 0; rounds < 6; rounds += 1) {
      world.settle();
      round(world, true);
    }
    expect(world.master.alive().map(({ info }) => info.command?.value)).toEqual(["two", "two"]);
    expect(world.core.queries.deployments()).toEqual([]);
  });
});
