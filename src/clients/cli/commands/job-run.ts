/** `keelson job run|stop`: a run that is followed to its end, and one that is ended. */
import { startRun, stopRun } from "#clients/client/jobs.ts";
import type { JobRunItem } from "#contracts/jobs/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { chooseRun, namingJob, runsOf } from "../jobs.ts";
import { concludeRun } from "../run-verdict.ts";

export async function jobRun(context: Context, input: Input): Promise<ExitCode> {
  const { say } = context;
  const name = input.word(0);
  const { id } = await namingJob(context, name, () => startRun(context.cluster, name));
  if (input.isOn("no-wait")) {
    const text = say("job.runAccepted", { name, run: id });
    await context.result({ text, data: { id, job: name, verdict: "accepted" }, name: id });
    return exitCodes.ok;
  }
  context.note(say("job.runStarted", { name, run: id }));
  return await concludeRun(context, input, { job: name, run: id });
}

/** One run by its id, or all that are under way. */
export async function jobStop(context: Context, input: Input): Promise<ExitCode> {
  const { say } = context;
  const name = input.word(0);
  const wanted = input.optionalWord(1);
  if (wanted !== undefined && input.isOn("all")) throw new UsageError("job.oneOrAll", {}, input.path);
  const { items } = await runsOf(context, { job: name, ended: false });
  if (items.length === 0 && wanted === undefined)
    throw new CommandFailed(say("job.nothingToStop", { name }), exitCodes.notFound);
  const runs = wanted === undefined ? items : [chooseRun(context, items, { job: name, name: wanted })];
  if (runs.length > 1)
    await confirm(context, { effect: say("confirm.stopRuns", { name, count: runs.length }) });
  const stopped: string[] = [];
  for (const { id } of runs) {
    if (await stopOne(context, name, id)) stopped.push(id);
  }
  await context.result({
    text: say("job.stopped", { name, count: stopped.length, runs: stopped.slice(0, 5).join(", ") }),
    data: { job: name, runs: stopped },
    name: stopped.join("\n"),
  });
  return exitCodes.ok;
}

/** False: it was over meanwhile. */
async function stopOne(context: Context, job: string, run: JobRunItem["id"]): Promise<boolean> {
  try {
    await stopRun(context.cluster, job, run);
    return true;
  } catch (error) {
    const { items } = await runsOf(context, { job, ended: false });
    if (items.every(({ id }) => id !== run)) return false;
    throw error;
  }
}
