import { describe, expect, it } from "vitest";
import { eventDetail } from "./service-events.ts";

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
  it("say what they happened to, when that is not the service", () => {
    const own = { id: "2", at: 0, kind: "service", change: "changed", object: "/a" } as const;
    expect([eventDetail(task), eventDetail(own)]).toEqual(["a.1 · host: n · code: 2", ""]);
  });
});
