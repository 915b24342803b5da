import { describe, expect, it } from "vitest";
import { taskStateOf } from "./task-states.ts";

describe("task states", () => {
  it.each([
    ["TASK_RUNNING", undefined, "good"],
    ["TASK_RUNNING", true, "good"],
    ["TASK_RUNNING", false, "bad"],
    ["TASK_FAILED", false, "bad"],
    ["TASK_OF_A_NEWER_MESOS", undefined, "idle"],
  ])("%s, healthy %s, is %s", (state, healthy, tone) => {
    expect(taskStateOf(state, healthy).tone).toBe(tone);
  });

  it("has no word of its own for a state it does not know", () => {
    expect(taskStateOf("TASK_OF_A_NEWER_MESOS", undefined).word).toBeUndefined();
  });
});
