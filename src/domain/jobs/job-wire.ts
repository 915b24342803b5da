/** What Metronome's API shows of jobs. Source: contract metronome.md sections 1, 3 and 5. */
import type { InstantMs } from "#foundation/base/core.ts";
import type { Random } from "#foundation/base/random.ts";
import { problemText } from "../definitions/diagnose/problem-texts.ts";
import type { FieldProblem } from "../definitions/problems.ts";
import { nextRun } from "./cron.ts";
import type { JobDefinition, JobSchedule } from "./job.ts";

/** UTC with milliseconds and an offset without a colon: `2026-01-31T08:00:00.000+0000`. */
export function formatJobInstant(at: InstantMs): string {
  return new Date(at).toISOString().replace("Z", "+0000");
}

export interface ShownSchedule extends JobSchedule {
  /** Also of a schedule that is not enabled; absent when no date is left. */
  readonly nextRunAt?: string;
}

export function shownSchedule(schedule: JobSchedule, now: InstantMs): ShownSchedule {
  const next = nextRun(schedule, now);
  return { ...schedule, ...(next === undefined ? {} : { nextRunAt: formatJobInstant(next) }) };
}

export interface ShownJob extends JobDefinition {
  readonly schedules: readonly ShownSchedule[];
}

export function shownJob(job: JobDefinition, schedules: readonly JobSchedule[], now: InstantMs): ShownJob {
  const { run, ...head } = job;
  return { ...head, schedules: schedules.map((schedule) => shownSchedule(schedule, now)), run };
}

/** Body of a 422: what `ShapeInvalid` and `DefinitionInvalid` hold, in Metronome's paths and in sentences. */
export function objectNotValid(details: readonly FieldProblem[]): {
  readonly message: string;
  readonly details: readonly FieldProblem[];
} {
  return {
    message: "Object is not valid",
    details: details.map(({ path, errors }) => ({
      path: path.replace(/\((\d+)\)/g, "/$1"),
      errors: errors.map((error) =>
        error.startsWith("error.") ? problemText(path, error, "en", "job").message : error,
      ),
    })),
  };
}

const runIdLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** `20260131080000` and five letters or digits: runs of a job sort by when they began. */
export function newRunId(at: InstantMs, random: Random): string {
  const digits = new Date(at).toISOString().replace(/\D/g, "").slice(0, 14);
  const tail = Array.from({ length: 5 }, () => runIdLetters[random.below(runIdLetters.length)] ?? "0");
  return digits + tail.join("");
}

const runIdShape = /^\d{14}[0-9A-Za-z]{5}$/;

export const isRunId = (text: string): boolean => runIdShape.test(text);
