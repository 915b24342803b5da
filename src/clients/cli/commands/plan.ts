/** `keelson plan`: what a change would do, without doing it. Ends with 2 when there is something to do. */
import { planChange } from "#contracts/services/own-endpoints.ts";
import { type ChangeSet, changeSetOf, savePlan, withoutJobs } from "../change-set.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { jobPlanText, type PlannedJob, planJobs, plannedJobs } from "../job-plan.ts";
import type { View } from "../output/view.ts";
import { planText } from "../plan-text.ts";

export async function plan(context: Context, input: Input): Promise<View> {
  const { jobs: wished, changeSet } = withoutJobs(changeSetOf(context, input));
  const out = input.text("out");
  if (out !== undefined && wished.length > 0) throw new UsageError("apply.jobsInPlan", {}, input.path);
  const jobs = plannedJobs(await planJobs(context, wished));
  if (changeSet === undefined) return jobsView(context, jobs);
  return await servicesView(context, { changeSet, jobs, out });
}

const isChange = ({ effect }: PlannedJob): boolean => effect !== "unchanged";

function jobsView(context: Context, jobs: readonly PlannedJob[]): View {
  const changed = jobs.filter(isChange);
  return {
    kind: "text",
    data: { isEmpty: changed.length === 0, services: [], jobs },
    names: changed.map(({ id }) => id),
    text: ({ isWide }) =>
      [
        ...jobPlanText(context, jobs, isWide),
        ...(changed.length === 0 ? [context.say("plan.empty")] : []),
      ].join("\n"),
    ...(changed.length === 0 ? {} : { exitCode: exitCodes.change }),
  };
}

interface Wished {
  readonly changeSet: ChangeSet;
  readonly jobs: readonly PlannedJob[];
  readonly out: string | undefined;
}

async function servicesView(context: Context, { changeSet, jobs, out }: Wished): Promise<View> {
  const planned = await context.connection.call("services", planChange, {
    query: { language: context.language },
    body: changeSet,
  });
  if (out !== undefined) savePlan(context, out, { plan: planned, changeSet });
  const changed = jobs.filter(isChange);
  return {
    kind: "text",
    data: jobs.length === 0 ? planned : { ...planned, jobs },
    names: [
      ...planned.services.filter(({ effect }) => effect !== "unchanged").map(({ id }) => id),
      ...changed.map(({ id }) => id),
    ],
    text: (options) =>
      [...jobPlanText(context, jobs, options.isWide), planText(context, planned, options)].join("\n"),
    ...(planned.isEmpty && changed.length === 0 ? {} : { exitCode: exitCodes.change }),
  };
}
