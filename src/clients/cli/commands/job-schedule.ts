/** `keelson job schedule show|set|enable|disable|remove`: when a job runs by itself. */
import { createSchedule, removeSchedule, replaceSchedule } from "#clients/client/jobs.ts";
import { nextRuns } from "#domain/jobs/cron.ts";
import type { JobSchedule } from "#domain/jobs/job.ts";
import type { ShownSchedule } from "#domain/jobs/job-wire.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { CommandFailed, type Context } from "../context.ts";
import { readDefinition } from "../definition-file.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { existingJob, namingJob, whenNext } from "../jobs.ts";
import { pairs } from "../output/render.ts";
import type { View } from "../output/view.ts";

const timesShown = 5;

/** What of a schedule the flags say. */
export function scheduleFrom(input: Input): Partial<Omit<JobSchedule, "id">> {
  const cron = input.text("cron");
  const timezone = input.text("timezone");
  const policy = input.text("policy");
  const deadlineMs = input.durationMs("deadline");
  return {
    ...(cron === undefined ? {} : { cron }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(policy === undefined ? {} : { concurrencyPolicy: policy === "FORBID" ? "FORBID" : "ALLOW" }),
    ...(deadlineMs === undefined ? {} : { startingDeadlineSeconds: Math.ceil(deadlineMs / 1_000) }),
  };
}

export async function scheduleShow(context: Context, input: Input): Promise<View> {
  const schedule = await existingSchedule(context, input.word(0));
  const times = schedule.enabled ? nextRuns(schedule, Date.now(), timesShown) : [];
  const { say } = context;
  return {
    kind: "text",
    data: { ...schedule, nextRuns: times },
    names: [schedule.id],
    text: () =>
      [
        pairs(context, [
          ["column.schedule", schedule.id],
          ["column.cron", schedule.cron],
          ["column.zone", schedule.timezone],
          ["column.policy", schedule.concurrencyPolicy],
          ["column.deadline", `${schedule.startingDeadlineSeconds}s`],
          ["column.state", say(schedule.enabled ? "job.scheduleOn" : "job.scheduleOff")],
        ]),
        ...(times.length === 0
          ? []
          : [[say("job.nextTimes"), ...times.map((at) => `  ${whenNext(context, at)}`)].join("\n")]),
      ].join("\n\n"),
  };
}

/** A job has one at most. */
async function existingSchedule(context: Context, job: string): Promise<ShownSchedule> {
  const [schedule] = (await existingJob(context, job)).schedules;
  if (schedule === undefined)
    throw new CommandFailed(context.say("job.noSchedule", { name: job }), exitCodes.notFound);
  return schedule;
}

/** Makes one, or changes what is said of the one that is there. */
export async function scheduleSet(context: Context, input: Input): Promise<ExitCode> {
  const job = input.word(0);
  const file = input.text("file") ?? input.optionalWord(1);
  const [present] = (await existingJob(context, job)).schedules;
  const said: Partial<JobSchedule> = file === undefined ? {} : readDefinition(context, file);
  if (present !== undefined && said.id !== undefined) demandSame(context, job, present.id, said.id);
  const wished = { ...said, ...scheduleFrom(input) };
  if (present === undefined && wished.cron === undefined) throw new UsageError("job.noCron", {}, input.path);
  if (present !== undefined && Object.keys(wished).length === 0)
    throw new UsageError("job.nothingToSet", {}, input.path);
  return await change(context, job, () =>
    present === undefined
      ? createSchedule(context.cluster, job, { id: "default", ...wished })
      : replaceSchedule(context.cluster, job, present.id, { ...present, ...wished }),
  );
}

/** Throws a sentence when another schedule is named than the one that the job has. */
function demandSame(context: Context, job: string, present: string, named: string): void {
  if (named === present) return;
  const text = context.say("job.otherSchedule", { name: job, schedule: named, present });
  throw new CommandFailed(text, exitCodes.notFound);
}

export const scheduleEnable = (context: Context, input: Input): Promise<ExitCode> =>
  turn(context, input, true);
export const scheduleDisable = (context: Context, input: Input): Promise<ExitCode> =>
  turn(context, input, false);

async function turn(context: Context, input: Input, enabled: boolean): Promise<ExitCode> {
  const job = input.word(0);
  const schedule = await existingSchedule(context, job);
  return await change(context, job, () =>
    replaceSchedule(context.cluster, job, schedule.id, { ...schedule, enabled }),
  );
}

async function change(context: Context, job: string, put: () => Promise<ShownSchedule>): Promise<ExitCode> {
  const schedule = await namingJob(context, job, put);
  const [at] = schedule.enabled ? nextRuns(schedule, Date.now(), 1) : [];
  const next = whenNext(context, at) ?? "";
  await context.result({
    text: schedule.enabled
      ? context.say("job.scheduled", { name: job, next })
      : context.say("job.scheduleStopped", { name: job }),
    data: schedule,
    name: schedule.id,
  });
  return 0;
}

export async function scheduleRemove(context: Context, input: Input): Promise<ExitCode> {
  const job = input.word(0);
  const { id } = await existingSchedule(context, job);
  demandSame(context, job, id, input.optionalWord(1) ?? id);
  await namingJob(context, job, () => removeSchedule(context.cluster, job, id));
  await context.result({
    text: context.say("job.scheduleRemoved", { name: job }),
    data: { job, id },
    name: id,
  });
  return 0;
}
