/** LAUNCH_GROUP: all tasks of a group for one executor, or none. Source: contract mesos.md section 1.5. */
import type {
  ContainerInfo,
  ExecutorInfo,
  OfferOperationLaunchGroup,
  TaskInfo,
  TaskStatusReason,
} from "#contracts/kernel/messages.gen.ts";
import type { Resources } from "#domain/resources/index.ts";
import { type Acceptance, holdExecutor, refuseTask } from "./acceptance.ts";
import { type ExecutorVerdict, judgeExecutor } from "./executor-validation.ts";
import type { Remaining } from "./operations/perform.ts";
import type { MasterState, Turn } from "./state.ts";
import { judgeTask, sharesCgroups } from "./task-validation.ts";
import { addTask, launchedTask } from "./tasks.ts";

/** Tasks of one group; more are refused. */
const groupTasksMax = 1_000;

type GroupVerdict =
  | {
      readonly kind: "valid";
      readonly executor: Extract<ExecutorVerdict, { kind: "valid" }>;
      /** Of each task, in their order. */
      readonly resources: readonly Resources[];
    }
  | { readonly kind: "invalid"; readonly reason: TaskStatusReason; readonly problem: string };

/** Answers what is left for the operations that follow. */
export function launchGroup(
  state: MasterState,
  turn: Turn,
  acceptance: Acceptance,
  group: OfferOperationLaunchGroup,
): Remaining {
  const { framework, agent, offer, remaining } = acceptance;
  const tasks = group.task_group.tasks ?? [];
  if (tasks.length === 0) return remaining;
  const verdict = judgeGroup(state, acceptance, group, tasks);
  if (verdict.kind === "invalid") {
    for (const task of tasks) refuseTask(turn, acceptance, task, verdict.reason, verdict.problem);
    return remaining;
  }
  const holding = { frameworkId: framework.id, agentId: agent.id, role: offer.role };
  const executor = holdExecutor(acceptance, group.executor, verdict.executor);
  let usable = remaining.usable.minus(verdict.executor.resources.notShared());
  const runs = tasks.map((info, index) => {
    const resources = verdict.resources[index];
    if (resources === undefined) throw new Error("a task of the group was not judged");
    // A shared volume stays for the tasks that follow; this one holds a copy of its own.
    usable = usable.minus(resources.notShared());
    const shared = resources.shared();
    if (!shared.isEmpty) state.allocator.hold({ ...holding, resources: shared });
    const wire = resources.toWire({ allocationRole: offer.role });
    const whole: TaskInfo = { ...info, resources: wire, executor };
    addTask(turn, framework, agent, launchedTask(state, framework, whole, { role: offer.role, resources }));
    // A program is told with each task what it is; an executor that the agent plays need not be.
    const { executor: _executor, ...task } = whole;
    return { task: executor.type === "CUSTOM" ? whole : task, resources: wire };
  });
  turn.tellAgent(agent, {
    kind: "runGroup",
    framework: framework.info,
    executor,
    tasks: runs,
    role: offer.role,
    startsExecutor: verdict.executor.isNew,
  });
  return { ...remaining, usable };
}

function judgeGroup(
  state: MasterState,
  acceptance: Acceptance,
  { executor: info }: OfferOperationLaunchGroup,
  tasks: readonly TaskInfo[],
): GroupVerdict {
  const { framework, agent, offer, remaining } = acceptance;
  const invalid = (problem: string): GroupVerdict => ({
    kind: "invalid",
    reason: "REASON_TASK_GROUP_INVALID",
    problem,
  });
  if (tasks.length > groupTasksMax)
    return invalid(`the group has ${tasks.length} tasks, ${groupTasksMax} at most`);
  const executor = judgeExecutor(info, { framework, agent, role: offer.role, launches: "group" });
  if (executor.kind === "invalid") return invalid(executor.problem);
  if (!remaining.usable.contains(executor.resources))
    return invalid(`the executor wants ${executor.resources}, of which the offers hold ${remaining.usable}`);
  const containers = [...tasks.map(({ container }) => container), ...containersWithin(acceptance, info)];
  if (new Set(containers.map(sharesCgroups)).size > 1)
    return invalid("container.linux_info.share_cgroups: all tasks of one executor say the same");
  let left = remaining.usable.minus(executor.resources.notShared());
  const resources: Resources[] = [];
  const ids = new Set<string>();
  for (const task of tasks) {
    const id = task.task_id.value;
    if (ids.has(id)) return invalid(`the group has two tasks ${id}`);
    ids.add(id);
    const verdict = judgeTask(task, {
      framework,
      offer,
      remaining: left,
      rootSubmissions: state.policy.rootSubmissions,
      authorizer: state.authorizer,
      group: info,
    });
    if (verdict.kind === "invalid") {
      const isUnauthorized = verdict.reason === "REASON_TASK_UNAUTHORIZED";
      return {
        kind: "invalid",
        reason: isUnauthorized ? "REASON_TASK_GROUP_UNAUTHORIZED" : "REASON_TASK_GROUP_INVALID",
        problem: `task ${id} of the group: ${verdict.problem}`,
      };
    }
    resources.push(verdict.resources);
    left = left.minus(verdict.resources.notShared());
  }
  return { kind: "valid", executor, resources };
}

/** Of the tasks that the executor has already. */
const containersWithin = (
  { framework, agent }: Acceptance,
  { executor_id }: ExecutorInfo,
): readonly (ContainerInfo | undefined)[] =>
  [...framework.tasks.values()]
    .filter(({ agentId, executorId }) => agentId === agent.id && executorId === executor_id.value)
    .map(({ wire }) => wire.container);
