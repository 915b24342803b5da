/** What one app goes through, seen from outside the core. */
import { describe, expect, it } from "vitest";
import { anOffer, aStatus } from "#frameworks/base/core/testing/offers.ts";
import type { RequestResult } from "./effects.ts";
import type { ServicesEvent } from "./events.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

type Fields = Parameters<typeof anApp>[0];

function change(
  world: World,
  upserts: readonly Fields[],
  options: { expect?: "absent" | "present" | "any"; removals?: string[]; force?: boolean } = {},
): RequestResult | undefined {
  const request = world.ask((number) => ({
    kind: "changeApps",
    request: number,
    upserts: upserts.map((fields) => ({ definition: anApp(fields), expect: options.expect ?? "any" })),
    removals: options.removals ?? [],
    force: options.force ?? false,
  }));
  return world.replies.get(request);
}

const tell = (world: World, event: ServicesEvent) => world.apply(event);
const calls = (world: World, type: string) => world.master.calls.filter((call) => call.type === type);
const types = (world: World) => world.published.map(({ eventType }) => eventType);

describe("a new app", () => {
  it("is in /v2/deployments before it is answered, and runs", () => {
    const world = World.started();
    const result = change(world, [{ instances: 3 }]);
    expect(result).toMatchObject({ kind: "deployed", apps: [{ id: "/web", instances: 3 }] });
    expect(world.core.queries.deployments()).toMatchObject([
      {
        affectedApps: ["/web"],
        currentStep: 2,
        totalSteps: 2,
        currentActions: [{ action: "ScaleApplication", app: "/web", readinessCheckResults: [] }],
      },
    ]);
    expect(world.core.queries.app("/web")?.deployments).toEqual([
      { id: world.core.queries.deployments()[0]?.id },
    ]);
    world.live(2_000);
    expect(world.core.queries.deployments()).toEqual([]);
    expect(world.core.queries.app("/web")).toMatchObject({
      tasksRunning: 3,
      tasksStaged: 0,
      tasksHealthy: 0,
    });
  });

  it("asks for offers at once after a long silence", () => {
    const world = World.started();
    world.pass(60_000);
    expect(calls(world, "SUPPRESS")).toHaveLength(1);
    change(world, [{}]);
    expect(calls(world, "REVIVE")).toHaveLength(1);
    world.drain();
    expect(world.master.alive()).toHaveLength(1);
  });

  it("stores its instance as Provisioned in the step that accepts the offer", () => {
    const world = World.started();
    change(world, [{}]);
    const { writes, effects } = world.core.apply({ kind: "offersReceived", offers: [anOffer()] }, world.now);
    const accept = effects.find((effect) => effect.kind === "call" && effect.call.type === "ACCEPT");
    expect(accept).toBeDefined();
    expect(writes).toContainEqual(
      expect.objectContaining({
        kind: "put",
        value: expect.objectContaining({ condition: "Provisioned", incarnation: 1 }),
      }),
    );
  });

  it("tells the story in order", () => {
    const world = World.started();
    change(world, [{}]);
    world.live(1_000);
    const told = types(world);
    const order = [
      "group_change_success",
      "deployment_info",
      "deployment_step_success",
      "deployment_success",
    ];
    expect(order.map((type) => told.indexOf(type))).toEqual(
      [...order.map((type) => told.indexOf(type))].sort((one, other) => one - other),
    );
    expect(told.filter((type) => type === "deployment_info")).toHaveLength(2);
    expect(world.ofType("status_update_event")[0]).toMatchObject({
      taskStatus: "TASK_RUNNING",
      appId: "/web",
    });
    expect(world.ofType("deployment_success")[0]).toMatchObject({
      plan: { steps: [{ actions: [{ action: "StartApplication", app: "/web" }] }, {}] },
    });
  });

  it("gets service ports that nobody has, and keeps them", () => {
    const world = World.started();
    change(world, [{ id: "/a" }, { id: "/b" }]);
    const portOf = (id: string) => world.core.queries.app(id)?.definition.portDefinitions?.[0]?.port;
    expect([portOf("/a"), portOf("/b")]).toEqual([10_000, 10_001]);
    change(world, [{ id: "/a", instances: 2 }], { force: true });
    expect(portOf("/a")).toBe(10_000);
  });
});

