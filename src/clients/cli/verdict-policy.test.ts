import { describe, expect, it } from "vitest";
import type { ReasonCode } from "#contracts/services/reasons.ts";
import { Settling, VerdictPolicy } from "./verdict-policy.ts";

/** Shows a code every 200 ms for a while; answers when it became the verdict. */
function verdictAfter(codes: readonly (readonly [ReasonCode, number])[]): number | undefined {
  const policy = new VerdictPolicy();
  let now = 0;
  for (const [code, forMs] of codes) {
    for (const end = now + forMs; now <= end; now += 200) {
      if (policy.see([{ service: "/a", code }], now) !== undefined) return now;
    }
  }
  return undefined;
}

describe("a change that is still under way has failed", () => {
  it.each<[ReasonCode, number]>([
    ["commandNotFound", 0],
    ["userUnknown", 0],
    ["largerThanAnyNode", 0],
    ["constraintNotSatisfiable", 0],
    ["exitedAtOnce", 3_000],
    ["outOfMemory", 3_000],
    ["finished", 3_000],
    ["portsTaken", 10_000],
    ["insufficientResources", 15_000],
    ["unhealthy", 20_000],
  ])("for %s after %d ms", (code, afterMs) => {
    const at = verdictAfter([[code, 60_000]]);
    expect(at).toBeGreaterThanOrEqual(afterMs);
    expect(at).toBeLessThanOrEqual(afterMs + 400);
  });

  it.each<ReasonCode>([
    "deploymentRunning",
    "launching",
    "waitsItsTurn",
    "noOffersYet",
    "dependencyNotReady",
  ])("never for %s", (code) => {
    expect(verdictAfter([[code, 120_000]])).toBeUndefined();
  });

  it("not for a failure that heals", () => {
    expect(
      verdictAfter([
        ["exitedAtOnce", 1_000],
        ["launching", 20_000],
        ["exitedAtOnce", 1_000],
      ]),
    ).toBeUndefined();
  });

  it("when instances end and are started again, which is one trouble", () => {
    const cycle: [ReasonCode, number][] = [
      ["exitedAtOnce", 600],
      ["launching", 600],
      ["backoff", 600],
    ];
    expect(verdictAfter([...cycle, ...cycle, ...cycle])).toBeLessThan(5_000);
  });

  it("and the cause is told, not the waiting for the next try", () => {
    const policy = new VerdictPolicy();
    policy.see([{ service: "/a", code: "exitedAtOnce" }], 0);
    expect(policy.see([{ service: "/a", code: "backoff" }], 3_000)).toEqual({
      service: "/a",
      code: "exitedAtOnce",
    });
  });
});

describe("what was started has stayed", () => {
  const running = { id: "a", condition: "Running", isActive: true, goal: "Running" };

  it("after a second without health checks, at once with them", () => {
    const settling = new Settling();
    expect(settling.isSettled([running], 0)).toBe(false);
    expect(settling.isSettled([running], 999)).toBe(false);
    expect(settling.isSettled([running], 1_000)).toBe(true);
    expect(new Settling().isSettled([{ ...running, healthy: true }], 0)).toBe(true);
  });

  it("not while one does not run, and what ended does not count", () => {
    const settling = new Settling();
    expect(settling.isSettled([{ ...running, condition: "Failed" }], 5_000)).toBe(false);
    expect(settling.isSettled([{ ...running, condition: "Failed", isActive: false }], 5_000)).toBe(true);
    expect(settling.isSettled([{ ...running, condition: "Killing", goal: "Decommissioned" }], 0)).toBe(true);
    expect(settling.isSettled([], 0)).toBe(true);
  });
});
