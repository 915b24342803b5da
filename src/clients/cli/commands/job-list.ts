/** `keelson job list|show|runs|history|queue`: jobs, what runs of them, and what became of it. */
import { type JobItem, type JobRunItem, listJobRuns, listJobs } from "#contracts/jobs/own-endpoints.ts";
import type { ShownJob } from "#domain/jobs/job-wire.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { existingJob, namingJob, runsOf, whenNext } from "../jobs.ts";
import { pairs } from "../output/render.ts";
import { age, amount, instant, span, table } from "../output/table.ts";
import type { Cell, TableView, View } from "../output/view.ts";
import { everyItem, listQuery } from "../paging.ts";
import type { Tone } from "../terminal/colour.ts";

const runsShown = 5;

export async function jobList(context: Context, input: Input): Promise<View> {
  const { items, foot } = await everyItem(context, (window) =>
    context.connection.call("jobs", listJobs, {
      query: { ...window, ...listQuery(input), language: context.language },
    }),
  );
  return {
    kind: "table",
    data: items,
    names: items.map(({ id }) => id),
    empty: context.say("job.none"),
    ...(foot === undefined ? {} : { foot }),
    rows: items.map((job) => ({
      job: job.id,
      status: jobStatus(context, job),
      schedule: job.schedule?.cron ?? job.dependencies.join(","),
      nextRun: instant(job.schedule?.nextRunAt),
      lastRun: lastRun(context, job),
      active: job.activeCount,
      reason: job.reason?.message,
      zone: job.schedule?.timezone,
      succeeded: job.successCount,
      failed: job.failureCount,
      cpus: amount(job.cpus),
      memory: amount(job.mem),
      labels: labelText(job),
    })),
  };
}

const labelText = ({ labels }: Pick<JobItem, "labels">): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");

const jobTones: Readonly<Partial<Record<JobItem["status"], Tone>>> = {
  running: "good",
  waiting: "bad",
  disabled: "quiet",
  idle: "quiet",
};

function jobStatus({ say }: Context, { status }: Pick<JobItem, "status">): Cell {
  const text = say(`state.job.${status}`);
  const tone = jobTones[status];
  return tone === undefined ? text : { text, tone };
}

const runTones: Readonly<Record<JobRunItem["status"], Tone>> = {
  INITIAL: "warning",
  STARTING: "warning",
  ACTIVE: "good",
  SUCCESS: "good",
  FAILED: "bad",
};

export const runStatus = ({ say }: Context, status: JobRunItem["status"]): Cell => ({
  text: say(`state.run.${status}`),
  tone: runTones[status],
});

function lastRun(context: Context, { lastRun: last }: JobItem): Cell {
  if (last === undefined) return undefined;
  const { say } = context;
  return {
    text: say("job.ago", { state: say(`state.run.${last.status}`), age: age(last.endedAt, Date.now()) }),
    tone: runTones[last.status],
  };
}

/** As `job add -f` takes it. */
function definitionView({ schedules, ...job }: ShownJob): View {
  const data = { ...job, schedules: schedules.map(({ nextRunAt: _computed, ...schedule }) => schedule) };
  return { kind: "text", data, names: [job.id], text: () => JSON.stringify(data, undefined, 2) };
}

