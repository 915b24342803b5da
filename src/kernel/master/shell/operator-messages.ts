/** Agents, frameworks, executors and tasks as the operator API tells them. Source: contract mesos.md sections 3.2, 3.3. */
import type {
  MasterResponseGetAgentsAgent,
  MasterResponseGetExecutorsExecutor,
  MasterResponseGetFrameworksFramework,
  Resource,
  Task,
} from "#contracts/kernel/messages.gen.ts";
import { isBounded, Resources } from "#domain/resources/index.ts";
import {
  type AgentRecord,
  type AgentStanding,
  type ExecutorRecord,
  type FrameworkRecord,
  isActive,
  type MasterState,
  statusesOf,
  type TaskRecord,
} from "../core/index.ts";
import { drainInfo, usedOn } from "./v0-records.ts";

export const executorMessage = ({ info, agentId }: ExecutorRecord): MasterResponseGetExecutorsExecutor => ({
  executor_info: info,
  agent_id: { value: agentId },
});

export function taskMessage(task: TaskRecord): Task {
  return {
    name: task.name,
    task_id: { value: task.taskId },
    framework_id: { value: task.frameworkId },
    ...(task.executorId === undefined ? {} : { executor_id: { value: task.executorId } }),
    agent_id: { value: task.agentId },
    state: task.state,
    statuses: statusesOf(task),
    resources: task.resources.toWire({ allocationRole: task.role }),
    ...task.wire,
    ...(task.wire.limits === undefined ? {} : { limits: limitsOf(task.wire.limits) }),
    ...(task.forwardedState === undefined ? {} : { status_update_state: task.forwardedState }),
    ...(task.forwardedUuid === undefined ? {} : { status_update_uuid: task.forwardedUuid }),
    ...(task.user === undefined ? {} : { user: task.user }),
  };
}

/** What came over the link as null was an infinity. */
const limitsOf = (limits: NonNullable<Task["limits"]>): NonNullable<Task["limits"]> =>
  Object.fromEntries(
    Object.entries(limits).map(([name, { value }]) => [
      name,
      { value: isBounded(value) ? value : Number.POSITIVE_INFINITY },
    ]),
  );

/** What its tasks and executors hold, by the role they hold it in. */
function allocatedTo({ tasks, executors }: FrameworkRecord): readonly Resource[] {
  const byRole = new Map<string, Map<Resources, number>>();
  const count = ({ role, resources }: { readonly role: string; readonly resources: Resources }): void => {
    const counts = byRole.get(role) ?? new Map<Resources, number>();
    byRole.set(role, counts);
    counts.set(resources, (counts.get(resources) ?? 0) + 1);
  };
  for (const task of tasks.values()) if (!task.isReleased) count(task);
  for (const executor of executors) count(executor);
  return [...byRole].flatMap(([role, counts]) => Resources.sumOf(counts).toWire({ allocationRole: role }));
}

const time = (instant: number): { readonly nanoseconds: number } => ({ nanoseconds: instant * 1_000_000 });

export function agentMessage(agent: AgentRecord): MasterResponseGetAgentsAgent {
  const used = usedOn(agent);
  const offered = Resources.sum([...agent.offers.values()].map(({ resources }) => resources));
  return {
    agent_info: agent.info,
    active: isActive(agent),
    deactivated: agent.standing.kind !== "inService",
    version: agent.version,
    pid: agent.pid,
    registered_time: time(agent.registeredAt),
    ...(agent.reregisteredAt === undefined ? {} : { reregistered_time: time(agent.reregisteredAt) }),
    total_resources: agent.total.toWire({ format: "endpoint" }),
    allocated_resources: used.toWire({ format: "endpoint" }),
    offered_resources: offered.toWire({ format: "endpoint" }),
    capabilities: agent.capabilities,
    ...drainFields(agent.standing),
  };
}

function drainFields(
  standing: AgentStanding,
): Pick<MasterResponseGetAgentsAgent, "drain_info" | "estimated_drain_start_time"> {
  if (standing.kind === "inService" || standing.kind === "deactivated") return {};
  return { drain_info: drainInfo(standing), estimated_drain_start_time: time(standing.since) };
}

export function frameworkMessage(
  { maintenance }: MasterState,
  framework: FrameworkRecord,
): MasterResponseGetFrameworksFramework {
  const isConnected = framework.connection !== undefined;
  return {
    framework_info: framework.info,
    active: isConnected,
    connected: isConnected,
    recovered: framework.isRecovered,
    registered_time: time(framework.registeredAt),
    ...(framework.reregisteredAt === undefined ? {} : { reregistered_time: time(framework.reregisteredAt) }),
    ...(framework.unregisteredAt === undefined ? {} : { unregistered_time: time(framework.unregisteredAt) }),
    offers: [...framework.offers.values()].map(({ wire }) => wire),
    allocated_resources: allocatedTo(framework),
    offered_resources: [...framework.offers.values()].flatMap(({ resources, role }) =>
      resources.toWire({ allocationRole: role }),
    ),
    ...(framework.offerConstraints === undefined ? {} : { offer_constraints: framework.offerConstraints }),
    inverse_offers: [...maintenance.inverseOffers.values()]
      .filter(({ frameworkId }) => frameworkId === framework.id)
      .map(({ wire }) => wire),
  };
}
