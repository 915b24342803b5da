/**
 * Uses offers: each for as many waiting runs as fit, at most so many; what is of no use goes back.
 *
 * A run is stored with its task in the step whose effect accepts the offer, so that a task never runs that no record
 * knows of. Source: contract metronome.md section 5; matching as in contract marathon.md section 13.
 */
import type { Offer, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { JobRunSpec } from "#domain/jobs/index.ts";
import { noPopulation } from "#domain/placement/constraints.ts";
import { agentOf, fieldValueOf, type OfferedAgent } from "#domain/placement/offered-agent.ts";
import { isInMaintenance, isUsable, takeScalar } from "#domain/placement/offered-resources.ts";
import { type Entry, parseResources, Resources, ResourcesInvalid } from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { taskIdOf } from "./ids.ts";
import { constraintsOf } from "./job-table.ts";
import type { Run, RunTask } from "./run.ts";
import { watchLaunch } from "./run-lifecycle.ts";
import type { JobsState } from "./state.ts";
import { buildTaskInfo } from "./task-info.ts";
import type { Turn } from "./turn.ts";

/** Definitions tried on one offer; the rest has its turn with the next. Bounds a step when thousands wait in vain. */
const specsPerOfferMax = 1_000;

const isAnybodys = (role: string): boolean => role === "*";

export function takeOffers(turn: Turn, state: JobsState, offers: readonly Offer[]): void {
  state.interest.offersSeen(state.policy.role, offers.length);
  const unused: Offer[] = [];
  let launched = 0;
  for (const offer of offers) {
    const tasks = spendOffer(turn, state, offer);
    launched += tasks.length;
    if (tasks.length === 0) unused.push(offer);
    else accept(turn, state, offer, tasks);
  }
  if (unused.length > 0) {
    turn.call({
      type: "DECLINE",
      decline: {
        offer_ids: unused.map(({ id }) => id),
        filters: { refuse_seconds: state.policy.declineMs / 1_000 },
      },
    });
  }
  if (launched > 0) state.runs.noteMoreWork();
}

function accept(turn: Turn, state: JobsState, offer: Offer, tasks: readonly TaskInfo[]): void {
  // As long as something waits, what is left of this offer is wanted back soon.
  const refuseSeconds = state.runs.waiting.size > 0 ? 0 : state.policy.declineMs / 1_000;
  turn.call({
    type: "ACCEPT",
    accept: {
      offer_ids: [offer.id],
      operations: [{ type: "LAUNCH", launch: { task_infos: tasks } }],
      filters: { refuse_seconds: refuseSeconds },
    },
  });
}

function spendOffer(turn: Turn, state: JobsState, offer: Offer): readonly TaskInfo[] {
  let left = usableOf(state, offer, turn.now);
  if (left === undefined) return [];
  const agent = agentOf(offer);
  const tasks: TaskInfo[] = [];
  /** Runs of one job mostly have one definition: what did not fit once does not fit again. */
  const refused = new Set<JobRunSpec>();
  const passedOver: Run[] = [];
  for (const run of state.runs.waiting.values()) {
    if (tasks.length >= state.policy.launchesPerOfferMax || refused.size >= specsPerOfferMax) break;
    if (refused.has(run.spec)) continue;
    const taken = match(run.spec, agent, left);
    if (taken === undefined) {
      refused.add(run.spec);
      passedOver.push(run);
      continue;
    }
    left = left.minus(taken);
    tasks.push(launch(turn, state, run, agent, taken));
  }
  if (refused.size >= specsPerOfferMax) for (const run of passedOver) state.runs.tryLater(run);
  return tasks;
}

/** Of an offer that can be used at all. */
function usableOf(state: JobsState, offer: Offer, now: InstantMs): Resources | undefined {
  if (state.runs.waiting.size === 0) return undefined;
  return isInMaintenance(offer, { now, drainingMs: state.policy.drainingMs }) ? undefined : readOffer(offer);
}

/** Malformed resources can't be reckoned with; the offer goes back. */
function readOffer(offer: Offer): Resources | undefined {
  try {
    return parseResources(offer.resources ?? []).filter((entry) => isUsable(entry, isAnybodys));
  } catch (error) {
    if (error instanceof ResourcesInvalid) return undefined;
    throw error;
  }
}

/** What a run would take; undefined when it doesn't fit. */
function match(spec: JobRunSpec, agent: OfferedAgent, left: Resources): Resources | undefined {
  const isMet = constraintsOf(spec).every((constraint) =>
    constraint.accepts(fieldValueOf(agent, constraint.field), noPopulation),
  );
  if (!isMet) return undefined;
  // Agents with GPUs are kept for those who need them.
  if (spec.gpus === 0 && left.scalarMillis("gpus") > 0) return undefined;
  const taken: Entry[] = [];
  for (const name of ["cpus", "mem", "disk", "gpus"] as const) {
    if (!takeScalar(left, name, Math.round(spec[name] * 1_000), taken)) return undefined;
  }
  return Resources.of(taken);
}

function launch(turn: Turn, state: JobsState, run: Run, agent: OfferedAgent, taken: Resources): TaskInfo {
  const task: RunTask = {
    id: taskIdOf(run.jobId, run.id, state.random.uuid()),
    agentId: agent.agentId,
    host: agent.host,
    state: "TASK_CREATED",
    launchedAt: turn.now,
  };
  const tasks = [...run.tasks, task].slice(-state.policy.tasksOfRunMax);
  watchLaunch(state, state.runs.change(turn, run, { tasks, isTaskOut: true }), turn.now);
  return buildTaskInfo(run, task, {
    resources: taken.toWire({ format: "old" }),
    prefix: state.policy.envVarsPrefix,
    defaultUser: state.policy.frameworkUser,
  });
}
