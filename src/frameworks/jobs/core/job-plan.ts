/** What a definition would make of its job, before it does: computed from what is there now, nothing is changed. */
import type { JobPlan } from "#contracts/jobs/own-endpoints.ts";
import { fieldChanges } from "#domain/changes/index.ts";
import { type JobDefinition, nextRuns, type ParsedJob } from "#domain/jobs/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import type { ReasonFacts } from "#frameworks/base/core/reason-facts.ts";
import type { Refusal } from "./effects.ts";
import { dependenciesRefusal } from "./requests.ts";
import type { JobsState } from "./state.ts";
import { type ExplainOptions, roomFor } from "./waiting-reasons.ts";

export type JobPlanFacts = Omit<JobPlan, "reason"> & { readonly reason?: ReasonFacts };

const nextRunsTold = 5;
const nodesTold = 10;

/** In the order given; they may depend on each other. */
export function planJobs(
  state: JobsState,
  wished: readonly ParsedJob[],
  options: ExplainOptions,
): readonly JobPlanFacts[] | Refusal {
  const wishedById = new Map(wished.map(({ job }) => [job.id, job]));
  const find = (id: string): JobDefinition | undefined =>
    wishedById.get(id) ?? state.jobs.get(id)?.definition;
  for (const { job, schedules } of wished) {
    const refusal = dependenciesRefusal(job, schedules, find);
    if (refusal !== undefined) return refusal;
  }
  return wished.map((each) => planJob(state, each, options));
}

function planJob(state: JobsState, { job, schedules }: ParsedJob, options: ExplainOptions): JobPlanFacts {
  const current = state.jobs.get(job.id);
  // Both are JSON by construction.
  const changes =
    current === undefined
      ? []
      : fieldChanges(
          { ...current.definition, schedules: current.schedules } as unknown as JsonObject,
          { ...job, schedules } as unknown as JsonObject,
        );
  const { fitting, obstacle } = roomFor(state, job.run, options);
  const [schedule] = schedules;
  return {
    id: job.id,
    effect: current === undefined ? "create" : changes.length === 0 ? "unchanged" : "change",
    changes: [...changes],
    activeCount: state.runs.ofJob(job.id).size,
    nextRuns: schedule?.enabled === true ? [...nextRuns(schedule, options.now, nextRunsTold)] : [],
    nodes: fitting.slice(0, nodesTold).map(({ agent }) => ({ agentId: agent.agentId, hostname: agent.host })),
    nodesCount: fitting.length,
    ...(obstacle === undefined ? {} : { reason: obstacle }),
  };
}
