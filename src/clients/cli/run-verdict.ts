/** How a run of a job ended: followed with what changes on the way, then told with its cause. */
import type { JobRunItem } from "#contracts/jobs/own-endpoints.ts";
import type { Reason } from "#contracts/services/reasons.ts";
import type { Input } from "./command-line/input.ts";
import { exitText } from "./commands/task.ts";
import type { Context } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { HeardChanges } from "./heard-changes.ts";
import { runsOf } from "./jobs.ts";
import { printable, span } from "./output/table.ts";
import { nextLine, reasonLines } from "./reason-text.ts";
import { lastOutput, type TaskOutput, withinDeadline } from "./task-output.ts";

/** Read again at an event of the job; for what has none, and where none is heard, after so long. */
const rereadMs = { heardMs: 2_000, unheardMs: 200 } as const;
const defaultTimeoutMs = 600_000;
/** Runs of one job that may be under way beside the one that is followed. */
const runsSeenMax = 1_000;

interface Followed {
  readonly job: string;
  readonly run: string;
}

/** Answers 0 when it succeeded; otherwise tells the cause, what it wrote last and what to do. */
export async function concludeRun(context: Context, input: Input, followed: Followed): Promise<ExitCode> {
  const timeoutMs = input.durationMs("timeout") ?? defaultTimeoutMs;
  const run = await follow(context, followed, timeoutMs);
  const { say } = context;
  if (run?.status === "SUCCESS") {
    const text = say("job.runDone", { name: run.job, run: run.id, after: lasted(run) });
    await context.result({ text, data: { ...run, verdict: "succeeded" }, name: run.id });
    return exitCodes.ok;
  }
  const isOver = run?.endedAt !== undefined;
  const report = await reportOf(context, followed, run);
  const head = isOver
    ? say("job.runFailed", { name: followed.job, run: followed.run })
    : say("job.runLate", { name: followed.job, run: followed.run, after: span(timeoutMs) });
  const text = [head, ...report.lines].join("\n");
  if (context.json)
    await context.result({
      text,
      name: followed.run,
      data: { ...followed, ...run, verdict: isOver ? "failed" : "timeout", ...report.data },
    });
  context.warn(text);
  return isOver ? exitCodes.error : exitCodes.timeout;
}

const lasted = ({ createdAt, endedAt = createdAt }: JobRunItem): string => span(endedAt - createdAt);

/** The run when it is over, or as it is when the time is. Undefined: it is forgotten. */
async function follow(
  context: Context,
  { job, run: id }: Followed,
  timeoutMs: number,
): Promise<JobRunItem | undefined> {
  const deadline = Date.now() + timeoutMs;
  const changes = new HeardChanges(context, { kinds: ["job"], objects: [job] });
  let told = "";
  try {
    for (;;) {
      const { items } = await runsOf(context, { job, ended: true, max: runsSeenMax });
      const run = items.find((item) => item.id === id);
      const leftMs = deadline - Date.now();
      if (run === undefined || run.endedAt !== undefined || leftMs < 0) return run;
      const line = progress(context, run);
      if (line !== told && line !== "") context.note(line);
      told = line;
      await changes.next({ heardMs: Math.min(leftMs + 1, rereadMs.heardMs), unheardMs: rereadMs.unheardMs });
    }
  } finally {
    changes.close();
  }
}

function progress({ say }: Context, run: JobRunItem): string {
  const task = run.tasks.at(-1);
  if (run.status === "ACTIVE")
    return say("job.runOn", { host: task?.hostname ?? "-", number: run.tasks.length });
  return run.reason === undefined ? "" : say("job.runWaits", { reason: printable(run.reason.message) });
}

interface Report {
  readonly lines: readonly string[];
  readonly data: {
    readonly cause?: { readonly code: string; readonly message: string };
    readonly lastLines: readonly string[];
    readonly next: readonly string[];
  };
}

async function reportOf(
  context: Context,
  { job, run: id }: Followed,
  run: JobRunItem | undefined,
): Promise<Report> {
  const reason = run?.reason;
  const task = run?.tasks.at(-1);
  const output =
    task?.agentId === undefined
      ? undefined
      : await withinDeadline(lastOutput(context, { agentId: task.agentId, taskId: task.id }));
  const next = [
    ...(reason?.commands ?? []),
    ...(output === undefined ? [] : [`job logs ${job} ${id} --${output.file}`]),
    `why ${job}`,
  ];
  return {
    lines: [...reasonOf(context, reason), ...outputLines(context, output), ...nextLine(context, next)],
    data: {
      ...(reason === undefined ? {} : { cause: { code: reason.code, message: reason.message } }),
      lastLines: output?.lines ?? [],
      next: [...new Set(next)].map((command) => `keelson ${command}`),
    },
  };
}

const reasonOf = (context: Context, reason: Reason | undefined): readonly string[] =>
  reason === undefined ? [context.say("verdict.noCause")] : reasonLines(context, reason, { isWide: false });

function outputLines(context: Context, output: TaskOutput | undefined): readonly string[] {
  if (output === undefined) return [];
  const { say } = context;
  const { task, file, lines } = output;
  const exit = task === undefined ? "" : exitText(context, task);
  return [
    ...(exit === "" ? [] : [exit]),
    ...(lines.length === 0
      ? [say("verdict.noOutput")]
      : [
          say("verdict.lastLines", { count: lines.length, file }),
          ...lines.map((line) => `    ${printable(line)}`),
        ]),
  ];
}
