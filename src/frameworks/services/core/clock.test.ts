/** F13: clocks that were set, or that differ between masters. */
import { expect, it } from "vitest";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

const hour = 3_600_000;
const day = 24 * hour;

function running(): World {
  const world = World.started({ agents: 2 });
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: [
      {
        definition: anApp({
          instances: 2,
          backoffSeconds: 10,
          unreachableStrategy: { inactiveAfterSeconds: 300, expungeAfterSeconds: 600 },
        }),
        expect: "any",
      },
    ],
    removals: [],
    force: false,
  }));
  world.live(2_000);
  return world;
}

const tasks = (world: World): readonly string[] =>
  world.core.queries
    .allTasks()
    .map(({ id }) => id)
    .sort();

it.each([
  ["an hour ahead", hour],
  ["two days behind", -2 * day],
])(
  "reliability.md§4#F13 a new process whose clock is %s keeps every task and loses no time",
  (_name, jump) => {
    const world = running();
    const before = tasks(world);
    world.now += jump;
    world.crash();
    world.live(60_000);
    expect(tasks(world)).toEqual(before);
    expect(world.problems()).toEqual([]);
    const [first] = world.master.alive();
    if (first === undefined) throw new Error("no task");
    world.master.endTask(first, "TASK_FAILED");
    world.live(12_000);
    expect(world.core.queries.app("/web")).toMatchObject({ tasksRunning: 2 });
    const version = (): number => Date.parse(world.core.queries.app("/web")?.definition.version ?? "");
    const former = version();
    world.ask((request) => ({
      kind: "changeApps",
      request,
      upserts: [{ definition: anApp({ instances: 2, cmd: "other" }), expect: "any" }],
      removals: [],
      force: false,
    }));
    world.live(60_000);
    // Versions are instants, and go on from the newest whatever the clock says.
    expect(version()).toBeGreaterThan(former);
    expect(world.core.queries.app("/web")).toMatchObject({ tasksRunning: 2 });
  },
);

it("reliability.md§4#F13 what was out of reach when the clock went back two days is replaced after the time it says", () => {
  const world = running();
  const [agent] = world.master.agents;
  if (agent === undefined) throw new Error("no agent");
  world.master.loseAgent(agent);
  world.drain();
  const away = world.core.queries.allTasks().filter(({ state }) => state === "TASK_UNREACHABLE").length;
  expect(away).toBeGreaterThan(0);
  world.now -= 2 * day;
  world.crash();
  world.live(290_000);
  expect(world.core.queries.app("/web")).toMatchObject({ tasksRunning: 2 - away });
  world.live(20_000);
  expect(world.core.queries.app("/web")).toMatchObject({ tasksRunning: 2 });
});

it("reliability.md§4#F13 a master whose clock is ten minutes ahead delays no replacement", () => {
  const world = running();
  const [agent] = world.master.agents;
  if (agent === undefined) throw new Error("no agent");
  world.master.loseAgent(agent);
  const told = world.master.outbox.splice(0).map((event) =>
    event.kind === "statusReceived"
      ? {
          ...event,
          status: { ...event.status, unreachable_time: { nanoseconds: (world.now + 600_000) * 1e6 } },
        }
      : event,
  );
  world.master.outbox.push(...told);
  world.drain();
  expect(world.core.queries.app("/web")?.tasksRunning).toBeLessThan(2);
  world.live(310_000);
  expect(world.core.queries.app("/web")?.tasksRunning).toBe(2);
});
