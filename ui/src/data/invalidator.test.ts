import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Invalidator } from "./invalidator.ts";

describe("reading again", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** An invalidator over a cache whose reads take `readMs`, and the keys of each round. */
  function over(readMs: number): { readonly invalidator: Invalidator; readonly rounds: string[] } {
    const rounds: string[] = [];
    const invalidator = new Invalidator({
      invalidateQueries: (filters) => {
        rounds.push((filters?.queryKey ?? []).join(" ") || "everything");
        return new Promise((resolve) => setTimeout(resolve, readMs));
      },
    });
    return { invalidator, rounds };
  }

  it("gathers a burst into one read of each", async () => {
    const { invalidator, rounds } = over(10);
    for (let at = 0; at < 100; at += 1) invalidator.add([["tasks"], ["capacity"]]);
    await vi.advanceTimersByTimeAsync(450);
    expect(rounds).toEqual(["tasks", "capacity"]);
  });

  it("reads everything when too much is named, and after a reset", async () => {
    const { invalidator, rounds } = over(10);
    for (let at = 0; at < 1_000; at += 1) invalidator.add([["task", `t${at}`]]);
    await vi.advanceTimersByTimeAsync(450);
    invalidator.add(undefined);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(rounds).toEqual(["everything", "everything"]);
  });

  it("a stream of events under slow answers makes no storm: never two rounds at once", async () => {
    const { invalidator, rounds } = over(2_000);
    for (let second = 0; second < 60; second += 1) {
      invalidator.add([["tasks"]]);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    // Each round takes 2 s and rests 4 s.
    expect(rounds.length).toBeGreaterThan(7);
    expect(rounds.length).toBeLessThan(13);
  });

  it("under quick answers what is shown is at most a second old", async () => {
    const { invalidator, rounds } = over(50);
    for (let at = 0; at < 100; at += 1) {
      invalidator.add([["tasks"]]);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(rounds.length).toBeGreaterThanOrEqual(10);
  });

  it("begins soon after a while without events, and again for what was lost, though nothing was answered", async () => {
    const { invalidator, rounds } = over(3_600_000);
    invalidator.add([["tasks"]]);
    await vi.advanceTimersByTimeAsync(150);
    expect(rounds).toEqual(["tasks"]);
    invalidator.add([["nodes"]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(rounds).toEqual(["tasks"]);
    invalidator.restart();
    await vi.advanceTimersByTimeAsync(150);
    expect(rounds).toEqual(["tasks", "everything"]);
  });

  it("ends when it is closed", async () => {
    const { invalidator, rounds } = over(10);
    invalidator.add([["tasks"]]);
    invalidator.close();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(rounds).toEqual([]);
  });
});
