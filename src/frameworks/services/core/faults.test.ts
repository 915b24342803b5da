/** The core under random faults: invariants 2, 3 and 7 of the simulation, in small. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { AppDefinition } from "#domain/definitions/app.ts";
import { runsOf } from "#foundation/base/testing.ts";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

type Deed =
  | { readonly kind: "deliver"; readonly count: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "startTasks" }
  | { readonly kind: "allocate" }
  | { readonly kind: "retry" }
  | {
      readonly kind: "endTask";
      readonly which: number;
      readonly state: "TASK_FAILED" | "TASK_FINISHED" | "TASK_ERROR";
    }
  | { readonly kind: "loseAgent"; readonly which: number }
  | { readonly kind: "returnAgent"; readonly which: number }
  | { readonly kind: "loseEvents"; readonly count: number }
  | { readonly kind: "loseCalls"; readonly count: number }
  | { readonly kind: "reconnect" }
  | { readonly kind: "crash" }
  | { readonly kind: "crashBeforeEffects" }
  | {
      readonly kind: "put";
      readonly app: number;
      readonly instances: number;
      readonly cmd: string;
      readonly force: boolean;
    }
  | { readonly kind: "restart"; readonly app: number; readonly force: boolean }
  | { readonly kind: "remove"; readonly app: number }
  | { readonly kind: "kill"; readonly which: number; readonly mode: "kill" | "wipe" | "scale" }
  | { readonly kind: "cancel"; readonly which: number; readonly force: boolean };

const small = fc.integer({ min: 0, max: 9 });

const aDeed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("deliver" as const), count: fc.integer({ min: 1, max: 8 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(1, 50, 1_000, 6_000, 40_000),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: "startTasks" as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: "allocate" as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: "retry" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("endTask" as const),
      which: small,
      state: fc.constantFrom("TASK_FAILED" as const, "TASK_FINISHED" as const, "TASK_ERROR" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("loseAgent" as const), which: small }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("returnAgent" as const), which: small }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("loseEvents" as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("loseCalls" as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "reconnect" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "crash" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "crashBeforeEffects" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      app: fc.integer({ min: 0, max: 2 }),
      instances: fc.integer({ min: 0, max: 4 }),
      cmd: fc.constantFrom("one", "two"),
      force: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("restart" as const),
      app: fc.integer({ min: 0, max: 2 }),
      force: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("remove" as const), app: fc.integer({ min: 0, max: 2 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("kill" as const),
      which: small,
      mode: fc.constantFrom("kill" as const, "wipe" as const, "scale" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: small, force: fc.boolean() }),
  },
);

const appIds = ["/a", "/b/c", "/b/d"] as const;

/** One in the framework's role, one that changes between this and that of its group, one in that of its group. */
const roleOf = (id: string, cmd: string): string =>
  id === "/b/d" || (id === "/b/c" && cmd === "two") ? "b" : "*";

