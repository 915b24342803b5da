import type { InstantMs, Outcome } from "#foundation/base/core.ts";
import type { JobsCore, JobsEffect, JobsEvent } from "#frameworks/jobs/core/index.ts";
import type { Tell } from "./sentences.ts";

type Defining = Extract<JobsEvent, { readonly kind: "createJob" | "replaceJob" }>;

/**
 * Invariant 9 of jobs: a core that is asked for the plan of each definition just before it takes it. What the plan calls new is
 * made, what it calls unchanged stays as it is, what it refuses is refused; and no run ends by it.
 */
export function jobsComparedWithPlans(core: JobsCore, tell: Tell): JobsCore {
  return {
    ...core,
    apply: (event, now) =>
      event.kind === "createJob" || event.kind === "replaceJob"
        ? compare(core, event, now, tell)
        : core.apply(event, now),
  };
}

function compare(core: JobsCore, event: Defining, now: InstantMs, tell: Tell): Outcome<JobsEffect> {
  const { queries } = core;
  const { id } = event.definition;
  const shown = (): string => JSON.stringify([queries.definition(id), queries.schedules(id)]);
  const runs = (): readonly string[] => queries.activeRuns(id).map((run) => run.id);
  const schedules = event.schedules ?? queries.schedules(id);
  const plans = queries.plan([{ job: event.definition, schedules }], { now, known: undefined, nodesMax: 0 });
  const before = { shown: shown(), runs: runs() };
  const outcome = core.apply(event, now);
  const reply = outcome.effects.find((effect) => effect.kind === "reply");
  const refused = reply?.result.kind === "refused" ? reply.result.refusal.code : "nothing";
  if ("code" in plans) {
    // Whether the job is there is looked at first.
    if (refused !== plans.code && refused !== "JobExists" && refused !== "JobUnknown")
      tell("plan", `a plan of ${id} refuses ${plans.code}; it was refused for ${refused}`);
    return outcome;
  }
  const [plan] = plans;
  // Each of the two ways to define a job is for one of the cases only.
  const expected =
    event.kind === "createJob" && plan?.effect !== "create"
      ? "JobExists"
      : event.kind === "replaceJob" && plan?.effect === "create"
        ? "JobUnknown"
        : "nothing";
  if (refused !== expected)
    tell("plan", `the plan of ${id} says ${plan?.effect}; ${event.kind} was refused for ${refused}`);
  if (refused === "nothing" && (plan?.effect === "unchanged") !== (shown() === before.shown))
    tell("plan", `the plan of ${id} says ${plan?.effect}; it was ${before.shown} and is ${shown()}`);
  // Others may begin in the same step, by their schedule.
  const left = before.runs.filter((run) => runs().includes(run)).length;
  if (plan?.activeCount !== before.runs.length || left !== before.runs.length)
    tell(
      "plan",
      `the plan of ${id} says ${plan?.activeCount} runs stay; of ${before.runs.length} ${left} did`,
    );
  return outcome;
}
