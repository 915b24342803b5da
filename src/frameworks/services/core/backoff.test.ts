import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Backoff,
  type BackoffPolicy,
  backoffAfterFailure,
  backoffAfterProgress,
  backoffEndsAt,
  isBackoffForgotten,
} from "./backoff.ts";

const policy: BackoffPolicy = { backoffMs: 1_000, factor: 2, maxDelayMs: 10_000 };

describe("backoff of an app", () => {
  it("starts with backoffSeconds and grows by the factor up to the maximum", () => {
    const delays: number[] = [];
    let backoff: Backoff | undefined;
    for (let failure = 0; failure < 6; failure += 1) {
      backoff = backoffAfterFailure(backoff, policy, 0);
      delays.push(backoff.delayMs);
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it("caps the first delay too", () => {
    expect(backoffAfterFailure(undefined, { ...policy, backoffMs: 60_000 }, 0).delayMs).toBe(10_000);
  });

  it("counts from the last failure", () => {
    expect(backoffEndsAt(backoffAfterFailure(undefined, policy, 5_000))).toBe(6_000);
  });

  it("counts again from a launch that came further, with the same delay", () => {
    const backoff = backoffAfterProgress(backoffAfterFailure(undefined, policy, 0), 7_000);
    expect(backoff).toEqual({ delayMs: 1_000, referenceAt: 7_000, quietFrom: 7_000 });
    expect(backoffAfterProgress(undefined, 7_000)).toBeUndefined();
  });

  it("is forgotten when nothing failed for longer than the maximum", () => {
    const backoff = backoffAfterProgress(backoffAfterFailure(undefined, policy, 0), 1_000);
    if (backoff === undefined) throw new Error("it was forgotten by its progress");
    expect(isBackoffForgotten(backoff, policy, 11_000)).toBe(false);
    expect(isBackoffForgotten(backoff, policy, 11_001)).toBe(true);
  });

  it("is not forgotten by being waited for: a launch has as long again to find its offer", () => {
    let backoff: Backoff | undefined;
    for (let failure = 0; failure < 6; failure += 1) backoff = backoffAfterFailure(backoff, policy, 0);
    if (backoff === undefined) throw new Error("nothing failed");
    const endsAt = backoffEndsAt(backoff);
    expect(endsAt).toBe(10_000);
    expect(isBackoffForgotten(backoff, policy, endsAt + 1)).toBe(false);
    expect(isBackoffForgotten(backoff, policy, endsAt + policy.maxDelayMs)).toBe(false);
    expect(isBackoffForgotten(backoff, policy, endsAt + policy.maxDelayMs + 1)).toBe(true);
  });

  it("never shrinks with a failure and never passes the maximum, for any policy", () => {
    const anyPolicy = fc.record({
      backoffMs: fc.integer({ min: 0, max: 100_000 }),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      maxDelayMs: fc.integer({ min: 0, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(anyPolicy, fc.integer({ min: 1, max: 50 }), (any, failures) => {
        let backoff: Backoff | undefined;
        for (let count = 0; count < failures; count += 1) {
          const next = backoffAfterFailure(backoff, any, count);
          expect(next.delayMs).toBeGreaterThanOrEqual(backoff?.delayMs ?? 0);
          expect(next.delayMs).toBeLessThanOrEqual(any.maxDelayMs);
          backoff = next;
        }
      }),
    );
  });
});
