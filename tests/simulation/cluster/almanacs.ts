/**
 * When jobs live: their processes' clocks begin just before something happens to clocks, and differ from life to life, as those
 * of several machines do. Instants are written down here by hand, so that no library is asked whether it is right.
 */
import type { Core, InstantMs } from "#foundation/base/core.ts";
import type { Random } from "#foundation/base/random.ts";
import { between, worldStart } from "../engine/index.ts";

export interface Almanac {
  readonly name: string;
  /** What the clock of the first process says when the world begins. */
  readonly startsAt: InstantMs;
  readonly timezone: string;
  /** Of the job `daily`. */
  readonly cron: string;
  /** All instants of the next two hours at which that fires. */
  readonly fires: readonly InstantMs[];
}

export const firstAlmanac: Almanac = {
  name: "an ordinary day",
  startsAt: Date.UTC(2020, 8, 13, 12, 26, 40),
  timezone: "UTC",
  cron: "29 12 * * *",
  fires: [Date.UTC(2020, 8, 13, 12, 29)],
};

export const almanacs: readonly Almanac[] = [
  firstAlmanac,
  {
    name: "an hour that is leapt over: what was due in it comes right after",
    startsAt: Date.UTC(2023, 2, 26, 0, 58, 0),
    timezone: "Europe/Berlin",
    cron: "30 2 * * *",
    fires: [Date.UTC(2023, 2, 26, 1, 0)],
  },
  {
    name: "half an hour that is leapt over",
    startsAt: Date.UTC(2023, 8, 30, 15, 28, 10),
    timezone: "Australia/Lord_Howe",
    cron: "10 2 * * *",
    fires: [Date.UTC(2023, 8, 30, 15, 30)],
  },
  {
    name: "an hour that comes twice: what was due in it came an hour ago",
    startsAt: Date.UTC(2023, 9, 29, 0, 58, 20),
    timezone: "Europe/Berlin",
    cron: "0,1,2 2 * * *",
    fires: [],
  },
  {
    name: "a new year",
    startsAt: Date.UTC(2023, 11, 31, 23, 58, 0),
    timezone: "UTC",
    cron: "0 0 1 1 *",
    fires: [Date.UTC(2024, 0, 1)],
  },
  {
    name: "a day of another zone",
    startsAt: Date.UTC(2024, 1, 28, 12, 58, 15),
    timezone: "Asia/Tokyo",
    cron: "0 22 28 2 *",
    fires: [Date.UTC(2024, 1, 28, 13, 0)],
  },
];

/** Clocks of two machines of one cluster are seldom further apart. */
const nearMs = 20_000;
const farMs = 150_000;

/** How far the clock of a new life is ahead, less than nothing for behind. */
export function skewOf(random: Random): number {
  const kind = random.below(4);
  if (kind === 3) return between(random, -farMs, farMs);
  return kind === 2 ? between(random, -nearMs, nearMs) : 0;
}

/** A core whose process has another clock than the world. */
export function withClock<Event, Effect>(
  core: Core<Event, Effect>,
  { aheadMs, lateMs }: Clock,
): Core<Event, Effect> {
  return {
    ...core,
    apply: (event, now) => core.apply(event, now + aheadMs),
    wakeAt: () => {
      const at = core.wakeAt();
      return at === undefined ? undefined : at - aheadMs + lateMs;
    },
    wake: (now) => core.wake(now + aheadMs),
  };
}

/** How far a clock that follows an almanac is ahead of the world. */
export const aheadOf = ({ startsAt }: Almanac): number => startsAt - worldStart;

export interface Clock {
  /** Of the world. */
  readonly aheadMs: number;
  /** A process that has much to do hears its timers so late. */
  readonly lateMs: number;
}

const latestMs = 400;
const latenessOutOf = 3;

/** In two of three seeds half of the lives are late. */
export function latenessIn(seed: number, random: Random): number {
  return seed % latenessOutOf === 0 || random.below(2) === 0 ? 0 : between(random, 1, latestMs);
}