describe("a change that is refused changes nothing", () => {
  const refusal = (result: RequestResult | undefined) =>
    result?.kind === "refused" ? result.refusal : undefined;

  it("an app that is there already, or isn't", () => {
    const world = World.started();
    change(world, [{ cmd: "one" }]);
    expect(refusal(change(world, [{ cmd: "two" }], { expect: "absent" }))).toEqual({
      code: "AppExists",
      appId: "/web",
      isPod: false,
    });
    expect(refusal(change(world, [{ id: "/no" }], { expect: "present" }))).toEqual({
      code: "AppUnknown",
      appId: "/no",
    });
    expect(refusal(change(world, [], { removals: ["/no"] }))).toEqual({ code: "AppUnknown", appId: "/no" });
    expect(world.core.queries.listApps().map(({ definition }) => definition.cmd)).toEqual(["one"]);
  });

  it("a path that is both app and group", () => {
    const world = World.started();
    change(world, [{ id: "/a/b" }]);
    expect(refusal(change(world, [{ id: "/a" }]))?.code).toBe("Invalid");
    expect(refusal(change(world, [{ id: "/a/b/c" }]))?.code).toBe("Invalid");
    expect(refusal(change(world, [{ id: "/x" }, { id: "/x/y" }]))?.code).toBe("Invalid");
    expect(world.core.queries.listApps()).toHaveLength(1);
  });

  it("a cycle of dependencies", () => {
    const world = World.started();
    change(world, [{ id: "/a", dependencies: ["/g"] }]);
    expect(refusal(change(world, [{ id: "/g/b", dependencies: ["/a"] }]))?.code).toBe("Invalid");
    expect(refusal(change(world, [{ id: "/self", dependencies: ["/self"] }]))?.code).toBe("Invalid");
  });

  it("no service port left", () => {
    const world = World.started({ policy: { servicePortMin: 10_000, servicePortMax: 10_000 } });
    change(world, [{ id: "/a" }]);
    expect(refusal(change(world, [{ id: "/b" }]))).toEqual({
      code: "ServicePortsExhausted",
      min: 10_000,
      max: 10_000,
    });
  });

  it("too many deployments, too many apps", () => {
    const busy = World.started({ policy: { maxRunningDeployments: 1 } });
    change(busy, [{ id: "/a" }]);
    expect(refusal(change(busy, [{ id: "/b" }]))).toEqual({ code: "TooManyDeployments", max: 1 });
    const full = World.started({ policy: { maxApps: 1 } });
    change(full, [{ id: "/a" }]);
    expect(refusal(change(full, [{ id: "/b" }]))).toEqual({ code: "TooManyApps", max: 1 });
  });

  it("unknown deployment, unknown restart, nothing queued", () => {
    const world = World.started();
    const ask = (make: (request: number) => ServicesEvent) => refusal(world.replies.get(world.ask(make)));
    expect(
      ask((request) => ({ kind: "cancelDeployment", request, deploymentId: "x", force: true }))?.code,
    ).toBe("DeploymentUnknown");
    expect(ask((request) => ({ kind: "restartApp", request, appId: "/x", force: true }))?.code).toBe(
      "AppUnknown",
    );
    expect(ask((request) => ({ kind: "resetDelay", request, appId: "/x" }))?.code).toBe("NotQueued");
  });
});

