import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  combinedHealth,
  firstProbeDelayMs,
  type Health,
  type HealthEvent,
  type HealthPolicy,
  hasResult,
  isAlive,
  noHealth,
  stepHealth,
} from "./index.ts";

const policy: HealthPolicy = { gracePeriodMs: 10_000, intervalMs: 60_000, maxConsecutiveFailures: 3 };

const ok = (at: number): HealthEvent => ({ kind: "probeSucceeded", at });
const bad = (at: number, more: { runningSince?: number; isReachable?: boolean } = {}): HealthEvent => ({
  kind: "probeFailed",
  at,
  cause: `refused at ${at}`,
  runningSince: more.runningSince ?? 0,
  isReachable: more.isReachable ?? true,
});

function run(events: readonly HealthEvent[], using: HealthPolicy = policy) {
  let health: Health = noHealth;
  const verdicts: string[] = [];
  for (const event of events) {
    const step = stepHealth(health, event, using);
    health = step.health;
    verdicts.push(step.verdict.kind);
  }
  return { health, verdicts };
}

describe("health of one task under one check", () => {
  const cases: {
    name: string;
    events: HealthEvent[];
    using?: HealthPolicy;
    verdicts: string[];
    failures: number;
    alive: boolean;
  }[] = [
    { name: "nothing known is not alive", events: [], verdicts: [], failures: 0, alive: false },
    { name: "one success is alive", events: [ok(1)], verdicts: ["recorded"], failures: 0, alive: true },
    {
      name: "failures in grace are ignored while never successful",
      events: [bad(1), bad(9_999)],
      verdicts: ["ignored", "ignored"],
      failures: 0,
      alive: false,
    },
    {
      name: "the first instant after the grace period counts",
      events: [bad(10_000)],
      verdicts: ["recorded"],
      failures: 1,
      alive: false,
    },
    {
      name: "grace ends with the first success",
      events: [ok(1), bad(2)],
      verdicts: ["recorded", "recorded"],
      failures: 1,
      alive: false,
    },
    {
      name: "three failures in a row don't kill, the fourth does",
      events: [ok(1), bad(2), bad(3), bad(4), bad(5)],
      verdicts: ["recorded", "recorded", "recorded", "recorded", "kill"],
      failures: 4,
      alive: false,
    },
    {
      name: "a success starts the count again",
      events: [ok(1), bad(2), bad(3), bad(4), ok(5), bad(6)],
      verdicts: Array<string>(6).fill("recorded"),
      failures: 1,
      alive: false,
    },
    {
      name: "with at most 0 failures nothing is ever killed",
      events: [ok(1), ...Array.from({ length: 20 }, (_, index) => bad(index + 2))],
      using: { ...policy, maxConsecutiveFailures: 0 },
      verdicts: Array<string>(21).fill("recorded"),
      failures: 20,
      alive: false,
    },
    {
      name: "an unreachable task is not judged",
      events: [ok(1), bad(2, { isReachable: false })],
      verdicts: ["recorded", "ignored"],
      failures: 0,
      alive: true,
    },
    {
      name: "grace counts from when the task ran",
      events: [bad(20_000, { runningSince: 15_000 })],
      verdicts: ["ignored"],
      failures: 0,
      alive: false,
    },
  ];
  for (const { name, events, using, verdicts, failures, alive } of cases) {
    it(name, () => {
      const result = run(events, using);
      expect(result.verdicts).toEqual(verdicts);
      expect(result.health.consecutiveFailures).toBe(failures);
      expect(isAlive(result.health)).toBe(alive);
    });
  }

  it("keeps the first success, the last success, the last failure and its cause", () => {
    expect(run([ok(1), ok(2), bad(3), bad(4)]).health).toEqual({
      consecutiveFailures: 2,
      firstSuccessAt: 1,
      lastSuccessAt: 2,
      lastFailureAt: 4,
      lastFailureCause: "refused at 4",
    });
  });

  it("kills exactly on failure max + 1 of a run, for any order of results", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        (results, max) => {
          const events = [ok(0), ...results.map((good, index) => (good ? ok(index + 1) : bad(index + 1)))];
          const { verdicts } = run(events, { ...policy, maxConsecutiveFailures: max });
          let inARow = 0;
          for (const [index, good] of [true, ...results].entries()) {
            inARow = good ? 0 : inARow + 1;
            expect(verdicts[index] === "kill").toBe(inARow > max);
          }
        },
      ),
    );
  });

  it("is alive exactly when the last recorded result was a success", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), (results) => {
        const { health } = run([ok(0), ...results.map((good, index) => (good ? ok(index) : bad(index)))]);
        expect(isAlive(health)).toBe(results.at(-1));
      }),
    );
  });
});

describe("the first probe", () => {
  it.each([
    [1_000, 1_000],
    [5_000, 5_000],
    [60_000, 5_000],
  ])("with an interval of %i ms is sent after %i ms", (intervalMs, expected) => {
    expect(firstProbeDelayMs({ ...policy, intervalMs })).toBe(expected);
  });
});

describe("health under several checks", () => {
  const alive = run([ok(1)]).health;
  const failing = run([ok(1), bad(2)]).health;

  it("is unknown without checks", () => expect(combinedHealth([])).toBeUndefined());
  it("is unknown while a check has no result", () =>
    expect(combinedHealth([alive, noHealth])).toBeUndefined());
  it("is true when all are alive", () => expect(combinedHealth([alive, alive])).toBe(true));
  it("is false as soon as one fails", () => {
    expect(combinedHealth([noHealth, failing])).toBe(false);
    expect(hasResult(noHealth)).toBe(false);
  });
});
