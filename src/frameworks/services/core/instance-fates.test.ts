/** What becomes of instances: ended, killed, out of reach, never heard of. */
import { describe, expect, it } from "vitest";
import { aStatus } from "#frameworks/base/core/testing/offers.ts";
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

  it.each([
    ["TASK_KILLED", "REASON_AGENT_DRAINING", "nodeDraining"],
    ["TASK_GONE_BY_OPERATOR", "REASON_AGENT_DRAINING", "nodeDraining"],
    ["TASK_GONE_BY_OPERATOR", "REASON_AGENT_REMOVED_BY_OPERATOR", "nodeGone"],
    ["TASK_DROPPED", "REASON_AGENT_DRAINING", "nodeDraining"],
  ] as const)(
    "as %s because of %s is followed at once, and is no failure of the service",
    (state, reason, code) => {
      const world = World.started();
      change(world, [{ backoffSeconds: 100 }]);
      world.live(1_000);
      const [task] = world.master.alive();
      if (task === undefined) throw new Error("no task");
      task.state = "ended";
      world.apply({
        kind: "statusReceived",
        status: aStatus(task.id, state, { agent_id: { value: task.agentId }, reason }),
      });
      const known = { now: world.now, known: undefined, nodesMax: 1 };
      expect(world.core.own.explain(task.id, known)?.reasons.map((each) => each.code)).toEqual([code]);
      world.master.allocate();
      world.drain();
      expect(world.master.alive().map(({ id }) => id)).toEqual([task.id.replace(/1$/, "2")]);
    },
  );

  it("because its node is drained is followed at once, though others failed just before", () => {
    const world = World.started();
    change(world, [{ instances: 2, backoffSeconds: 100 }]);
    world.live(1_000);
    const [failed, drained] = world.master.alive();
    if (failed === undefined || drained === undefined) throw new Error("no tasks");
    world.master.endTask(failed, "TASK_FAILED");
    world.drain();
    expect(world.core.queries.queue(world.now, { lastUnusedOffers: false })).toMatchObject([
      { delay: { timeLeftSeconds: 100 } },
    ]);
    drained.state = "ended";
    const reason = "REASON_AGENT_DRAINING";
    world.apply({
      kind: "statusReceived",
      status: aStatus(drained.id, "TASK_KILLED", { agent_id: { value: drained.agentId }, reason }),
    });
    world.drain();
    world.master.allocate();
    world.drain();
    expect(world.master.alive().map(({ id }) => id)).toHaveLength(2);
  });

  it.each([
    { killSelection: "YOUNGEST_FIRST" as const, goes: "again" },
    { killSelection: "OLDEST_FIRST" as const, goes: "waiting" },
  ])(
    "and is on its way again is the youngest: $killSelection ends the one $goes",
    ({ killSelection, goes }) => {
      for (const at of [0, 1]) {
        const world = World.started({ agents: 1 });
        const app = { killSelection, backoffSeconds: 1 };
        change(world, [{ ...app, instances: 2 }]);
        world.pass(100);
        world.master.allocate();
        world.drain();
        const tasks = world.master.alive();
        const ended = tasks[at];
        const other = tasks[1 - at];
        if (ended === undefined || other === undefined) throw new Error("no tasks");
        world.master.endTask(ended, "TASK_FAILED");
        world.drain();
        world.pass(2_000);
        world.master.allocate();
        world.drain();
        const again = ended.id.replace(/1$/, "2");
        expect(
          world.master
            .alive()
            .map(({ id }) => id)
            .sort(),
        ).toEqual([again, other.id].sort());
        change(world, [{ ...app, instances: 1 }], { force: true });
        const killed = calls(world, "KILL").map(({ kill }) => kill?.task_id.value);
        expect(killed).toEqual([goes === "again" ? again : other.id]);
      }
    },
  );

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
    const left = [...world.store.keys()].map((key) => key.slice(0, key.indexOf("/")));
    // Only what people may ask about afterwards.
    expect(new Set(left)).toEqual(
      new Set(["framework", "ended-instances", "ended-deployments", "groups", "root-versions"]),
    );
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
