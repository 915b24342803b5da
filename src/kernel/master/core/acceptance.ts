/** Offers that a framework accepted, on their way through its operations. */
import type { ExecutorInfo, TaskInfo, TaskStatusReason } from "#contracts/kernel/messages.gen.ts";
import type { ExecutorVerdict } from "./executor-validation.ts";
import { addExecutor, executorOn, launchedExecutor } from "./executors.ts";
import type { Remaining } from "./operations/perform.ts";
import type { AgentRecord, FrameworkRecord, OfferRecord } from "./records.ts";
import { masterStatus, type Turn, tellStatus } from "./state.ts";

export interface Acceptance {
  readonly framework: FrameworkRecord;
  readonly agent: AgentRecord;
  readonly offer: OfferRecord;
  readonly remaining: Remaining;
}

/** The executor as the agent is told of it; counted from now on when it is new. */
export function holdExecutor(
  { framework, agent, offer }: Acceptance,
  executor: ExecutorInfo,
  { isNew, resources }: Extract<ExecutorVerdict, { kind: "valid" }>,
): ExecutorInfo {
  const known = executorOn(agent, framework.id, executor.executor_id.value);
  if (!isNew && known !== undefined) return known.info;
  const info = launchedExecutor(framework, executor, { role: offer.role, resources });
  addExecutor(framework, agent, { info, role: offer.role, resources });
  return info;
}

export function refuseTask(
  turn: Turn,
  { framework, agent }: Acceptance,
  task: TaskInfo,
  reason: TaskStatusReason,
  message: string,
): void {
  tellStatus(
    turn,
    framework,
    masterStatus(turn, {
      task_id: task.task_id,
      agent_id: { value: agent.id },
      state: "TASK_ERROR",
      reason,
      message,
    }),
  );
}
