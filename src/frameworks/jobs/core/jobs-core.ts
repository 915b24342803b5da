/**
 * The deciding half of jobs: which runs there are, what becomes of them, which offers they take.
 *
 * One `apply` runs due timers and takes the event; then offers are asked for or declined. Work is in proportion to what
 * changed. Source: contract metronome.md.
 */
import { assertNever } from "#foundation/base/assert.ts";
import type { Core, InstantMs, Outcome } from "#foundation/base/core.ts";
import type { Random } from "#foundation/base/random.ts";
import { TimerQueue } from "#foundation/base/timer-queue.ts";
import { KillTable } from "#frameworks/base/core/kill-table.ts";
import { forgetOffers, giveBackOffers, takeCallFailed } from "#frameworks/base/core/lost-calls.ts";
import { takeMasterEvent } from "#frameworks/base/core/master-event.ts";
import { OfferInterest } from "#frameworks/base/core/offer-interest.ts";
import { reconcileDue, reconcileOnConnect } from "#frameworks/base/core/reconcile.ts";
import { believedTasks, checkJobs, snapshotJobs } from "./core-checks.ts";
import type { JobsEffect } from "./effects.ts";
import type { JobsEvent } from "./events.ts";
import { HistoryTable } from "./history-table.ts";
import { JobTable } from "./job-table.ts";
import { takeOffers } from "./offers.ts";
import type { JobsPolicy } from "./policy.ts";
import { type JobsQueries, jobsQueries } from "./queries.ts";
import {
  createJob,
  createSchedule,
  deleteJob,
  deleteSchedule,
  replaceJob,
  replaceSchedule,
  startRun,
  stopRunOf,
} from "./requests.ts";
import { restoreTables, resume, type StoredRecord, storeFrameworkId } from "./restore.ts";
import { launchOverdue, startByPassed } from "./run-lifecycle.ts";
import { RunTable } from "./run-table.ts";
import { fire, fireIfDue } from "./schedules.ts";
import type { JobsState, Timer } from "./state.ts";
import { takeStatus } from "./status-updates.ts";
import { Turn } from "./turn.ts";

/** The jobs core: dispatch events through a core host, read through `queries` synchronously. */
export interface JobsCore extends Core<JobsEvent, JobsEffect> {
  readonly queries: JobsQueries;
}

/** Makes the core from what is stored. Throws RecordInvalid when a record is damaged or of a newer build. */
const nowhere: ReadonlySet<string> = new Set();

export function createJobsCore(options: {
  readonly records: readonly StoredRecord[];
  readonly random: Random;
  readonly policy: JobsPolicy;
}): JobsCore {
  const state: JobsState = {
    policy: options.policy,
    random: options.random,
    timers: new TimerQueue<Timer>(),
    connection: { frameworkId: undefined, isConnected: false, master: undefined },
    jobs: new JobTable(),
    runs: new RunTable(),
    history: new HistoryTable(options.policy),
    kills: new KillTable(),
    interest: new OfferInterest(),
    unreturnedOffers: new Set(),
  };
  state.interest.setRoles([options.policy.role], state);
  restoreTables(state, options.records);
  // Due at once: resuming needs an instant, which only comes with the first event or wake.
  state.timers.set("resume", 0, { kind: "resume" });
  const step = (now: InstantMs, decide: (turn: Turn) => void): Outcome<JobsEffect> => {
    const turn = new Turn(now);
    runDueTimers(turn, state);
    decide(turn);
    const role = new Set([state.policy.role]);
    state.interest.settle(turn, state, {
      newIn: state.runs.takeNewWork() ? role : nowhere,
      roles: state.runs.waiting.size > 0 ? role : nowhere,
    });
    return turn.finish();
  };
  return {
    queries: jobsQueries(state),
    apply: (event, now) => step(now, (turn) => takeEvent(turn, state, event)),
    wakeAt: () => state.timers.nextAt(),
    wake: (now) => step(now, () => {}),
    snapshot: () => snapshotJobs(state),
    check: () => checkJobs(state),
  };
}

function takeEvent(turn: Turn, state: JobsState, event: JobsEvent): void {
  if ("jobId" in event) fireIfDue(turn, state, event.jobId);
  if (event.kind === "replaceJob") fireIfDue(turn, state, event.definition.id);
  switch (event.kind) {
    case "createJob":
      return turn.reply(event.request, createJob(turn, state, event));
    case "replaceJob":
      return turn.reply(event.request, replaceJob(turn, state, event));
    case "deleteJob":
      return turn.reply(event.request, deleteJob(turn, state, event));
    case "createSchedule":
      return turn.reply(event.request, createSchedule(turn, state, event));
    case "replaceSchedule":
      return turn.reply(event.request, replaceSchedule(turn, state, event));
    case "deleteSchedule":
      return turn.reply(event.request, deleteSchedule(turn, state, event));
    case "startRun":
      return turn.reply(event.request, startRun(turn, state, event));
    case "stopRun":
      return turn.reply(event.request, stopRunOf(turn, state, event));
    default:
      return takeMasterEvent(turn, event, {
        subscribed: (subscribed) => takeSubscribed(turn, state, subscribed),
        disconnected: () => {
          state.connection.isConnected = false;
        },
        offersReceived: (offers) => takeOffers(turn, state, offers),
        callFailed: ({ call }) => takeCallFailed(turn, state, call),
        statusReceived: (status) => takeStatus(turn, state, status),
        // No executor of ours sends any.
        // It gives operations no ids.
        operationStatusReceived: () => undefined,
        frameworkMessageReceived: () => undefined,
      });
  }
}

function takeSubscribed(
  turn: Turn,
  state: JobsState,
  event: Extract<JobsEvent, { kind: "subscribed" }>,
): void {
  const { connection } = state;
  if (connection.frameworkId !== event.frameworkId) storeFrameworkId(turn, event.frameworkId);
  connection.frameworkId = event.frameworkId;
  connection.isConnected = true;
  connection.master = event.master;
  forgetOffers(state);
  state.interest.connected(state, turn.now, () => state.runs.waiting.size > 0);
  reconcileOnConnect(turn, state, believedTasks(state));
  state.kills.reconnected(turn, state);
}

/** When thousands of schedules are due at one second, others have their turn in between, and batches stay small. */
const timersPerStepMax = 500;

function runDueTimers(turn: Turn, state: JobsState): void {
  for (let count = 0; count < timersPerStepMax; count += 1) {
    const due = state.timers.takeDue(turn.now);
    if (due === undefined) return;
    runTimer(turn, state, due.timer);
  }
}

function runTimer(turn: Turn, state: JobsState, timer: Timer): void {
  switch (timer.kind) {
    case "resume":
      return resume(turn, state);
    case "fire":
      return fire(turn, state, timer.jobId, timer.at);
    case "startBy":
      return startByPassed(turn, state, timer.jobId, timer.runId);
    case "overdue":
      return launchOverdue(turn, state, timer);
    case "killAgain":
      return state.kills.again(turn, state, timer.taskId);
    case "offerInterest":
      // Settling the interest at the end of this step is all there is to do.
      return;
    case "giveBackOffers":
      return giveBackOffers(turn, state);
    case "reconcile":
      return reconcileDue(turn, state, believedTasks(state));
    default:
      return assertNever(timer);
  }
}
