/** What of a master is timed: runs of its allocator, and commits. */
import type { Core, InstantMs } from "#foundation/base/core.ts";
import type { Storage } from "#foundation/runtime/index.ts";
import type { Timings } from "#foundation/telemetry/index.ts";

/** What runs within steps of a core. */
export interface Runs {
  readonly runs: number;
  /** When the next may be, if there is anything to do; long ago where it could have been at any time. */
  wakeAt(): InstantMs | undefined;
}

/** Times the steps in which something ran, and how late it did. */
export function timedCore<Event, Effect>(
  core: Core<Event, Effect>,
  watched: Runs,
  timings: { readonly took: Timings; readonly late: Timings },
): Core<Event, Effect> {
  /** What the next run waits for, and from when on nothing was in its way. */
  let next: { readonly wakeAt: InstantMs; readonly from: InstantMs } | undefined;
  const timed = <Value>(now: InstantMs, step: () => Value): Value => {
    const { runs } = watched;
    const started = performance.now();
    const outcome = step();
    if (watched.runs !== runs) {
      timings.took.add(performance.now() - started);
      timings.late.add(Math.max(0, now - (next?.from ?? now)));
      next = undefined;
    }
    const wakeAt = watched.wakeAt();
    if (wakeAt !== next?.wakeAt)
      next = wakeAt === undefined ? undefined : { wakeAt, from: Math.max(wakeAt, now) };
    return outcome;
  };
  return {
    apply: (event, now) => timed(now, () => core.apply(event, now)),
    wake: (now) => timed(now, () => core.wake(now)),
    wakeAt: () => core.wakeAt(),
    snapshot: () => core.snapshot(),
    check: () => core.check(),
  };
}

type Commits = Pick<Storage, "commit" | "batchBytesMax">;

export function timedStorage(storage: Commits, timings: Timings): Commits {
  const { batchBytesMax } = storage;
  return {
    commit: (writes) => timings.of(storage.commit(writes)),
    ...(batchBytesMax === undefined ? {} : { batchBytesMax }),
  };
}
