import { expect, it } from "vitest";
import type { Core, InstantMs } from "#foundation/base/core.ts";
import { Timings } from "#foundation/telemetry/index.ts";
import { timedCore } from "./timings.ts";

/** Runs when it is woken at or after what it waits for. */
class Stub {
  runs = 0;
  due: InstantMs | undefined;
  wakeAt(): InstantMs | undefined {
    return this.due;
  }
}

const nothing = { writes: [], effects: [] };
const newest = (timings: Timings): number | undefined => new Map(timings.entries("x")).get("x");

it("a run is late from when nothing was in its way to when it began", () => {
  const stub = new Stub();
  const core: Core<InstantMs | undefined, never> = {
    apply: (due) => {
      stub.due = due;
      return nothing;
    },
    wake: () => {
      stub.runs += 1;
      stub.due = undefined;
      return nothing;
    },
    wakeAt: () => stub.due,
    snapshot: () => null,
    check: () => [],
  };
  const timings = { took: new Timings(), late: new Timings() };
  const timed = timedCore(core, stub, timings);
  expect(newest(timings.late)).toBeUndefined();
  timed.apply(1_000, 400);
  timed.wake(1_030);
  expect(newest(timings.late)).toBe(30);
  // It could have been long ago, but only now is there something to do.
  timed.apply(2_000, 9_000);
  timed.apply(2_000, 9_005);
  timed.wake(9_010);
  expect(newest(timings.late)).toBe(10);
  expect(new Map(timings.took.entries("x")).get("x/count")).toBe(2);
});
