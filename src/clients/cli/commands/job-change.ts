/** `keelson job add|update|remove`: jobs as they are wished. */
import { RequestFailed } from "#clients/client/cluster.ts";
import { createJob, getJob, removeJob, replaceJob, updateJob } from "#clients/client/jobs.ts";
import type { ShownJob } from "#domain/jobs/job-wire.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { confirm } from "../confirm.ts";
import { CommandFailed, type Context } from "../context.ts";
import { isFileWord, readDefinition } from "../definition-file.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { existingJob, namingJob, runsOf, whenNext } from "../jobs.ts";
import { literal, nameAndValue, pairsOf } from "../name-value.ts";
import { scheduleFrom } from "./job-schedule.ts";

/** What a run gets when nothing is said. */
const runDefaults = { cpus: 1, mem: 128, disk: 0 };
/** Fields of a job itself; those of its run may be named without `run.` before them. */
const jobFields = new Set(["description", "dependencies", "labels"]);

/** By `--file`, or as `dcos job add FILE` has it, where the name goes. */
function given(
  context: Context,
  input: Input,
): { readonly name: string | undefined; readonly definition: JsonObject | undefined } {
  const file = input.text("file");
  const word = input.optionalWord(0);
  const isFile = file === undefined && word !== undefined && isFileWord(word);
  const path = isFile ? word : file;
  const definition = path === undefined ? undefined : forApi(readDefinition(context, path));
  const id = isFile ? definition?.["id"] : (word ?? definition?.["id"]);
  return { name: typeof id === "string" ? id : undefined, definition };
}

export async function jobAdd(context: Context, input: Input): Promise<ExitCode> {
  const { name: id, definition: said = {} } = given(context, input);
  if (id === undefined) throw new UsageError("job.noName", {}, input.path);
  const run = { ...runDefaults, ...objectAt(said, "run"), ...runFromFlags(input) };
  const schedule = scheduleFrom(input);
  if (schedule.cron === undefined && Object.keys(schedule).length > 0)
    throw new UsageError("job.noCron", {}, input.path);
  const definition = {
    ...said,
    ...headFromFlags(input),
    id,
    run,
    ...(schedule.cron === undefined ? {} : { schedules: [{ id: "default", ...schedule }] }),
  };
  const job = await newJob(context, id, definition);
  await context.result({
    text: context.say("job.added", { name: id, ...(await nextOf(context, id)) }),
    data: job,
    name: id,
  });
  return 0;
}

async function newJob(context: Context, name: string, definition: JsonObject): Promise<ShownJob> {
  try {
    return await createJob(context.cluster, definition);
  } catch (error) {
    if (!(error instanceof RequestFailed) || error.status !== 409) throw error;
    throw new CommandFailed(context.say("job.exists", { name }), exitCodes.refused);
  }
}

/** For editors: no part of a job. */
export function forApi({ $schema: _forEditors, ...definition }: JsonObject): JsonObject {
  return definition;
}

function objectAt(definition: JsonObject, field: string): JsonObject {
  const value = definition[field];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function headFromFlags(input: Input): JsonObject {
  const description = input.text("description");
  const labels = pairsOf(input, "label");
  const after = input.all("after");
  return {
    ...(description === undefined ? {} : { description }),
    ...(labels === undefined ? {} : { labels }),
    ...(after.length === 0 ? {} : { dependencies: after.map((id) => ({ id })) }),
  };
}

function runFromFlags(input: Input): JsonObject {
  const cmd = input.text("cmd");
  const env = pairsOf(input, "env");
  const numbers = (["cpus", "mem", "disk"] as const).flatMap((name) => {
    const value = input.number(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...(cmd === undefined ? {} : { cmd }),
    ...Object.fromEntries(numbers),
    ...(env === undefined ? {} : { env }),
    ...(input.isOn("restart") ? { restart: { policy: "ON_FAILURE" } } : {}),
  };
}

/** When it runs next, for the sentence: a word for `select` and the time. */
async function nextOf(
  context: Context,
  id: string,
): Promise<{ readonly has: "yes" | "no"; readonly next: string }> {
  const { schedules } = await getJob(context.cluster, id);
  const [schedule] = schedules;
  const at = schedule?.nextRunAt;
  if (at === undefined || schedule?.enabled !== true) return { has: "no", next: "" };
  return { has: "yes", next: whenNext(context, Date.parse(at.replace("+0000", "Z"))) ?? "" };
}

export async function jobUpdate(context: Context, input: Input): Promise<ExitCode> {
  const { name, definition } = given(context, input);
  if (name === undefined) throw new UsageError("job.noName", {}, input.path);
  const job =
    definition === undefined
      ? await updateFields(context, input, name)
      : await namingJob(context, name, () => {
          // Without a schedule in the file the one that is there stays.
          const put = "schedules" in definition ? replaceJob : updateJob;
          return put(context.cluster, name, { ...definition, id: name });
        });
  await context.result({
    text: context.say("job.updated", { name, ...(await nextOf(context, name)) }),
    data: job,
    name,
  });
  return 0;
}

async function updateFields(context: Context, input: Input, name: string): Promise<object> {
  const fields = input.wordsFrom(1);
  if (fields.length === 0) throw new UsageError("job.nothingToUpdate", {}, input.path);
  const { schedules: _kept, ...current } = await existingJob(context, name);
  let definition = current as unknown as JsonObject; // JSON by construction
  for (const pair of fields) {
    const [field, value] = nameAndValue(input, pair);
    const path = field.split(".");
    const isOfJob = jobFields.has(path[0] ?? "") || path[0] === "run";
    definition = withField(definition, isOfJob ? path : ["run", ...path], literal(value));
  }
  return await namingJob(context, name, () => updateJob(context.cluster, name, definition));
}

function withField(object: JsonObject, [first = "", ...rest]: readonly string[], value: unknown): JsonObject {
  if (rest.length === 0) return { ...object, [first]: value as JsonObject };
  return { ...object, [first]: withField(objectAt(object, first), rest, value) };
}

export async function jobRemove(context: Context, input: Input): Promise<ExitCode> {
  const { say } = context;
  const name = input.word(0);
  const { items } = await runsOf(context, { job: name, ended: false });
  await confirm(context, { effect: say("confirm.removeJob", { name, runs: items.length }) });
  await namingJob(context, name, () =>
    removeJob(context.cluster, name, { stopRuns: input.isOn("stop-runs") }),
  );
  await context.result({ text: say("job.removed", { name }), data: { id: name }, name });
  return 0;
}
