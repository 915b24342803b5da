/** Schedules against every minute of a day, in zones with every kind of leap. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cronProblem, isTimeZone, nextRun, nextRuns } from "./index.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
const at = (text: string): number => Date.parse(text);
const iso = (instants: readonly number[]): readonly string[] =>
  instants.map((instant) => new Date(instant).toISOString().slice(0, 16));

describe("cron expressions", () => {
  it.each([
    "* * * * *",
    "*/5 * * * *",
    "5/15 * * * *",
    "0,30 8-17 * * MON-FRI",
    "0 0 1 JAN,jul *",
    "0 0 L * *",
    "0 0 LW * *",
    "0 0 15W * *",
    "0 0 * * 5L",
    "0 0 * * FRI#2",
    "0 0 * * 0",
    "0 0 * * 7",
    "0 0 * * 5-7",
    "0 0 29 2 *",
    "0 0 13 * 5",
    "0 0 1 1 * 2019",
    "0 0 1 1 * 1970",
    "0 0 1 1 * 2027-2030/2",
    "  0   3 * * *  ",
  ])("may be %j", (text) => {
    expect(cronProblem(text)).toBeUndefined();
  });

  it.each([
    ["", "5 fields"],
    ["* * * *", "5 fields"],
    ["* * * * * * *", "5 fields"],
    ["@daily", "5 fields"],
    ["60 * * * *", "no cron expression"],
    ["* 24 * * *", "no cron expression"],
    ["* * 0 * *", "no cron expression"],
    ["* * 32 * *", "no cron expression"],
    ["* * * 13 *", "no cron expression"],
    ["* * * * 8", "no cron expression"],
    ["*/0 * * * *", "no cron expression"],
    ["1, * * * *", "no cron expression"],
    ["5-1 * * * *", "no cron expression"],
    ["* * * FOO *", "no cron expression"],
    ["? * * * *", '"?" cannot be the minute'],
    ["L * * * *", '"L" cannot be the minute'],
    ["* * ? * *", '"?" cannot be the day of month'],
    ["* * * * +1", '"+1" cannot be the day of week'],
    ["0 0 30 2 *", "no date fits"],
    ["0 0 31 4,6,9,11 *", "no date fits"],
    ["0 0 29 2 * 2027", "no date fits"],
    [`${"0,".repeat(300)}0 * * * *`, "500 characters"],
  ])("cannot be %j", (text, problem) => {
    expect(cronProblem(text)).toContain(problem);
  });

  it("are never answered with anything but a sentence", () => {
    const piece = fc.constantFrom(..."0123456789*,-/#LW?+@ ".split(""), "MON", "jan", "ß");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const problem = cronProblem(pieces.join(""));
        expect(problem === undefined || problem.length > 10).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("have both day fields at once", () => {
    expect(iso(nextRuns({ cron: "0 0 13 * 5", timezone: "UTC" }, at("2026-01-01T00:00Z"), 4))).toEqual([
      "2026-02-13T00:00",
      "2026-03-13T00:00",
      "2026-11-13T00:00",
      "2027-08-13T00:00",
    ]);
  });

  it("know last days, nearest weekdays and counted weekdays", () => {
    const next = (cron: string): readonly string[] =>
      iso(nextRuns({ cron, timezone: "UTC" }, at("2026-01-01T00:00Z"), 3)).map((text) => text.slice(5, 10));
    expect(next("0 0 L * *")).toEqual(["01-31", "02-28", "03-31"]);
    expect(next("0 0 LW * *")).toEqual(["01-30", "02-27", "03-31"]);
    expect(next("0 0 15W * *")).toEqual(["01-15", "02-16", "03-16"]);
    expect(next("0 0 * * 5L")).toEqual(["01-30", "02-27", "03-27"]);
    expect(next("0 0 * * MON#1")).toEqual(["01-05", "02-02", "03-02"]);
    expect(next("0 0 * * 0")).toEqual(next("0 0 * * 7"));
  });

  it("end when their years are over", () => {
    const timing = { cron: "0 0 1 1 * 2027", timezone: "UTC" };
    expect(nextRun(timing, at("2026-01-01T00:00Z"))).toBe(at("2027-01-01T00:00Z"));
    expect(nextRun(timing, at("2027-01-01T00:00Z"))).toBeUndefined();
  });
});

