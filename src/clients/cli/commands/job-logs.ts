/** `keelson job logs`: what a run of a job wrote, task after task. */
import { LineReader, readLog } from "#clients/client/agent-log.ts";
import type { JobRunItem, JobTaskItem } from "#contracts/jobs/own-endpoints.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { Input } from "../command-line/input.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { agentAddress } from "../find-task.ts";
import { chooseRun, runsOf } from "../jobs.ts";
import { isNotFound } from "../naming.ts";
import { pause } from "../pause.ts";

const linesShown = 20;
/** How soon a new task is noticed, and a file that is not there yet is asked for again. */
const lookMs = 300;
const runsSeenMax = 1_000;

export async function jobLogs(context: Context, input: Input): Promise<void> {
  const job = input.word(0);
  const wanted = input.optionalWord(1);
  const first = await find(context, job, wanted);
  const follow = input.isOn("follow");
  const options = {
    file: input.isOn("stderr") ? "stderr" : "stdout",
    follow,
    lines: Math.min(100_000, Math.floor(input.number("lines") ?? linesShown)),
  } as const;
  const [last] = first.tasks.slice(-1);
  if (last === undefined && (!follow || first.endedAt !== undefined))
    throw new CommandFailed(wroteNothing(context, first), exitCodes.notFound);
  // The newest is shown from its last lines; those that follow it, whole.
  const read = new Set(first.tasks.slice(0, -1).map(({ id }) => id));
  let isFirst = true;
  for (let run = first; ; run = await find(context, job, first.id)) {
    for (const task of run.tasks.filter(({ id }) => !read.has(id))) {
      read.add(task.id);
      await printTask(context, task, isFirst ? options : { ...options, lines: undefined }).catch((error) => {
        throw isNotFound(error) ? outputGone(context, run, task) : error;
      });
      isFirst = false;
    }
    if (!follow || run.endedAt !== undefined) return;
    await pause(lookMs);
  }
}

/** It waits for a place, or ended without ever having one. */
const wroteNothing = ({ say }: Context, { id, job, endedAt, reason }: JobRunItem): string =>
  endedAt === undefined
    ? say("job.runNotStarted", { name: job, run: id })
    : say("job.runNeverStarted", { name: job, run: id, reason: reason?.message ?? "" });

/** Its node keeps the files of what ended for a while only. */
function outputGone(context: Context, { id, job }: JobRunItem, task: JobTaskItem): CommandFailed {
  const host = task.hostname ?? task.agentId ?? "";
  return new CommandFailed(context.say("job.outputGone", { name: job, run: id, host }), exitCodes.notFound);
}

async function find(context: Context, job: string, name: string | undefined): Promise<JobRunItem> {
  const { items } = await runsOf(context, { job, ended: true, max: runsSeenMax });
  return chooseRun(context, items, { job, name });
}

interface PrintOptions {
  readonly file: "stdout" | "stderr";
  readonly follow: boolean;
  /** Undefined: from the beginning. */
  readonly lines: number | undefined;
}

/** Ends with the task, or with what is there. */
async function printTask(
  context: Context,
  { id: taskId, agentId }: JobTaskItem,
  { file, follow, lines }: PrintOptions,
): Promise<void> {
  if (agentId === undefined) return;
  const agent = await agentAddress(context, agentId);
  const reader = new LineReader();
  const print = (line: string): void =>
    context.print(context.json ? JSON.stringify({ task: taskId, line }) : line);
  const request = {
    agent,
    taskId,
    file,
    ...(lines === undefined ? { offset: 0 } : { lines }),
    ...(follow ? { follow } : {}),
  };
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      await readLog(context.connection, request, (event) => {
        if (event.kind === "output") for (const line of reader.push(event)) print(line);
        if (event.kind === "missed") context.note(context.say("logs.missed", { name: taskId }));
      });
      break;
    } catch (error) {
      const isStarting = error instanceof CodedError && error.code === "NotFound" && follow;
      if (!isStarting || Date.now() > deadline) throw error;
      await pause(lookMs);
    }
  }
  for (const line of reader.end()) print(line);
}
