import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseRemovals, type KeptSandbox } from "./sandbox-removal.ts";

const at = (
  containerId: string,
  endedAt: number,
  bytes: number,
  state: KeptSandbox["state"] = "TASK_FINISHED",
): KeptSandbox => ({ containerId, endedAt, state, bytes });

const now = 1_000;
const cases: {
  readonly name: string;
  readonly kept: readonly KeptSandbox[];
  readonly keepMs?: number;
  readonly bytesMax?: number;
  readonly removed: readonly string[];
}[] = [
  { name: "nothing within budget and age", kept: [at("a", 900, 10)], removed: [] },
  {
    name: "what is old enough, whatever it takes",
    kept: [at("b", 500, 0), at("a", 400, 0, "TASK_FAILED"), at("c", 501, 0)],
    keepMs: 500,
    removed: ["a", "b"],
  },
  {
    name: "the oldest over the budget, no more than needed",
    kept: [at("a", 1, 40), at("b", 2, 40), at("c", 3, 40)],
    bytesMax: 80,
    removed: ["a"],
  },
  {
    name: "those that ended well before older ones that failed",
    kept: [at("a", 1, 40, "TASK_FAILED"), at("b", 2, 40), at("c", 3, 40, "TASK_KILLED")],
    bytesMax: 40,
    removed: ["b", "c"],
  },
  {
    name: "failed ones too when nothing else is left",
    kept: [at("a", 1, 40, "TASK_FAILED"), at("b", 2, 40, "TASK_LOST"), at("c", 3, 40)],
    bytesMax: 40,
    removed: ["c", "a"],
  },
  {
    name: "not what frees nothing",
    kept: [at("a", 1, 0), at("b", 2, 50)],
    bytesMax: 10,
    removed: ["b"],
  },
  {
    name: "what is too old counts no more for the budget",
    kept: [at("a", 1, 90), at("b", 900, 50)],
    keepMs: 500,
    bytesMax: 60,
    removed: ["a"],
  },
];

describe("which sandboxes go", () => {
  for (const { name, kept, keepMs = 10_000, bytesMax = 1_000, removed } of cases) {
    it(name, () => {
      expect(chooseRemovals(kept, now, { keepMs, bytesMax })).toEqual(removed);
    });
  }

  it("ux.md§6#7 what stays is within budget and age, and no failed one goes for the budget before one that ended well", () => {
    const sandbox = fc.record({
      endedAt: fc.integer({ min: 0, max: 1_000 }),
      bytes: fc.integer({ min: 0, max: 100 }),
      state: fc.constantFrom("TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", undefined),
    }) as fc.Arbitrary<Omit<KeptSandbox, "containerId">>;
    fc.assert(
      fc.property(
        fc.array(sandbox, { maxLength: 30 }),
        fc.nat(500),
        fc.nat(1_000),
        (all, bytesMax, keepMs) => {
          const kept = all.map((each, index) => ({ ...each, containerId: String(index) }));
          const removed = new Set(chooseRemovals(kept, now, { keepMs, bytesMax }));
          const left = kept.filter(({ containerId }) => !removed.has(containerId));
          expect(left.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(bytesMax);
          expect(left.every(({ endedAt }) => endedAt + keepMs > now)).toBe(true);
          const young = kept.filter(({ endedAt }) => endedAt + keepMs > now);
          const failedWent = young.some(
            (each) => each.state === "TASK_FAILED" && removed.has(each.containerId),
          );
          const wellStayed = left.some((each) => each.state !== "TASK_FAILED" && each.bytes > 0);
          expect(failedWent && wellStayed).toBe(false);
        },
      ),
    );
  });
});
