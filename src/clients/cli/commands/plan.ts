/** `keelson plan`: what a change would do, without doing it. Ends with 2 when there is something to do. */
import type { JobPlan } from "#contracts/jobs/own-endpoints.ts";
import { planChange } from "#contracts/services/own-endpoints.ts";
import type { Plan } from "#contracts/services/plan.ts";
import { type ChangeSet, changeSetOf, savePlan, withoutJobs } from "../change-set.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { isJobChange, jobPlanText, planJobs } from "../job-plan.ts";
import type { View } from "../output/view.ts";
import { planText } from "../plan-text.ts";

export async function plan(context: Context, input: Input): Promise<View> {
  const given = changeSetOf(context, input);
  const { jobs: wished, changeSet } = withoutJobs(given);
  const jobs = (await planJobs(context, wished)).map((wish) => wish.plan);
  const planned = changeSet === undefined ? undefined : await planServices(context, changeSet);
  const out = input.text("out");
  if (out !== undefined)
    savePlan(context, out, {
      changeSet: given,
      ...(planned === undefined ? {} : { plan: planned }),
      ...(jobs.length === 0 ? {} : { jobs }),
    });
  return planned === undefined ? jobsView(context, jobs) : servicesView(context, planned, jobs);
}

const planServices = (context: Context, changeSet: ChangeSet): Promise<Plan> =>
  context.connection.call("services", planChange, {
    query: { language: context.language },
    body: changeSet,
  });

function jobsView(context: Context, jobs: readonly JobPlan[]): View {
  const changed = jobs.filter(isJobChange);
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

function servicesView(context: Context, planned: Plan, jobs: readonly JobPlan[]): View {
  const changed = jobs.filter(isJobChange);
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
