import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineReader } from "#clients/client/agent-log.ts";
import type { InstanceItem } from "#contracts/services/own-endpoints.ts";
import { chooseInstances } from "./logs.ts";

const instance = (id: string, more: Partial<InstanceItem> = {}): InstanceItem => ({
  id,
  service: "/web",
  taskId: `${id}.1`,
  agentId: "a",
  condition: "Running",
  goal: "Running",
  isActive: true,
  ports: [],
  version: "1",
  ...more,
});

describe("whose output is shown", () => {
  const all = [
    instance("old", { endedAt: 1_000 }),
    instance("newer", { endedAt: 5_000 }),
    instance("b", { startedAt: 4 }),
    instance("a", { startedAt: 2 }),
  ];
  const chosen = (from: readonly InstanceItem[], given: { previous?: boolean; sinceMs?: number }): string[] =>
    chooseInstances(from, { previous: given.previous === true, sinceMs: given.sinceMs }, 10_000).map(
      ({ id }) => id,
    );

  it("running instances, oldest first", () => expect(chosen(all, {})).toEqual(["a", "b"]));
  it("the one that ended last, when none runs or it is asked for", () => {
    expect(chosen(all.slice(0, 2), {})).toEqual(["newer"]);
    expect(chosen(all, { previous: true })).toEqual(["newer"]);
  });
  it("also those that ended since then", () => {
    expect(chosen(all, { sinceMs: 6_000 })).toEqual(["newer", "a", "b"]);
  });
  it("none that has no task yet", () => {
    const { taskId: _taskId, ...waiting } = instance("c");
    expect(chosen([waiting], {})).toEqual([]);
  });
});

it("lines are the same however output comes in pieces", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("a", "日", "\n", "bc\n", "\r\n"), { maxLength: 30 }),
      fc.nat(5),
      (texts, size) => {
        const bytes = Buffer.from(texts.join(""));
        const reader = new LineReader();
        const lines: string[] = [];
        for (let at = 0; at < bytes.length; at += size + 1)
          lines.push(
            ...reader.push({ offset: at, base64: bytes.subarray(at, at + size + 1).toString("base64") }),
          );
        lines.push(...reader.end());
        const wanted = texts
          .join("")
          .split("\n")
          .map((line, index, all) => (index < all.length - 1 ? line.replace(/\r$/, "") : line));
        expect(lines).toEqual(wanted.at(-1) === "" ? wanted.slice(0, -1) : wanted);
      },
    ),
  );
});
