import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Condition } from "./conditions.ts";
import { type KillCandidate, orderForReplacement, selectToKill } from "./kill-order.ts";

const one = (id: string, since: number, condition: Condition = "Running"): KillCandidate => ({
  id,
  since,
  condition,
});
const ids = (all: readonly KillCandidate[]) => all.map(({ id }) => id).join("");

describe("which instances go first", () => {
  const running = [one("a", 1), one("b", 3), one("c", 2)];

  it("the youngest", () =>
    expect(ids(selectToKill(running, 2, { killSelection: "YOUNGEST_FIRST" }))).toBe("bc"));
  it("the oldest", () => expect(ids(selectToKill(running, 2, { killSelection: "OLDEST_FIRST" }))).toBe("ac"));
  it("none when none is asked for", () =>
    expect(selectToKill(running, 0, { killSelection: "OLDEST_FIRST" })).toEqual([]));
  it("all when more are asked for than there are", () =>
    expect(selectToKill(running, 9, { killSelection: "OLDEST_FIRST" })).toHaveLength(3));
  it("the sentenced, even when more than asked for", () => {
    const sentenced = new Set(["a", "c"]);
    expect(ids(selectToKill(running, 1, { killSelection: "YOUNGEST_FIRST", sentenced }))).toBe("ac");
    expect(ids(selectToKill(running, 3, { killSelection: "YOUNGEST_FIRST", sentenced }))).toBe("acb");
  });
  it("those that do least: unplaced, unreachable, staging, starting, running", () => {
    const all = [
      one("5", 1, "Running"),
      one("4", 1, "Starting"),
      one("3", 1, "Staging"),
      one("2", 1, "Unreachable"),
      one("1", 1, "Scheduled"),
      one("6", 1, "Killing"),
    ];
    expect(ids(selectToKill(all, 6, { killSelection: "OLDEST_FIRST" }))).toBe("123456");
  });
  it("those that are being ended, before those that run on", () => {
    const all = [one("a", 1), { ...one("b", 2), isEnding: true }, one("c", 3)];
    expect(ids(selectToKill(all, 1, { killSelection: "YOUNGEST_FIRST" }))).toBe("b");
    expect(ids(selectToKill(all, 1, { killSelection: "OLDEST_FIRST" }))).toBe("b");
  });
  it("by id when nothing else tells them apart", () => {
    const twins = [one("c", 1), one("a", 1), one("b", 1)];
    expect(ids(selectToKill(twins, 3, { killSelection: "OLDEST_FIRST" }))).toBe("abc");
    expect(ids(selectToKill(twins, 3, { killSelection: "YOUNGEST_FIRST" }))).toBe("abc");
  });
});

describe("balance of groups", () => {
  const zoneOf = ({ id }: KillCandidate) => id[0];

  it("takes from the fullest group first", () => {
    const all = [one("a1", 1), one("a2", 2), one("a3", 3), one("b1", 9)];
    const selected = selectToKill(all, 2, { killSelection: "YOUNGEST_FIRST", groupings: [zoneOf] });
    expect(selected.map(({ id }) => id)).toEqual(["a3", "a2"]);
  });

  it("never makes groups less even than they were, and by at most one when they were even", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(30),
        (size, zones, count) => {
          const all = Array.from({ length: size * zones }, (_, index) =>
            one(`${String.fromCharCode(97 + (index % zones))}${index}`, index),
          );
          const gone = new Set(
            selectToKill(all, count, { killSelection: "OLDEST_FIRST", groupings: [zoneOf] }),
          );
          const left = new Map<string, number>();
          for (let zone = 0; zone < zones; zone += 1) left.set(String.fromCharCode(97 + zone), 0);
          for (const each of all) {
            if (!gone.has(each)) left.set(each.id[0] ?? "", (left.get(each.id[0] ?? "") ?? 0) + 1);
          }
          expect(Math.max(...left.values()) - Math.min(...left.values())).toBeLessThanOrEqual(1);
          expect(gone.size).toBe(Math.min(count, all.length));
        },
      ),
    );
  });
});

it("a replacement takes the ones that don't serve first", () => {
  const all = [one("a", 1), one("b", 2), one("c", 3)];
  const ordered = orderForReplacement(all, ({ id }) => id !== "a", "YOUNGEST_FIRST");
  expect(ids(ordered)).toBe("acb");
});
