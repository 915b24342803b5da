/** Our own reads below `/keelson/v1`: jobs, their runs, and why. */
import { explainJob, listJobRuns, listJobs, planJobs } from "#contracts/jobs/own-endpoints.ts";
import { DefinitionInvalid, ShapeInvalid } from "#domain/definitions/index.ts";
import { objectNotValid, type ParsedJob, parseJob } from "#domain/jobs/index.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { EndpointSet } from "#foundation/http/index.ts";
import type { PullSource } from "#frameworks/base/shell/image-pulls.ts";
import type { NodeSource } from "#frameworks/base/shell/known-nodes.ts";
import { itemWithText, withText } from "#frameworks/base/shell/reason-text.ts";
import { type ExplainOptions, reasonOf } from "../core/index.ts";
import type { ApiContext } from "./context.ts";
import { demandJob, seesJob } from "./sight.ts";

/** Nodes whose verdicts one answer has; the nearest misses are first. */
const nodesMax = 100;

export interface OwnContext extends Pick<ApiContext, "queries" | "now"> {
  readonly nodes: Pick<NodeSource, "read">;
  readonly pulls: Pick<PullSource, "read">;
}

export function addOwnReads(endpoints: EndpointSet, context: OwnContext): void {
  const { queries } = context;
  endpoints
    .add(listJobs, async ({ query: { language = "en", ...query } }) => {
      const { items, total } = queries.ownJobs({ ...query, sees: seesJob }, await optionsOf(context, 0));
      return { items: items.map((item) => itemWithText(item, language)), total };
    })
    .add(listJobRuns, async ({ query: { language = "en", ...query } }) => {
      const list = queries.ownRuns({ ...query, sees: seesJob }, await optionsOf(context, 0));
      if (list === undefined) throw unknown(query.job ?? "");
      return { items: list.items.map((item) => itemWithText(item, language)), total: list.total };
    })
    .add(explainJob, async ({ query: { name, language = "en" } }) => {
      const found = queries.explain(name, { ...(await optionsOf(context, nodesMax)), sees: seesJob });
      if (found === undefined) throw unknown(name);
      return { ...found, reasons: found.reasons.map((reason) => withText(reason, language)) };
    })
    .add(planJobs, async ({ body, query: { language = "en" } }) => {
      const wished = body.definitions.map(parsed);
      for (const { job } of wished) {
        demandJob(job.id, queries.definition(job.id) === undefined ? "create" : "update");
        for (const parent of job.dependencies) demandJob(parent.id, "read");
      }
      const known = await context.nodes.read();
      const plan = queries.plan(wished, { now: context.now(), known, nodesMax });
      if ("code" in plan)
        throw new CodedError("Invalid", reasonOf(plan), {
          details: [{ path: "/dependencies", errors: [reasonOf(plan)] }],
        });
      return { jobs: plan.map((each) => itemWithText(each, language)) };
    });
}

/** Throws CodedError `Invalid` with what is wrong, field by field, in the paths of Metronome's answers. */
function parsed(definition: unknown): ParsedJob {
  try {
    return parseJob(definition);
  } catch (error) {
    if (!(error instanceof ShapeInvalid || error instanceof DefinitionInvalid)) throw error;
    const { details } = objectNotValid(error.details);
    const [first] = details;
    const said = first === undefined ? error.message : `${first.path}: ${first.errors.join("; ")}`;
    throw new CodedError("Invalid", said, { details });
  }
}

/** The master is asked about its agents only when something waits for one. */
async function optionsOf({ queries, now, nodes, pulls }: OwnContext, max: number): Promise<ExplainOptions> {
  const known = queries.waiting().length > 0 ? await nodes.read() : undefined;
  return { known, nodesMax: max, pulls: await pulls.read(queries.agentsPulling()), now: now() };
}

function unknown(name: string): CodedError {
  return new CodedError("NotFound", `there is no job or run ${name.slice(0, 300)}`);
}
