/** What `plan` and `apply` do with definitions of jobs: each is made, changed or left as it is. */
import { createJob, getJob, replaceJob } from "#clients/client/jobs.ts";
import type { FieldChange } from "#contracts/observe/audit.ts";
import { fieldChanges } from "#domain/changes/index.ts";
import { DefinitionInvalid, ShapeInvalid } from "#domain/definitions/index.ts";
import type { ParsedJob } from "#domain/jobs/job.ts";
import { objectNotValid } from "#domain/jobs/job-wire.ts";
import { isJobBody, parseJob } from "#domain/jobs/parse-job.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { forApi } from "./commands/job-change.ts";
import { CommandFailed, type Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { changeLines } from "./plan-text.ts";
import { isNotFound } from "./services.ts";
import type { Tone } from "./terminal/colour.ts";

export interface PlannedJob {
  readonly id: string;
  readonly effect: "create" | "change" | "unchanged";
  readonly changes: readonly FieldChange[];
}

interface Wish extends PlannedJob {
  readonly definition: JsonObject;
}

/** Definitions of jobs, and the others. */
export function partJobs(definitions: readonly JsonObject[]): {
  readonly jobs: readonly JsonObject[];
  readonly services: readonly JsonObject[];
} {
  return {
    jobs: definitions.filter(isJobBody).map(forApi),
    services: definitions.filter((definition) => !isJobBody(definition)),
  };
}

/** In an order in which they can be made: jobs before those that wait for them. Throws `CommandFailed` (refused). */
export async function planJobs(
  context: Context,
  definitions: readonly JsonObject[],
): Promise<readonly Wish[]> {
  const wishes: Wish[] = [];
  const all = definitions.map((definition) => [definition, parsedJob(context, definition)] as const);
  for (const [definition, parsed] of inOrder(all)) wishes.push(await planned(context, definition, parsed));
  return wishes;
}

async function planned(
  context: Context,
  definition: JsonObject,
  { job, schedules }: ParsedJob,
): Promise<Wish> {
  const { id } = job;
  const current = await getJob(context.cluster, id).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (current === undefined) return { id, definition, effect: "create", changes: [] };
  const before = {
    ...current,
    schedules: current.schedules.map(({ nextRunAt: _passing, ...schedule }) => schedule),
  };
  // Both are JSON by construction.
  const changes = fieldChanges(
    before as unknown as JsonObject,
    { ...job, schedules } as unknown as JsonObject,
  );
  return { id, definition, effect: changes.length === 0 ? "unchanged" : "change", changes };
}

function parsedJob({ say }: Context, definition: JsonObject): ParsedJob {
  try {
    return parseJob(definition);
  } catch (error) {
    if (!(error instanceof ShapeInvalid || error instanceof DefinitionInvalid)) throw error;
    const { details } = objectNotValid(error.details);
    const lines = details.map(({ path, errors }) => `  ${path}: ${errors.join("; ")}`);
    throw new CommandFailed(
      [say("job.invalid", { name: String(definition["id"] ?? "?") }), ...lines].join("\n"),
      exitCodes.refused,
    );
  }
}

type Parsed = readonly [JsonObject, ParsedJob];

/** Those whose parents are not among the others come first; a circle stays as it is, for the API to tell. */
function inOrder(all: readonly Parsed[]): readonly Parsed[] {
  const left = new Map(all.map((each) => [each[1].job.id, each] as const));
  const ordered: Parsed[] = [];
  while (left.size > 0) {
    const free = [...left.values()].filter(([, { job }]) =>
      job.dependencies.every(({ id }) => !left.has(id)),
    );
    const next = free.length === 0 ? [...left.values()] : free;
    for (const each of next) {
      ordered.push(each);
      left.delete(each[1].job.id);
    }
  }
  return ordered;
}

export async function applyJobs({ cluster }: Context, wishes: readonly Wish[]): Promise<void> {
  for (const { id, effect, definition } of wishes) {
    if (effect === "create") await createJob(cluster, definition);
    if (effect === "change") await replaceJob(cluster, id, definition);
  }
}

const marks: Readonly<Record<PlannedJob["effect"], readonly [string, Tone]>> = {
  create: ["+", "good"],
  change: ["~", "warning"],
  unchanged: ["=", "quiet"],
};

/** Lines for people; nothing when there is no job among the definitions. */
export function jobPlanText(
  context: Context,
  jobs: readonly PlannedJob[],
  isWide: boolean,
): readonly string[] {
  const { say, paint } = context;
  return jobs
    .filter(({ effect }) => isWide || effect !== "unchanged")
    .flatMap(({ id, effect, changes }) => {
      const [mark, tone] = marks[effect];
      const head = `${paint(tone, mark)} ${say(`plan.job.${effect}`, { name: id })}`;
      return [head, ...changeLines(context, changes).map((line) => `    ${line}`)];
    });
}

/** For programs: without the definitions that were given. */
export const plannedJobs = (wishes: readonly Wish[]): readonly PlannedJob[] =>
  wishes.map(({ id, effect, changes }) => ({ id, effect, changes }));