it("zones are those of the IANA database", () => {
  for (const zone of ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Argentina/Ushuaia"])
    expect(isTimeZone(zone)).toBe(true);
  for (const zone of ["", "Mars/Olympus", "+01:00", "Europe/Berlin ", "berlin"])
    expect(isTimeZone(zone)).toBe(false);
});

describe("where the clock leaps", () => {
  const first = (cron: string, timezone: string, from: string, count = 3): readonly string[] =>
    iso(nextRuns({ cron, timezone }, at(from), count));

  it("a time that is leapt over fires at the first instant behind it, once", () => {
    // New York goes from 02:00 to 03:00, which is 07:00 UTC.
    expect(first("30 2 * * *", "America/New_York", "2026-03-08T05:00Z", 2)).toEqual([
      "2026-03-08T07:00",
      "2026-03-09T06:30",
    ]);
    expect(first("*/15 2 * * *", "America/New_York", "2026-03-08T05:00Z", 2)).toEqual([
      "2026-03-08T07:00",
      "2026-03-09T06:00",
    ]);
    // São Paulo had no midnight, Lord Howe leaps half an hour, Troll two.
    expect(first("0 0 * * *", "America/Sao_Paulo", "2017-10-15T00:00Z", 1)).toEqual(["2017-10-15T03:00"]);
    expect(first("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00Z", 1)).toEqual(["2026-10-03T15:30"]);
    expect(first("30 2 * * *", "Antarctica/Troll", "2026-03-29T00:30Z", 1)).toEqual(["2026-03-29T01:00"]);
  });

  it("a time that comes twice fires once", () => {
    expect(first("30 1 * * *", "America/New_York", "2026-11-01T04:00Z", 2)).toEqual([
      "2026-11-01T05:30",
      "2026-11-02T06:30",
    ]);
    expect(first("*/30 1 * * *", "America/New_York", "2026-11-01T04:00Z", 3)).toEqual([
      "2026-11-01T05:00",
      "2026-11-01T05:30",
      "2026-11-02T06:00",
    ]);
    // Asked between the two.
    expect(first("30 1 * * *", "America/New_York", "2026-11-01T06:00Z", 1)).toEqual(["2026-11-02T06:30"]);
  });

  it("what runs in every hour goes on through the second of two equal hours", () => {
    expect(first("15 * * * *", "America/New_York", "2026-11-01T04:30Z", 3)).toEqual([
      "2026-11-01T05:15",
      "2026-11-01T06:15",
      "2026-11-01T07:15",
    ]);
  });
});

/** A minute as its zone's clock shows it. */
interface Minute {
  readonly instant: number;
  readonly shown: Shown;
  /** Whether the clock has shown this, or later, before. */
  readonly isAgain: boolean;
  /** What the clock left out just before. */
  readonly leapt: readonly Shown[];
}

interface Shown {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  readonly weekday: number;
}

/** Each minute from `from` to `to`, told by the runtime and not by the library. */
function minutesOf(timezone: string, from: number, to: number): readonly Minute[] {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  const found: Minute[] = [];
  let latest: number | undefined;
  // Hours before, so that the second of two equal ones is known as such.
  for (let instant = from - dayMs / 4; instant <= to; instant += minuteMs) {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? Number.NaN;
    const wall = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
    const leap = latest === undefined ? 0 : wall - latest - minuteMs;
    // A day that the calendar left out is not made up for.
    const count = leap > 0 && leap < dayMs - minuteMs ? leap / minuteMs : 0;
    const leapt = Array.from({ length: count }, (_, index) => shownOf(wall - (index + 1) * minuteMs));
    const isAgain = latest !== undefined && wall <= latest;
    if (instant > from) found.push({ instant, shown: shownOf(wall), isAgain, leapt });
    latest = Math.max(latest ?? wall, wall);
  }
  return found;
}

/** Of a clock's time, as if it were UTC. */
function shownOf(wall: number): Shown {
  const date = new Date(wall);
  return {
    minute: date.getUTCMinutes(),
    hour: date.getUTCHours(),
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
  };
}

interface Fields {
  readonly minutes: readonly number[];
  /** Undefined: every hour. */
  readonly hours: readonly number[] | undefined;
  readonly days: readonly number[] | undefined;
  readonly weekdays: readonly number[] | undefined;
}

const textOf = ({ minutes, hours, days, weekdays }: Fields): string =>
  [minutes, hours, days, undefined, weekdays].map((values) => values?.join(",") ?? "*").join(" ");

/**
 * Every instant that the schedule means, by looking at each minute. Of a schedule that names hours, a minute counts at
 * its first coming, and those that were leapt over count at the first minute behind the leap.
 */
function enumerated(fields: Fields, minutes: readonly Minute[]): readonly number[] {
  const fits = ({ minute, hour, day, weekday }: Shown): boolean =>
    fields.minutes.includes(minute) &&
    (fields.hours?.includes(hour) ?? true) &&
    (fields.days?.includes(day) ?? true) &&
    (fields.weekdays?.includes(weekday) ?? true);
  const isTime = ({ shown, isAgain, leapt }: Minute): boolean =>
    fields.hours === undefined ? fits(shown) : leapt.some(fits) || (!isAgain && fits(shown));
  return minutes.filter(isTime).map(({ instant }) => instant);
}

/** Zones and days on which their clocks leap, beside an ordinary one. */
const leaps = [
  ["UTC", "2026-03-29"],
  ["Europe/Berlin", "2026-03-29"],
  ["Europe/Berlin", "2026-10-25"],
  ["America/New_York", "2026-03-08"],
  ["America/New_York", "2026-11-01"],
  ["America/St_Johns", "2026-03-08"],
  ["America/Sao_Paulo", "2017-10-15"],
  ["America/Sao_Paulo", "2018-02-18"],
  ["America/Havana", "2026-11-01"],
  ["Africa/Casablanca", "2026-03-22"],
  ["Asia/Kathmandu", "2026-05-05"],
  ["Asia/Tehran", "2021-03-22"],
  ["Asia/Beirut", "2026-03-29"],
  ["Australia/Lord_Howe", "2026-10-04"],
  ["Australia/Lord_Howe", "2026-04-05"],
  ["Antarctica/Troll", "2026-03-29"],
  ["Antarctica/Troll", "2026-10-25"],
  ["Pacific/Apia", "2011-12-29"],
  ["Pacific/Chatham", "2026-09-27"],
  ["Pacific/Chatham", "2026-04-05"],
] as const;

const some = (max: number, length: number): fc.Arbitrary<readonly number[]> =>
  fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: length });
const fieldsOf: fc.Arbitrary<Fields> = fc.record({
  minutes: some(59, 4),
  hours: fc.oneof(
    fc.constant(undefined),
    fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 }),
    some(23, 3),
  ),
  days: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: some(30, 8).map((days) => days.map((day) => day + 1)) },
  ),
  weekdays: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: some(6, 4) }),
});

describe("a schedule fires at the minutes that fit, and at no others", () => {
  it.each(leaps)("in %s around %s", (timezone, day) => {
    const from = at(`${day}T00:00Z`) - dayMs / 2;
    const to = from + 2 * dayMs;
    const minutes = minutesOf(timezone, from, to);
    fc.assert(
      fc.property(fieldsOf, (fields) => {
        const timing = { cron: textOf(fields), timezone };
        const fired: number[] = [];
        for (let next = nextRun(timing, from); next !== undefined && next <= to; next = nextRun(timing, next))
          fired.push(next);
        expect({ cron: timing.cron, fired: iso(fired) }).toEqual({
          cron: timing.cron,
          fired: iso(enumerated(fields, minutes)),
        });
      }),
      { numRuns: 15 },
    );
  });
});
