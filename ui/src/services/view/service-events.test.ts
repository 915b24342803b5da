import { describe, expect, it } from "vitest";
import { eventDetail, eventsOf } from "./service-events.ts";

const task = {
  id: "1",
  at: 0,
  kind: "task",
  change: "TASK_FAILED",
  object: "a.1",
  service: "/a",
  detail: { host: "n", code: 2 },
} as const;

describe("events of a service", () => {
  it("are its own and its tasks'", () => {
    const own = { id: "2", at: 0, kind: "service", change: "changed", object: "/a" } as const;
    const other = { id: "3", at: 0, kind: "service", change: "changed", object: "/ab" } as const;
    expect(eventsOf([task, own, other], "/a")).toEqual([task, own]);
    expect([eventDetail(task), eventDetail(own)]).toEqual(["a.1 · host: n · code: 2", ""]);
  });
});
