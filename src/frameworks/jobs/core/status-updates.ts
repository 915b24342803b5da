/**
 * Takes what is told about tasks.
 *
 * Told twice changes nothing. An update with a uuid is acknowledged by an effect of the step that wrote what it says, so
 * that the acknowledgement leaves after the write. Source: contract metronome.md section 5; mesos.md section 1.6.
 */
import type { TaskState, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { parseTaskId } from "./ids.ts";
import { currentTask, isTaskEnded, type Run, type RunTask, type TaskShown } from "./run.ts";
import { becomeActive, launchLost, succeeded, taskFailed, watchLaunch } from "./run-lifecycle.ts";
import type { JobsState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** What a state means for a run, and what of it is shown. */
type Meaning =
  | { readonly kind: "alive"; readonly shown: TaskShown }
  | { readonly kind: "ended"; readonly shown: TaskShown }
  /** It may be alive and nobody can tell. */
  | { readonly kind: "unreachable" };

const meanings: ReadonlyMap<TaskState, Meaning> = new Map<TaskState, Meaning>([
  ["TASK_STAGING", { kind: "alive", shown: "TASK_STAGING" }],
  ["TASK_STARTING", { kind: "alive", shown: "TASK_STARTING" }],
  ["TASK_RUNNING", { kind: "alive", shown: "TASK_RUNNING" }],
  ["TASK_KILLING", { kind: "alive", shown: "TASK_RUNNING" }],
  ["TASK_FINISHED", { kind: "ended", shown: "TASK_FINISHED" }],
  ["TASK_KILLED", { kind: "ended", shown: "TASK_KILLED" }],
  ["TASK_FAILED", { kind: "ended", shown: "TASK_FAILED" }],
  ["TASK_ERROR", { kind: "ended", shown: "TASK_FAILED" }],
  ["TASK_LOST", { kind: "ended", shown: "TASK_FAILED" }],
  ["TASK_DROPPED", { kind: "ended", shown: "TASK_FAILED" }],
  ["TASK_GONE", { kind: "ended", shown: "TASK_FAILED" }],
  ["TASK_GONE_BY_OPERATOR", { kind: "ended", shown: "TASK_FAILED" }],
  ["TASK_UNKNOWN", { kind: "ended", shown: "TASK_FAILED" }],
  ["TASK_UNREACHABLE", { kind: "unreachable" }],
]);

export function takeStatus(turn: Turn, state: JobsState, status: TaskStatus): void {
  const taskId = status.task_id.value;
  const meaning = meanings.get(status.state);
  if (meaning !== undefined) {
    if (meaning.kind !== "alive") state.kills.settle(turn, state, taskId);
    const parsed = parseTaskId(taskId);
    const run = parsed === undefined ? undefined : state.runs.get(parsed.jobId, parsed.runId);
    const task = run === undefined ? undefined : currentTask(run);
    if (run !== undefined && task?.id === taskId) takeOwn(turn, state, { run, task, meaning, status });
    else takeLeft(turn, state, { run, meaning, status });
  }
  acknowledge(turn, status);
}

function takeOwn(
  turn: Turn,
  state: JobsState,
  told: {
    readonly run: Run;
    readonly task: RunTask;
    readonly meaning: Meaning;
    readonly status: TaskStatus;
  },
): void {
  const { run, task, meaning, status } = told;
  switch (meaning.kind) {
    case "alive":
      return takeAlive(turn, state, run, task, meaning.shown);
    case "ended": {
      if (neverBegan(task, status)) return launchLost(turn, state, run);
      const after = changeLast(turn, state, run, endedTask(turn, task, meaning.shown, status));
      return meaning.shown === "TASK_FINISHED"
        ? succeeded(turn, state, after)
        : taskFailed(turn, state, after);
    }
    case "unreachable":
      // The run does not wait for the agent. Should the task come back, it is killed as one that nobody wants.
      return taskFailed(
        turn,
        state,
        changeLast(turn, state, run, endedTask(turn, task, "TASK_FAILED", status)),
      );
  }
}

const shownOrder: readonly TaskShown[] = ["TASK_CREATED", "TASK_STAGING", "TASK_STARTING", "TASK_RUNNING"];

/** Nothing goes back on its way up. */
function takeAlive(turn: Turn, state: JobsState, run: Run, task: RunTask, shown: TaskShown): void {
  if (shownOrder.indexOf(shown) <= shownOrder.indexOf(task.state)) return;
  const changed = changeLast(turn, state, run, { ...task, state: shown });
  watchLaunch(state, becomeActive(turn, state, changed), turn.now);
  turn.publish("job_run_updated", { jobId: run.jobId, runId: run.id, status: "ACTIVE", taskState: shown });
}

/** Nobody ever saw it, and the master does not know it: the call that launched it did not arrive, or its offer was gone. */
function neverBegan(task: RunTask, { state, reason }: TaskStatus): boolean {
  if (task.state !== "TASK_CREATED") return false;
  if (state === "TASK_DROPPED") return true;
  const isUnknown = state === "TASK_GONE" || state === "TASK_UNKNOWN" || state === "TASK_LOST";
  return isUnknown && reason === "REASON_RECONCILIATION";
}

/** A task that no run waits for: of a run that is over, an earlier one of a run that went on, or nobody's. */
function takeLeft(
  turn: Turn,
  state: JobsState,
  told: { readonly run: Run | undefined; readonly meaning: Meaning; readonly status: TaskStatus },
): void {
  const { run, meaning, status } = told;
  const taskId = status.task_id.value;
  if (meaning.kind === "alive") return state.kills.want(turn, state, taskId, status.agent_id?.value);
  if (meaning.kind === "unreachable") return;
  const left = state.history.leavingTask(taskId);
  if (left !== undefined) state.history.changeTask(turn, endedTask(turn, left, meaning.shown, status));
  const earlier = run?.tasks.find(({ id }) => id === taskId);
  if (run === undefined || earlier === undefined || isTaskEnded(earlier)) return;
  const ended = endedTask(turn, earlier, meaning.shown, status);
  state.runs.change(turn, run, { tasks: run.tasks.map((task) => (task === earlier ? ended : task)) });
}

function endedTask(turn: Turn, task: RunTask, shown: TaskShown, status: TaskStatus): RunTask {
  const { message, reason } = status;
  return {
    ...task,
    state: shown,
    endedAt: turn.now,
    ...(message === undefined || message === "" ? {} : { message: message.slice(0, messageMax) }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Of a message that is kept. */
const messageMax = 1_000;

function changeLast(turn: Turn, state: JobsState, run: Run, task: RunTask): Run {
  return state.runs.change(turn, run, { tasks: [...run.tasks.slice(0, -1), task] });
}

/** An update without uuid is the master's own word and must not be acknowledged. */
function acknowledge(turn: Turn, status: TaskStatus): void {
  if (status.uuid === undefined || status.agent_id === undefined) return;
  turn.call({
    type: "ACKNOWLEDGE",
    acknowledge: { agent_id: status.agent_id, task_id: status.task_id, uuid: status.uuid },
  });
}
