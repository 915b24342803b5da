/** How an executor is told what to do: over the stream that it opened. Source: contract mesos.md section 2.1, events. */
import type { ExecutorEvent, KillPolicy } from "#contracts/kernel/messages.gen.ts";
import type { Executor } from "./executor-run.ts";
import type { Step } from "./step.ts";
import { type TaskRun, taskIdOf } from "./task-run.ts";

/** What waits for one executor is told in the order in which it came. */
export interface ExecutorChannel {
  /** False while nobody listens: what is told then is lost. */
  isOpen(executor: Executor): boolean;
  /** Tasks of one group, or one task. */
  launch(step: Step, executor: Executor, runs: readonly TaskRun[]): void;
  kill(step: Step, executor: Executor, run: TaskRun, policy: KillPolicy | undefined): void;
  /** The agent has the update on its disk. */
  acknowledge(step: Step, executor: Executor, run: { readonly taskId: string; readonly uuid: string }): void;
  message(step: Step, executor: Executor, data: string): void;
  shutDown(step: Step, executor: Executor): void;
}

export const streamChannel: ExecutorChannel = {
  isOpen: ({ connection }) => connection !== undefined,
  launch: (step, executor, runs) => {
    const [first] = runs;
    if (first === undefined) return;
    const isGroup = first.spec.executor?.group !== undefined;
    tell(
      step,
      executor,
      isGroup
        ? {
            type: "LAUNCH_GROUP",
            launch_group: { task_group: { tasks: runs.map(({ spec }) => spec.task) } },
          }
        : { type: "LAUNCH", launch: { task: first.spec.task } },
    );
  },
  kill: (step, executor, run, policy) =>
    tell(step, executor, {
      type: "KILL",
      kill: {
        task_id: { value: taskIdOf(run) },
        ...(policy === undefined ? {} : { kill_policy: policy }),
      },
    }),
  acknowledge: (step, executor, { taskId, uuid }) =>
    tell(step, executor, { type: "ACKNOWLEDGED", acknowledged: { task_id: { value: taskId }, uuid } }),
  message: (step, executor, data) => tell(step, executor, { type: "MESSAGE", message: { data } }),
  shutDown: (step, executor) => tell(step, executor, { type: "SHUTDOWN" }),
};

/** Lost when there is no stream: what matters is told again on the next one. */
export function tell(step: Step, { connection }: Executor, event: ExecutorEvent): void {
  if (connection !== undefined) step.emit({ kind: "tellExecutor", connection, event });
}
