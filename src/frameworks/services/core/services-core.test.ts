/** What one app goes through, seen from outside the core. */
import { describe, expect, it } from "vitest";
import type { RequestResult } from "./effects.ts";
import type { ServicesEvent } from "./events.ts";
import { anApp, anOffer, aStatus } from "./testing/builders.ts";
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

describe("a task that ends", () => {
  it("is followed by the next incarnation of the same instance, after the delay", () => {
    const world = World.started();
    change(world, [{ backoffSeconds: 2 }]);
    world.live(1_000);
    const [task] = world.master.alive();
    if (task === undefined) throw new Error("no task");
    world.master.endTask(task, "TASK_FAILED");
    world.drain();
    expect(world.core.queries.queue(world.now, { lastUnusedOffers: false })).toMatchObject([
      { count: 1, delay: { timeLeftSeconds: 2, overdue: false } },
    ]);
    world.pass(1_500);
    expect(world.master.alive()).toHaveLength(0);
    world.pass(600);
    world.master.allocate();
    world.drain();
    expect(world.master.alive().map(({ id }) => id)).toEqual([task.id.replace(/1$/, "2")]);
    expect(world.core.queries.app("/web")?.lastTaskFailure).toMatchObject({
      taskId: task.id,
      state: "TASK_FAILED",
      host: "agent-1.example",
    });
  });

  it("by a kill is followed at once", () => {
    const world = World.started();
    change(world, [{}]);
    world.live(1_000);
    const [task] = world.core.queries.allTasks();
    const request = world.ask((number) => ({
      kind: "killTasks",
      request: number,
      ids: [task?.id ?? ""],
      mode: "kill",
      force: false,
    }));
    expect(world.replies.get(request)).toMatchObject({ kind: "killed", tasks: [{ id: task?.id }] });
    world.drain();
    world.pass(50);
    expect(world.master.alive().map(({ id }) => id)).toEqual([task?.id.replace(/1$/, "2")]);
  });

  it("the delay can be reset", () => {
    const world = World.started();
    change(world, [{ backoffSeconds: 100, maxLaunchDelaySeconds: 200 }]);
    world.live(1_000);
    for (const task of world.master.alive()) world.master.endTask(task, "TASK_FINISHED");
    world.drain();
    const request = world.ask((number) => ({ kind: "resetDelay", request: number, appId: "/web" }));
    expect(world.replies.get(request)).toEqual({ kind: "done" });
    world.drain();
    expect(world.master.alive()).toHaveLength(1);
  });

  it("told twice counts once, and is acknowledged twice", () => {
    const world = World.started();
    change(world, [{}]);
    world.live(1_000);
    const [task] = world.master.alive();
    const status = aStatus(task?.id ?? "", "TASK_FAILED");
    tell(world, { kind: "statusReceived", status });
    const before = world.core.snapshot();
    const { writes, effects } = world.core.apply({ kind: "statusReceived", status }, world.now);
    expect(writes).toEqual([]);
    expect(effects).toMatchObject([{ kind: "call", call: { type: "ACKNOWLEDGE" } }]);
    expect(world.core.snapshot()).toEqual(before);
  });

  it("without a uuid is not acknowledged", () => {
    const world = World.started();
    const { uuid: _uuid, ...status } = aStatus("strange", "TASK_FAILED");
    expect(world.core.apply({ kind: "statusReceived", status }, world.now).effects).toEqual([]);
  });

  it("is killed when nobody knows it", () => {
    const world = World.started();
    const id = "web.instance-00000000-0000-4000-8000-000000000000._app.1";
    tell(world, { kind: "statusReceived", status: aStatus(id, "TASK_RUNNING") });
    expect(calls(world, "KILL")).toMatchObject([{ kill: { task_id: { value: id } } }]);
    tell(world, { kind: "statusReceived", status: aStatus(id, "TASK_KILLED") });
    expect(world.ofType("unknown_instance_terminated_event")).toMatchObject([
      { runSpecId: "/web", condition: "Killed" },
    ]);
  });
});

