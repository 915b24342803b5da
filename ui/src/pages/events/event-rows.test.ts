import { describe, expect, it } from "vitest";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import { detailText, matchesWords } from "./event-rows.ts";

const event: ClusterEvent = {
  id: "7",
  at: 1_000,
  kind: "task",
  change: "TASK_FAILED",
  object: "shop_cart.1",
  service: "/shop/cart",
  detail: { host: "node-1", message: "exited with 2" },
};

describe("events on the page", () => {
  it.each([
    ["", true],
    ["task_failed", true],
    ["cart node-1", true],
    ["cart node-2", false],
  ])("words %j match: %s", (words, matches) => {
    expect(matchesWords(event, words)).toBe(matches);
  });

  it("says its facts in one line", () => {
    expect(detailText(event)).toBe("host node-1 · exited with 2");
    expect(detailText({ ...event, detail: {} })).toBe("");
  });
});
