import { expect, it } from "vitest";
import { anApp } from "./testing/builders.ts";
import { World } from "./testing/world.ts";

it("smoke", () => {
  const world = World.started();
  const r = world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: [{ definition: anApp({ instances: 3 }), expect: "absent" }],
    removals: [],
    force: false,
  }));
  console.log(JSON.stringify(world.replies.get(r)));
  world.live(2000);
  console.log(world.published.map((e) => e.eventType).join(" "));
  console.log(
    JSON.stringify(world.core.queries.listApps()[0]),
    JSON.stringify(world.core.queries.allTasks()[0]),
  );
  console.log(world.master.calls.map((c) => c.type).join(" "));
  expect(world.problems()).toEqual([]);
  expect(world.master.alive().length).toBe(3);
  world.ask((request) => ({
    kind: "changeApps",
    request,
    upserts: [{ definition: anApp({ instances: 3, cmd: "v2" }), expect: "present" }],
    removals: [],
    force: false,
  }));
  world.live(5000);
  console.log(JSON.stringify(world.core.queries.deployments()));
  expect(world.problems()).toEqual([]);
  expect(world.master.alive().map((t) => t.info.command?.value)).toEqual(["v2", "v2", "v2"]);
  world.crash();
  world.live(5000);
  expect(world.problems()).toEqual([]);
  expect(world.master.alive().length).toBe(3);
});