describe("kills", () => {
  const kill = (world: World, mode: "kill" | "wipe" | "scale", ids: string[]) =>
    world.ask((request) => ({ kind: "killTasks", request, ids, mode, force: false }));

  it("with wipe: another instance, and the answer when the old one is gone", () => {
    const world = World.started();
    change(world, [{}]);
    world.live(1_000);
    const [task] = world.core.queries.allTasks();
    world.callsToLose = 1;
    const request = kill(world, "wipe", [task?.id ?? ""]);
    expect(world.replies.get(request)).toBeUndefined();
    world.pass(31_000);
    world.live(1_000);
    expect(world.replies.get(request)).toMatchObject({ kind: "killed", tasks: [{ id: task?.id }] });
    const [next] = world.core.queries.allTasks();
    expect(next?.id.split("._app")[0]).not.toBe(task?.id.split("._app")[0]);
  });

  it("with scale: a deployment that lowers the number by exactly those", () => {
    const world = World.started();
    change(world, [{ instances: 3 }]);
    world.live(1_000);
    const [first, second, third] = world.core.queries.allTasks().map(({ id }) => id);
    const request = kill(world, "scale", [first ?? "", third ?? ""]);
    expect(world.replies.get(request)).toMatchObject({ kind: "deployed", apps: [{ instances: 1 }] });
    world.live(2_000);
    expect(world.core.queries.allTasks().map(({ id }) => id)).toEqual([second]);
    expect(world.core.queries.deployments()).toEqual([]);
  });

  it("of unknown or earlier tasks are skipped", () => {
    const world = World.started();
    change(world, [{}]);
    world.live(1_000);
    const id = world.core.queries.allTasks()[0]?.id ?? "";
    const request = kill(world, "kill", ["nonsense", id.replace(/1$/, "7")]);
    expect(world.replies.get(request)).toEqual({ kind: "killed", tasks: [] });
    expect(calls(world, "KILL")).toEqual([]);
  });

  it("are repeated every 30 s until the task is over, and survive the process", () => {
    const world = World.started();
    change(world, [{}]);
    world.live(1_000);
    const id = world.core.queries.allTasks()[0]?.id ?? "";
    world.callsToLose = 1;
    kill(world, "kill", [id]);
    expect(world.master.alive()).toHaveLength(1);
    world.pass(29_000);
    expect(world.master.alive()).toHaveLength(1);
    world.pass(2_000);
    expect(calls(world, "KILL")).toHaveLength(1);
    const second = world.core.queries.allTasks()[0]?.id ?? "";
    world.callsToLose = 1;
    world.live(1_000);
    kill(world, "kill", [second]);
    world.crash();
    world.callsToLose = 0;
    world.live(2_000);
    expect(world.master.alive().map((task) => task.id)).not.toContain(second);
  });

  it("are at most 100 in flight", () => {
    const world = World.started({ agents: 20, cpusEach: 10, policy: { launchTokens: 1_000 } });
    change(world, [{ instances: 150, cpus: 0.1 }]);
    world.live(10_000);
    expect(world.core.queries.app("/web")?.tasksRunning).toBe(150);
    world.callsToLose = 1_000;
    change(world, [], { removals: ["/web"] });
    expect(world.callsToLose).toBe(900);
    world.callsToLose = 0;
    world.live(70_000);
    expect(world.master.alive()).toEqual([]);
    expect(world.core.queries.deployments()).toEqual([]);
  });
});

