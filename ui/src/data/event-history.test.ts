import { describe, expect, it } from "vitest";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import { isAbout, joined } from "./event-history.ts";

const event = (number: number, kind: ClusterEvent["kind"] = "task"): ClusterEvent => ({
  id: `m-${number}`,
  at: number,
  kind,
  change: "x",
  object: "t",
});

describe("events of one object", () => {
  it("are its own and those of what belongs to it", () => {
    const task = { ...event(1), object: "a.1", service: "/a" };
    const own = { ...event(2), object: "/a" };
    const other = { ...event(3), object: "/ab", service: "/ab" };
    expect([task, own, other].filter((each) => isAbout(each, "/a"))).toEqual([task, own]);
  });
});

describe("events of before and of now", () => {
  it("are newest first, each once, without resets", () => {
    const shown = joined([event(5), event(4)], [event(1), event(2, "reset"), event(3), event(4)]);
    expect(shown.map(({ id }) => id)).toEqual(["m-5", "m-4", "m-3", "m-1"]);
  });
});