function appOf(deed: {
  readonly app: number;
  readonly instances: number;
  readonly cmd: string;
}): AppDefinition {
  const id = appIds[deed.app] ?? "/a";
  const strategies = [
    { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
    { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
    { minimumHealthCapacity: 1, maximumOverCapacity: 0 },
  ];
  const role = roleOf(id, deed.cmd);
  return anApp({
    id,
    role,
    instances: deed.instances,
    cmd: deed.cmd,
    maxLaunchDelaySeconds: 20,
    upgradeStrategy: strategies[deed.app] ?? { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
    unreachableStrategy:
      deed.app === 1
        ? { inactiveAfterSeconds: 5, expungeAfterSeconds: 30 }
        : { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
  });
}

function pick<Item>(items: Iterable<Item>, which: number): Item | undefined {
  const all = [...items];
  return all[which % Math.max(1, all.length)];
}

function act(world: World, deed: Deed): void {
  const { master } = world;
  switch (deed.kind) {
    case "deliver":
      for (let count = 0; count < deed.count; count += 1) world.deliver();
      return;
    case "pass":
      return world.pass(deed.ms);
    case "startTasks":
      for (const task of [...master.tasks.values()]) master.startTask(task);
      return;
    case "allocate":
      return master.allocate();
    case "retry":
      return master.retryUpdates();
    case "endTask": {
      const task = pick(master.alive(), deed.which);
      if (task !== undefined) master.endTask(task, deed.state);
      return;
    }
    case "loseAgent": {
      const agent = pick(master.agents, deed.which);
      if (agent !== undefined) master.loseAgent(agent);
      return;
    }
    case "returnAgent": {
      const agent = pick(master.agents, deed.which);
      if (agent !== undefined) master.returnAgent(agent);
      return;
    }
    case "loseEvents":
      // A broken stream loses what was on it, and the framework notices.
      master.outbox.splice(0, deed.count);
      return reconnect(world);
    case "loseCalls":
      world.callsToLose += deed.count;
      return;
    case "reconnect":
      return reconnect(world);
    case "crash":
      return world.crash();
    case "crashBeforeEffects":
      world.losesNextEffects = true;
      return;
    case "put":
      world.ask((request) => ({
        kind: "changeApps",
        request,
        upserts: [{ definition: appOf(deed), expect: "any" }],
        removals: [],
        force: deed.force,
      }));
      return;
    case "restart":
      world.ask((request) => ({
        kind: "restartApp",
        request,
        appId: appIds[deed.app] ?? "/a",
        force: deed.force,
      }));
      return;
    case "remove":
      world.ask((request) => ({
        kind: "changeApps",
        request,
        upserts: [],
        removals: [appIds[deed.app] ?? "/a"],
        force: true,
      }));
      return;
    case "kill": {
      const task = pick(world.core.queries.allTasks(), deed.which);
      if (task !== undefined) {
        world.ask((request) => ({
          kind: "killTasks",
          request,
          ids: [task.id],
          mode: deed.mode,
          force: false,
        }));
      }
      return;
    }
    case "cancel": {
      const deployment = pick(world.core.queries.deployments(), deed.which);
      if (deployment !== undefined) {
        world.ask((request) => ({
          kind: "cancelDeployment",
          request,
          deploymentId: deployment.id,
          force: deed.force,
        }));
      }
      return;
    }
  }
}

function reconnect(world: World): void {
  world.master.disconnect();
  world.drain();
  world.master.connect();
}

/** Faults have stopped: everything is back, and time goes by. */
function calm(world: World): void {
  world.losesNextEffects = false;
  world.callsToLose = 0;
  if (!world.master.isConnected) world.master.connect();
  for (const agent of world.master.agents) world.master.returnAgent(agent);
  world.live(90_000, 1_000);
}

/** What is wrong with a cluster that should be as it is wished. */
function unmet(world: World): readonly string[] {
  const wrong: string[] = [];
  for (const { id } of world.core.queries.deployments()) wrong.push(`deployment ${id} goes on`);
  const alive = world.master.alive();
  for (const app of world.core.queries.listApps()) {
    const mine = alive.filter(
      ({ info }) => info.name === app.definition.id.slice(1).split("/").reverse().join("."),
    );
    if (mine.length !== app.definition.instances) {
      wrong.push(`${app.definition.id}: ${mine.length} tasks, ${app.definition.instances} wanted`);
    }
    // A forced change of the number alone lets run what an update has not replaced.
    for (const { id, role, info } of mine)
      if (role !== roleOf(app.definition.id, info.command?.value ?? ""))
        wrong.push(`${id} was offered to the role ${role}`);
    if (app.tasksRunning !== app.definition.instances)
      wrong.push(`${app.definition.id}: counts ${app.tasksRunning}`);
  }
  const defined = world.core.queries.listApps().map(({ definition }) => definition.role ?? "*");
  const roles = new Set(["*", ...defined, ...alive.map(({ role }) => role)]);
  if (world.master.roles.join() !== [...roles].join())
    wrong.push(`subscribed as ${world.master.roles.join()}, needs ${[...roles].join()}`);
  const wanted = world.core.queries.listApps().reduce((sum, app) => sum + app.definition.instances, 0);
  if (alive.length !== wanted) wrong.push(`${alive.length} tasks live, ${wanted} wanted`);
  for (const task of world.master.tasks.values()) {
    if (task.updates.length > 0) wrong.push(`${task.id} has updates nobody acknowledged`);
  }
  return wrong;
}

it("keeps its invariants at every step and reaches what is wished once faults stop", () => {
  fc.assert(
    fc.property(
      fc.array(aDeed, { minLength: 30, maxLength: 120, size: "max" }),
      fc.integer({ min: 1, max: 1_000 }),
      (deeds, seed) => {
        const world = World.started({ agents: 3, cpusEach: 6, seed });
        for (const deed of deeds) {
          act(world, deed);
          expect(world.problems()).toEqual([]);
        }
        calm(world);
        expect(world.problems()).toEqual([]);
        expect(unmet(world)).toEqual([]);
      },
    ),
    { numRuns: runsOf(200) },
  );
}, 60_000);

it("a kill of a task that nobody answers for is said again when it was lost (found with seed 1610600930)", () => {
  const world = World.started({ agents: 3, cpusEach: 6, seed: 1 });
  const deeds: readonly Deed[] = [
    { kind: "put", app: 0, instances: 1, cmd: "one", force: false },
    { kind: "pass", ms: 6000 },
    { kind: "startTasks" },
    { kind: "deliver", count: 1 },
    { kind: "loseAgent", which: 0 },
    { kind: "startTasks" },
    { kind: "put", app: 0, instances: 0, cmd: "one", force: false },
    { kind: "retry" },
    { kind: "pass", ms: 1 },
    { kind: "startTasks" },
    { kind: "reconnect" },
    { kind: "pass", ms: 40000 },
    { kind: "deliver", count: 1 },
    { kind: "pass", ms: 1 },
    { kind: "returnAgent", which: 0 },
    { kind: "loseCalls", count: 1 },
    { kind: "restart", app: 0, force: false },
    { kind: "deliver", count: 1 },
    { kind: "pass", ms: 1 },
    { kind: "put", app: 0, instances: 0, cmd: "one", force: false },
    { kind: "allocate" },
    { kind: "restart", app: 0, force: false },
    { kind: "startTasks" },
    { kind: "deliver", count: 1 },
    { kind: "startTasks" },
    { kind: "loseCalls", count: 1 },
    { kind: "deliver", count: 1 },
    { kind: "pass", ms: 1 },
    { kind: "kill", which: 0, mode: "kill" },
    { kind: "pass", ms: 1 },
    { kind: "allocate" },
    { kind: "pass", ms: 1 },
    { kind: "remove", app: 0 },
    { kind: "deliver", count: 1 },
    { kind: "allocate" },
  ];
  for (const deed of deeds) act(world, deed);
  calm(world);
  expect(unmet(world)).toEqual([]);
});