export async function jobShow(context: Context, input: Input): Promise<View> {
  const id = input.word(0);
  if (input.isOn("definition")) return definitionView(await existingJob(context, id));
  const { connection, language, say } = context;
  const [definition, page, runs] = await Promise.all([
    existingJob(context, id),
    connection.call("jobs", listJobs, { query: { filter: `id:${id}`, limit: 1_000, language } }),
    runsOf(context, { job: id, ended: true, max: runsShown }),
  ]);
  const job = page.items.find((item) => item.id === id);
  const [schedule] = definition.schedules;
  const facts = (): string =>
    pairs(context, [
      ["column.job", definition.id],
      ["column.description", definition.description],
      ["column.status", job === undefined ? undefined : jobStatus(context, job)],
      ["column.image", definition.run.docker?.image ?? definition.run.ucr?.image.id],
      ["column.command", definition.run.cmd],
      ["column.user", definition.run.user],
      ["column.cpus", amount(definition.run.cpus)],
      ["column.memory", `${amount(definition.run.mem)} MiB`],
      ["column.after", definition.dependencies.map((parent) => parent.id).join(", ")],
      ["column.schedule", schedule === undefined ? undefined : `${schedule.cron} (${schedule.timezone})`],
      ["column.policy", schedule?.concurrencyPolicy],
      ["column.nextRun", whenNext(context, job?.schedule?.nextRunAt)],
      ["column.restart", definition.run.restart.policy],
      ["column.labels", labelText(definition)],
      ["column.succeeded", job?.successCount],
      ["column.failed", job?.failureCount],
      ["column.reason", job?.reason?.message],
    ]);
  return {
    kind: "text",
    data: { ...definition, ...(job === undefined ? {} : { state: job }), runs: runs.items },
    names: [definition.id],
    text: ({ isWide }) =>
      [
        facts(),
        runs.items.length === 0 ? say("job.noRuns", { name: id }) : runsText(context, runs.items, isWide),
      ].join("\n\n"),
  };
}

function runsText(context: Context, runs: readonly JobRunItem[], isWide: boolean): string {
  const { say, paint } = context;
  const headers = [say("column.run"), say("column.state"), say("column.startedAt"), say("column.duration")];
  return table(
    isWide ? [...headers, say("column.host"), say("column.task")] : headers,
    runs.map((run) => {
      const task = run.tasks.at(-1);
      const cells = [run.id, runStatus(context, run.status), instant(run.startedAt), duration(run)];
      return isWide ? [...cells, task?.hostname, task?.id] : cells;
    }),
    paint,
  );
}

/** From its first task to its end, or to now. */
function duration({ startedAt, endedAt }: JobRunItem): string | undefined {
  return startedAt === undefined ? undefined : span((endedAt ?? Date.now()) - startedAt);
}

export async function jobRuns(context: Context, input: Input): Promise<View> {
  const job = input.optionalWord(0);
  const ended = input.isOn("all");
  const { items, foot } =
    job === undefined ? await runsOfAll(context, ended) : await runsOf(context, { job, ended });
  return runsTable(context, items, foot, context.say("job.noActiveRuns", { all: ended ? "yes" : "no" }));
}

const runsOfAll = (
  context: Context,
  ended: boolean,
): Promise<{ readonly items: readonly JobRunItem[]; readonly foot?: string }> =>
  everyItem(context, (window) =>
    context.connection.call("jobs", listJobRuns, { query: { ...window, ended, language: context.language } }),
  );

export async function jobHistory(context: Context, input: Input): Promise<View> {
  const job = input.word(0);
  const max = Math.floor(input.number("lines") ?? Number.POSITIVE_INFINITY);
  const { items, foot } = await runsOf(context, { job, ended: true });
  const over = items.filter(({ endedAt }) => endedAt !== undefined);
  return runsTable(context, over.slice(0, max), foot, context.say("job.noRuns", { name: job }));
}

/** Runs that have no place yet. */
export async function jobQueue(context: Context, input: Input): Promise<View> {
  const job = input.optionalWord(0);
  const { items, foot } =
    job === undefined
      ? await runsOfAll(context, false)
      : await namingJob(context, job, () => runsOf(context, { job, ended: false }));
  const waiting = items.filter(({ status }) => status === "INITIAL" || status === "STARTING");
  return runsTable(context, waiting, foot, context.say("job.noQueue"));
}

function runsTable(
  context: Context,
  runs: readonly JobRunItem[],
  foot: string | undefined,
  empty: string,
): TableView {
  const now = Date.now();
  return {
    kind: "table",
    data: runs,
    names: runs.map(({ id }) => id),
    empty,
    ...(foot === undefined ? {} : { foot }),
    rows: runs.map((run) => ({
      run: run.id,
      job: run.job,
      state: runStatus(context, run.status),
      age: age(run.createdAt, now),
      startedAt: instant(run.startedAt),
      duration: duration(run),
      host: run.tasks.at(-1)?.hostname,
      reason: run.reason?.message,
      trigger: run.trigger === undefined ? undefined : context.say(`state.trigger.${run.trigger}`),
      tasks: run.tasks.length,
      task: run.tasks.at(-1)?.id,
    })),
  };
}
