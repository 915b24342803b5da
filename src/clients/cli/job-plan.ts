/** What `plan` and `apply` do with definitions of jobs: each is made, changed or left as it is. */
import { createJob, replaceJob } from "#clients/client/jobs.ts";
import { type JobPlan, planJobs as planEndpoint } from "#contracts/jobs/own-endpoints.ts";
import { DefinitionInvalid, ShapeInvalid } from "#domain/definitions/index.ts";
import type { ParsedJob } from "#domain/jobs/job.ts";
import { objectNotValid } from "#domain/jobs/job-wire.ts";
import { isJobBody, parseJob } from "#domain/jobs/parse-job.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { forApi } from "./commands/job-change.ts";
import { CommandFailed, type Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { instant, printable } from "./output/table.ts";
import { changeLines } from "./plan-text.ts";
import type { Tone } from "./terminal/colour.ts";

interface Wish {
  readonly definition: JsonObject;
  readonly plan: JobPlan;
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
  const all = definitions.map((definition) => [definition, parsedJob(context, definition)] as const);
  const ordered = inOrder(all).map(([definition]) => definition);
  if (ordered.length === 0) return [];
  const { jobs } = await context.connection.call("jobs", planEndpoint, {
    query: { language: context.language },
    body: { definitions: ordered },
  });
  return jobs.flatMap((plan, index) => {
    const definition = ordered[index];
    return definition === undefined ? [] : [{ definition, plan }];
  });
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
  for (const { definition, plan } of wishes) {
    if (plan.effect === "create") await createJob(cluster, definition);
    if (plan.effect === "change") await replaceJob(cluster, plan.id, definition);
  }
}

/** Refuses what would no longer do what was looked at. */
export function demandSamePlan({ say }: Context, now: readonly JobPlan[], seen: readonly JobPlan[]): void {
  const does = ({ id, effect, changes }: JobPlan): string => JSON.stringify([id, effect, changes]);
  const before = new Set(seen.map(does));
  const moved = now.filter((plan) => !before.has(does(plan)));
  if (moved.length === 0) return;
  const names = moved.map(({ id }) => id).join(", ");
  throw new CommandFailed(say("apply.jobsMoved", { count: moved.length, names }), exitCodes.refused);
}

export const isJobChange = ({ effect }: JobPlan): boolean => effect !== "unchanged";

const marks: Readonly<Record<JobPlan["effect"], readonly [string, Tone]>> = {
  create: ["+", "good"],
  change: ["~", "warning"],
  unchanged: ["=", "quiet"],
};

/** Lines for people; nothing when there is no job among the definitions. */
export function jobPlanText(context: Context, jobs: readonly JobPlan[], isWide: boolean): readonly string[] {
  const { say, paint } = context;
  return jobs
    .filter((job) => isWide || isJobChange(job))
    .flatMap((job) => {
      const [mark, tone] = marks[job.effect];
      const head = `${paint(tone, mark)} ${say(`plan.job.${job.effect}`, { name: job.id })}`;
      const lines = [...changeLines(context, job.changes), ...placeLines(context, job)];
      return [head, ...lines.map((line) => `    ${line}`)];
    });
}

/** When and where it would run. */
function placeLines({ say, paint }: Context, { nextRuns, nodes, nodesCount, reason }: JobPlan): string[] {
  const times = nextRuns.map(instant).join(", ");
  const hosts = nodes.map(({ agentId, hostname }) => hostname || agentId).join(", ");
  return [
    ...(nextRuns.length === 0 ? [] : [say("plan.job.times", { count: nextRuns.length, times })]),
    ...(nodesCount === 0 ? [] : [say("plan.job.nodes", { hosts, more: nodesCount - nodes.length })]),
    ...(reason === undefined
      ? []
      : [paint("warning", `! ${say("plan.job.waits", { reason: printable(reason.message) })}`)]),
  ];
}