describe("versions", () => {
  it("a change without a difference has no steps and no new version", () => {
    const world = World.started();
    change(world, [{}]);
    world.live(1_000);
    const before = world.core.queries.app("/web")?.definition;
    const result = change(world, [{ ...before }]);
    expect(result).toMatchObject({ kind: "deployed", apps: [{ version: before?.version }] });
    expect(world.core.queries.app("/web")?.definition).toEqual(before);
    expect(world.core.queries.deployments()).toEqual([]);
  });

  it("scaling keeps lastConfigChangeAt and the tasks", () => {
    const world = World.started();
    change(world, [{ instances: 1 }]);
    world.live(1_000);
    const [task] = world.core.queries.allTasks();
    const first = world.core.queries.app("/web")?.definition.version;
    change(world, [{ instances: 3 }]);
    world.live(1_000);
    const { version, versionInfo } = world.core.queries.app("/web")?.definition ?? {};
    expect(versionInfo).toEqual({ lastScalingAt: version, lastConfigChangeAt: first });
    expect(world.core.queries.allTasks().map(({ id }) => id)).toContain(task?.id);
    expect(world.core.queries.appVersions("/web")).toEqual([version, first]);
    expect(world.core.queries.appVersion("/web", first ?? "")?.instances).toBe(1);
  });

  it("are kept up to a number, and never dropped while an instance runs them", () => {
    const world = World.started({ policy: { maxVersions: 3 } });
    for (let cmd = 0; cmd < 6; cmd += 1) {
      change(world, [{ cmd: `v${cmd}` }], { force: true });
      world.live(3_000);
    }
    expect(world.core.queries.appVersions("/web")).toHaveLength(3);
    expect([...world.store.keys()].filter((key) => key.startsWith("app-versions/"))).toHaveLength(2);
  });

  it("never repeat, also within one millisecond", () => {
    const world = World.started();
    change(world, [{ instances: 1 }]);
    change(world, [{ instances: 2 }], { force: true });
    change(world, [{ instances: 3 }], { force: true });
    expect(new Set(world.core.queries.appVersions("/web")).size).toBe(3);
  });
});

describe("a new process", () => {
  it("finds everything as it was", () => {
    const world = World.started();
    change(world, [
      { id: "/a", instances: 2 },
      { id: "/b/c", instances: 1 },
    ]);
    change(world, [{ id: "/a", instances: 3 }], { force: true });
    world.live(3_000);
    for (const task of world.master.alive().slice(0, 1)) world.master.endTask(task, "TASK_FAILED");
    world.live(5_000);
    const { queries } = world.core;
    const seen = () => ({
      apps: world.core.queries
        .listApps()
        .map(({ definition, lastTaskFailure }) => [definition, lastTaskFailure]),
      tasks: world.core.queries.allTasks(),
      versions: world.core.queries.appVersions("/a"),
      info: world.core.queries.frameworkInfo(),
    });
    const before = seen();
    world.crash();
    expect(world.core.queries).not.toBe(queries);
    expect(seen()).toEqual(before);
    world.live(5_000);
    expect(seen()).toEqual(before);
    expect(world.problems()).toEqual([]);
  });

  it("subscribes with the framework id it had", () => {
    const world = World.started();
    expect(world.core.queries.frameworkInfo().id).toEqual({ value: "framework-1" });
    world.crash();
    expect(world.core.queries.frameworkInfo()).toMatchObject({
      id: { value: "framework-1" },
      checkpoint: true,
      failover_timeout: 604_800,
    });
    world.drain();
    expect(types(world)).toContain("scheduler_reregistered_event");
  });

  it("refuses records of a newer build", () => {
    const world = World.started();
    change(world, [{}]);
    for (const [key, value] of world.store) {
      if (key.startsWith("apps/")) world.store.set(key, { ...(value as object), format: 2 });
    }
    expect(() => world.crash()).toThrow(/newer build/);
  });
});

describe("bad input", () => {
  it.each<ServicesEvent>([
    { kind: "statusReceived", status: aStatus("", "TASK_RUNNING") },
    { kind: "statusReceived", status: aStatus("../..", "TASK_LOST") },
    { kind: "statusReceived", status: { task_id: { value: "x" }, state: "TASK_NEW" as "TASK_RUNNING" } },
    { kind: "offersReceived", offers: [] },
    { kind: "offersReceived", offers: [{ ...anOffer(), resources: [{ name: "cpus", type: "SCALAR" }] }] },
    { kind: "offerRescinded", offerId: "no" },
    { kind: "probed", probe: { instanceId: "x", taskId: "y", checkIndex: 9 }, result: { kind: "success" } },
    { kind: "disconnected" },
    { kind: "killTasks", request: 99, ids: ["", "._app.", "a.instance-x"], mode: "wipe", force: false },
    { kind: "changeApps", request: 99, upserts: [], removals: [], force: false },
    { kind: "callFailed", call: {} },
  ])("%j does no harm", (event) => {
    const world = World.started();
    change(world, [{}]);
    tell(world, event);
    expect(world.core.check()).toEqual([]);
  });

  it("a framework that was removed ends the process", () => {
    const world = World.started();
    tell(world, { kind: "frameworkRefused", message: "Framework has been removed" });
    expect(world.stops).toEqual(["Framework has been removed"]);
  });
});
