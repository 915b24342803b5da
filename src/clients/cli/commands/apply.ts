/** `keelson apply`: makes services and jobs as the files say, follows it, and tells how it ended. */
import type { JobPlan } from "#contracts/jobs/own-endpoints.ts";
import { applyChange, planChange } from "#contracts/services/own-endpoints.ts";
import type { Plan } from "#contracts/services/plan.ts";
import { type ChangeSet, changeSetOf, readPlan, withoutJobs } from "../change-set.ts";
import type { Input } from "../command-line/input.ts";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { applyJobs, demandSamePlan, isJobChange, jobPlanText, planJobs } from "../job-plan.ts";
import { withLock } from "../lock.ts";
import { planText } from "../plan-text.ts";
import { concludeChange } from "../verdict.ts";

export async function apply(context: Context, input: Input): Promise<ExitCode> {
  const { changeSet: given, basis, seenJobs } = whatToApply(context, input);
  const { jobs: wished, changeSet } = withoutJobs(given);
  const jobs = await planJobs(context, wished);
  if (seenJobs !== undefined) demandSamePlan(context, jobs.map(planOf), seenJobs);
  if (changeSet === undefined) return await applyJobsOnly(context, jobs);
  await confirmRemovals(context, changeSet);
  await doJobs(context, jobs);
  const message = input.text("message");
  const answer = await withLock(context, input, ({ force }) =>
    context.connection.call("services", applyChange, {
      query: { language: context.language },
      body: {
        ...changeSet,
        ...(force ? { force } : {}),
        ...(basis === undefined ? {} : { basis }),
        ...(message === undefined ? {} : { message }),
      },
    }),
  );
  return await concludePlanned(context, input, answer);
}

/** Shows what is done with jobs, and does it. */
async function doJobs(
  context: Context,
  jobs: Awaited<ReturnType<typeof planJobs>>,
): Promise<readonly string[]> {
  const plans = jobs.map(planOf);
  for (const line of jobPlanText(context, plans, false)) context.note(line);
  await applyJobs(context, jobs);
  return plans.filter(isJobChange).map(({ id }) => id);
}

async function applyJobsOnly(
  context: Context,
  jobs: Awaited<ReturnType<typeof planJobs>>,
): Promise<ExitCode> {
  const changed = await doJobs(context, jobs);
  const { say } = context;
  await context.result({
    text:
      changed.length === 0
        ? say("apply.noChange")
        : say("apply.jobsDone", { count: changed.length, names: changed.slice(0, 5).join(", ") }),
    data: {
      services: [],
      jobs: jobs.map(planOf),
      verdict: changed.length === 0 ? "noChange" : "succeeded",
    },
    name: changed.join("\n"),
  });
  return exitCodes.ok;
}

const planOf = ({ plan }: { readonly plan: JobPlan }): JobPlan => plan;

interface ToApply {
  readonly changeSet: ChangeSet;
  readonly basis: string | undefined;
  /** What jobs would have become when the plan was looked at. */
  readonly seenJobs: readonly JobPlan[] | undefined;
}

function whatToApply(context: Context, input: Input): ToApply {
  const planFile = input.text("plan");
  if (planFile === undefined)
    return { changeSet: changeSetOf(context, input), basis: undefined, seenJobs: undefined };
  const { basis, jobs: seenJobs, changeSet } = readPlan(context, planFile);
  const isGiven = input.all("file").length > 0 || input.all("remove").length > 0;
  return {
    basis,
    seenJobs,
    changeSet: isGiven || changeSet === undefined ? changeSetOf(context, input) : changeSet,
  };
}

/** Services that would go are named before they do. */
async function confirmRemovals(context: Context, changeSet: ChangeSet): Promise<void> {
  if (context.assumeYes || !context.terminal.canAsk) return;
  if (changeSet.pruneGroup === undefined && changeSet.removals === undefined) return;
  const plan = await context.connection.call("services", planChange, {
    query: { language: context.language },
    body: changeSet,
  });
  const gone = plan.services.filter(({ effect }) => effect === "remove").map(({ id }) => id);
  if (gone.length === 0) return;
  await confirm(context, {
    effect: context.say("confirm.removeServices", { count: gone.length, names: gone.join(", ") }),
    // Many at once are not done with a `y` that was meant for something else.
    ...(changeSet.pruneGroup === undefined ? {} : { typed: changeSet.pruneGroup }),
  });
}

export interface PlannedAnswer {
  readonly deploymentId?: string | undefined;
  readonly version?: string | undefined;
  readonly plan: Plan;
}

/** Shows what is done, follows it unless that is not wanted, and gives the verdict. */
export async function concludePlanned(
  context: Context,
  input: Input,
  { deploymentId, version, plan }: PlannedAnswer,
): Promise<ExitCode> {
  const { say } = context;
  const services = plan.services.filter(({ effect }) => effect !== "unchanged").map(({ id }) => id);
  const names = services.join("\n");
  const data = { deploymentId, version, services, plan };
  if (deploymentId === undefined) {
    await context.result({
      text: say("apply.noChange"),
      data: { ...data, verdict: "noChange" },
      name: names,
    });
    return exitCodes.ok;
  }
  context.note(planText(context, plan, { isWide: false }));
  if (input.isOn("no-wait")) {
    const text = say("apply.accepted", { deployment: deploymentId });
    await context.result({ text, data: { ...data, verdict: "accepted" }, name: names });
    return exitCodes.ok;
  }
  const removed = plan.services.filter(({ effect }) => effect === "remove");
  const verdict = await concludeChange(context, input, {
    deployment: deploymentId,
    services,
    isRemoval: removed.length > 0 && removed.length === services.length,
    data,
  });
  if (verdict !== exitCodes.ok) return verdict;
  const told = [...services, ...(plan.groups ?? []).map(({ id }) => id)];
  const text = say("apply.done", { count: services.length, names: told.slice(0, 5).join(", ") });
  await context.result({ text, data: { ...data, verdict: "succeeded" }, name: names });
  return exitCodes.ok;
}
