/**
 * When a schedule fires. Source: contract metronome.md section 4; ADR 0135 says why croner, and what is decided where
 * the contract leaves room.
 *
 * Two kinds of schedules meet a change of the clock differently. One that names hours (`30 2 * * *`) means times of day:
 * a time that the clock leaps over fires at the first instant after the leap, and a time that comes twice fires once.
 * One that runs in every hour (`15 * * * *`, `* * * * *`) means distances: it goes on through the second of two equal
 * hours, and a minute that is leapt over does not come.
 */
import { Cron, CronPattern } from "croner";
import type { InstantMs } from "#foundation/base/core.ts";
import type { JobSchedule } from "./job.ts";

type Timing = Pick<JobSchedule, "cron" | "timezone">;

const fieldNames = ["minute", "hour", "day of month", "month", "day of week", "year"] as const;
/** Digits, names and what each field knows besides; croner judges the rest. */
const fieldShapes = [
  /^[\d*,/-]+$/,
  /^[\d*,/-]+$/,
  /^[\d*,/LW-]+$/i,
  /^[\dA-Z*,/-]+$/i,
  /^[\dA-Z*,/#-]+$/i,
  /^[\d*,/-]+$/,
] as const;

/** Long enough for every list of minutes and days that says something. */
const textMax = 500;

/** What is wrong with a cron expression, as a sentence; undefined when it is sound. */
export function cronProblem(text: string): string | undefined {
  const fields = fieldsOf(text);
  if (text.length > textMax) return `a cron expression has at most ${textMax} characters`;
  if (fields.length !== 5 && fields.length !== 6)
    return "a cron expression has 5 fields (minute, hour, day of month, month, day of week), and a sixth for years";
  for (const [index, field] of fields.entries()) {
    if (fieldShapes[index]?.test(field) !== true)
      return `"${field}" cannot be the ${fieldNames[index] ?? "field"} of a cron expression`;
  }
  try {
    const cron = compile({ cron: text, timezone: "UTC" });
    return cron.nextRun(new Date(-1_000)) === null ? "no date fits this cron expression" : undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error);
    return `is no cron expression: ${reason}`;
  }
}

/** The first instant after `now` at which it fires; undefined when there is none any more. */
export function nextRun(timing: Timing, now: InstantMs): InstantMs | undefined {
  const cron = compiled(timing);
  const last = lastAsked.get(cron);
  if (last?.now === now) return last.next;
  const next = cron.nextRun(new Date(now))?.getTime();
  lastAsked.set(cron, { now, next });
  return next;
}

/** Many schedules of one second mostly are one cron: it is worked out once. */
const lastAsked = new WeakMap<Cron, { readonly now: InstantMs; readonly next: InstantMs | undefined }>();

/** The next `count` instants. */
export function nextRuns(timing: Timing, now: InstantMs, count: number): readonly InstantMs[] {
  return compiled(timing)
    .nextRuns(count, new Date(now))
    .map((date) => date.getTime());
}

/** Whether the IANA database, as this runtime has it, knows the zone. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false; // offsets such as +01:00 are none
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const fieldsOf = (text: string): readonly string[] => text.trim().split(/\s+/);

function compile({ cron, timezone }: Timing): Cron {
  const [minute = "", hour = "", ...rest] = fieldsOf(cron);
  const [day = "", month = "", weekday = "", year = "*"] = rest;
  const pattern = new CronPattern(`0 ${minute} ${hour} ${day} ${month} ${weekday} ${year}`, "UTC", {
    mode: "7-part",
    sloppyRanges: true,
  });
  const isEveryHour = pattern.hour.every((on) => on !== 0);
  // Lists without a star: croner then takes them for times of day.
  const times = isEveryHour ? `${minute} *` : `${listOf(pattern.minute)} ${listOf(pattern.hour)}`;
  return new Cron(`0 ${times} ${day} ${month} ${weekday} ${year}`, {
    timezone,
    mode: "7-part",
    domAndDow: true,
    sloppyRanges: true,
    fixedTimeRule: "no-wildcard",
    paused: true,
  });
}

const listOf = (flags: readonly number[]): string =>
  flags.flatMap((on, value) => (on === 0 ? [] : [value])).join(",");

/** Lists are read again and again with the same schedules. The oldest goes when it is full. */
const cache = new Map<string, Cron>();
const cacheMax = 2_000;

function compiled(timing: Timing): Cron {
  const key = `${timing.timezone} ${timing.cron}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const cron = compile(timing);
  if (cache.size >= cacheMax)
    for (const oldest of [...cache.keys()].slice(0, cacheMax / 2)) cache.delete(oldest);
  cache.set(key, cron);
  return cron;
}
