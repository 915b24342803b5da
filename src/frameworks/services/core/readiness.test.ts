import { describe, expect, it } from "vitest";
import type { AppDefinition, ReadinessCheck } from "#domain/definitions/app.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

const check: ReadinessCheck = {
  name: "ready",
  protocol: "HTTP",
  path: "up",
  portName: "default",
  intervalSeconds: 30,
  timeoutSeconds: 10,
  httpStatusCodesForReady: [200, 204],
  preserveLastResponse: true,
};
const web = (fields: Partial<AppDefinition> = {}) =>
  anApp({ cpus: 0.1, mem: 16, readinessChecks: [check], ...fields });

function put(world: World, ...definitions: readonly AppDefinition[]): void {
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: definitions.map((definition) => ({ definition, expect: "any" as const })),
    removals: [],
    force: true,
  }));
}

/** Answers all questions that are open. */
function answer(world: World, status: number): void {
  for (const { key } of world.readiness.splice(0)) {
    world.apply({
      kind: "readinessAnswered",
      key,
      answer: { status, contentType: "text/plain", body: `said ${status}` },
    });
  }
  world.drain();
}

const open = (world: World): number => world.core.queries.deployments().length;

describe("readiness", () => {
  it("keeps a deployment open until an answer says so, and shows what was answered", () => {
    const world = World.started();
    put(world, web());
    world.live(2_000);
    expect(world.readiness).toMatchObject([{ scheme: "http", path: "/up", timeoutMs: 10_000 }]);
    answer(world, 503);
    world.live(1_000);
    expect(open(world)).toBe(1);
    const results = [{ name: "ready", ready: false, lastResponse: { status: 503, body: "said 503" } }];
    expect(world.core.queries.deployments()[0]?.currentActions).toMatchObject([
      { readinessCheckResults: results },
    ]);
    expect(world.core.queries.app("/web")?.readinessCheckResults()).toMatchObject(results);
    expect(world.readiness).toEqual([]);
    world.live(30_000);
    expect(world.readiness).toHaveLength(1);
    answer(world, 204);
    expect(open(world)).toBe(0);
    expect(world.core.queries.app("/web")?.readinessCheckResults()).toEqual([]);
    expect(world.problems()).toEqual([]);
  });

  it("is asked for in deployments only", () => {
    const world = World.started();
    put(world, web());
    world.live(2_000);
    answer(world, 200);
    const task = [...world.master.tasks.values()][0];
    if (task === undefined) throw new Error("nothing runs");
    world.master.endTask(task, "TASK_FAILED");
    world.live(40_000);
    expect(world.core.queries.app("/web")?.tasksRunning).toBe(1);
    expect(world.readiness).toEqual([]);
  });

  it("holds back the end of old instances in a rolling update", () => {
    const world = World.started();
    put(world, web({ instances: 2 }));
    world.live(2_000);
    answer(world, 200);
    const old = world.core.queries.tasks("/web")?.map(({ id }) => id) ?? [];
    put(world, web({ instances: 2, cmd: "new" }));
    world.live(5_000);
    expect(world.core.queries.tasks("/web")?.map(({ id }) => id)).toEqual(expect.arrayContaining(old));
    answer(world, 200);
    world.live(5_000);
    answer(world, 200);
    world.live(5_000);
    expect(open(world)).toBe(0);
    expect(world.core.queries.tasks("/web")).toHaveLength(2);
  });

  it("and health must both hold", () => {
    const world = World.started();
    const healthChecks: AppDefinition["healthChecks"] = [
      {
        protocol: "TCP",
        portIndex: 0,
        gracePeriodSeconds: 10,
        intervalSeconds: 5,
        timeoutSeconds: 2,
        maxConsecutiveFailures: 3,
        ignoreHttp1xx: false,
        ipProtocol: "IPv4",
      },
    ];
    put(world, web({ healthChecks }));
    world.live(2_000);
    answer(world, 200);
    expect(open(world)).toBe(1);
    world.live(5_000);
    for (const { key } of world.probes.splice(0)) {
      world.apply({ kind: "probed", probe: key, result: { kind: "success" } });
    }
    expect(open(world)).toBe(0);
  });

  it("lets what depends on an app begin only then, also when the process dies in between", () => {
    const world = World.started();
    put(world, web({ id: "/db" }), anApp({ id: "/app", cpus: 0.1, mem: 16, dependencies: ["/db"] }));
    world.live(2_000);
    answer(world, 500);
    for (let crashes = 0; crashes < 3; crashes += 1) {
      world.crash();
      world.live(3_000);
      expect(world.core.queries.app("/db")?.tasksRunning).toBe(1);
      expect(world.core.queries.tasks("/app")).toEqual([]);
      answer(world, 500);
    }
    world.live(31_000);
    answer(world, 200);
    world.live(3_000);
    expect(world.core.queries.app("/app")?.tasksRunning).toBe(1);
    expect(open(world)).toBe(0);
    expect(world.problems()).toEqual([]);
  });

  it("once said is not asked again after a crash", () => {
    const world = World.started();
    put(world, web({ id: "/db" }), anApp({ id: "/app", cpus: 99, dependencies: ["/db"] }));
    world.live(2_000);
    answer(world, 200);
    world.crash();
    world.live(40_000);
    expect(world.readiness).toEqual([]);
    expect(world.core.queries.deployments()[0]?.currentActions.map(({ app }) => app)).toEqual(["/app"]);
  });

  it("that nobody waits for any more is forgotten with its deployment", () => {
    const world = World.started();
    put(world, web());
    world.live(2_000);
    const [deployment] = world.core.queries.deployments();
    world.ask((request) => ({
      kind: "cancelDeployment",
      request,
      deploymentId: deployment?.id ?? "",
      force: true,
    }));
    answer(world, 200);
    world.live(40_000);
    expect(world.readiness).toEqual([]);
    expect(world.ofType("deployment_step_failure")).toHaveLength(1);
    put(world, web({ instances: 2 }));
    world.live(2_000);
    expect(world.readiness).toHaveLength(1);
  });
});