describe("deleting an app", () => {
  it("forgets it at once, ends its tasks, and says so at the end", () => {
    const world = World.started();
    change(world, [{ instances: 2 }]);
    world.live(1_000);
    change(world, [], { removals: ["/web"] });
    expect(world.core.queries.app("/web")).toBeUndefined();
    world.live(2_000);
    expect(world.master.alive()).toEqual([]);
    expect(world.ofType("app_terminated_event")).toMatchObject([{ appId: "/web" }]);
    expect([...world.store.keys()].filter((key) => !key.startsWith("framework/"))).toEqual([]);
  });

  it("and creating it again by force starts afresh", () => {
    const world = World.started();
    change(world, [{ instances: 2, cmd: "one" }]);
    world.live(1_000);
    change(world, [], { removals: ["/web"] });
    change(world, [{ instances: 2, cmd: "two" }], { force: true });
    world.live(3_000);
    expect(world.master.alive().map(({ info }) => info.command?.value)).toEqual(["two", "two"]);
    expect(world.core.queries.appVersions("/web")).toHaveLength(1);
  });
});

describe("agents that can't be reached", () => {
  it("with both times 0: replaced at once, killed when they come back", () => {
    const world = World.started({ agents: 2 });
    change(world, [{ instances: 1 }]);
    world.live(1_000);
    const [task] = world.master.alive();
    const agent = world.master.agents.find(({ id }) => id === task?.agentId);
    if (agent === undefined) throw new Error("no agent");
    world.master.loseAgent(agent);
    world.live(1_000);
    expect(world.core.queries.allTasks().map(({ id }) => id)).not.toContain(task?.id);
    expect(world.core.queries.app("/web")?.tasksRunning).toBe(1);
    world.master.returnAgent(agent);
    world.live(2_000);
    expect(world.master.alive()).toHaveLength(1);
    expect(world.master.alive()[0]?.id).not.toBe(task?.id);
  });

  it("with times: unreachable, then replaced, then one too many when they come back in time", () => {
    const world = World.started({ agents: 2 });
    change(world, [{ unreachableStrategy: { inactiveAfterSeconds: 10, expungeAfterSeconds: 100 } }]);
    world.live(1_000);
    const [task] = world.master.alive();
    const agent = world.master.agents.find(({ id }) => id === task?.agentId);
    if (agent === undefined) throw new Error("no agent");
    world.master.loseAgent(agent);
    world.live(5_000);
    expect(world.core.queries.allTasks().map(({ state }) => state)).toEqual(["TASK_UNREACHABLE"]);
    world.live(8_000);
    expect(
      world.core.queries
        .allTasks()
        .map(({ state }) => state)
        .sort(),
    ).toEqual(["TASK_RUNNING", "TASK_UNREACHABLE"]);
    world.master.returnAgent(agent);
    world.live(3_000);
    expect(world.master.alive()).toHaveLength(1);
    expect(world.core.queries.allTasks().map(({ state }) => state)).toEqual(["TASK_RUNNING"]);
  });

  it("disabled: never replaced", () => {
    const world = World.started({ agents: 2 });
    change(world, [{ unreachableStrategy: "disabled" }]);
    world.live(1_000);
    const [task] = world.master.alive();
    const agent = world.master.agents.find(({ id }) => id === task?.agentId);
    if (agent === undefined) throw new Error("no agent");
    world.master.loseAgent(agent);
    world.pass(3_600_000);
    expect(world.core.queries.allTasks().map(({ id, state }) => [id, state])).toEqual([
      [task?.id, "TASK_UNREACHABLE"],
    ]);
  });
});

describe("launches that are not heard of", () => {
  it("are killed and tried again after 300 s", () => {
    const world = World.started();
    change(world, [{}]);
    world.master.allocate();
    world.drain();
    const [task] = world.master.alive();
    // Reconciliation after 15 s hears that the task is staging; from then on it has 300 s again.
    world.pass(314_000);
    expect(world.core.queries.task(task?.id ?? "")?.state).toBe("TASK_STAGING");
    expect(calls(world, "KILL")).toEqual([]);
    world.pass(2_000);
    expect(calls(world, "KILL")).toHaveLength(1);
    world.live(3_000);
    expect(world.core.queries.allTasks().map(({ id, state }) => [id, state])).toEqual([
      [task?.id.replace(/1$/, "2"), "TASK_RUNNING"],
    ]);
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
