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
  type OfferRecord,
  statusesOf,
  type TaskRecord,
} from "../core/index.ts";
import { drainInfo, usedByRole } from "./v0-records.ts";

export const executorMessage = ({ info, agentId }: ExecutorRecord): MasterResponseGetExecutorsExecutor => ({
  executor_info: info,
  agent_id: { value: agentId },
});

export function taskMessage(task: TaskRecord): Task {
  const statuses = statusesOf(task);
  return {
    name: task.name,
    task_id: { value: task.taskId },
    framework_id: { value: task.frameworkId },
    ...(task.executorId === undefined ? {} : { executor_id: { value: task.executorId } }),
    agent_id: { value: task.agentId },
    state: task.state,
    ...(statuses.length === 0 ? {} : { statuses }),
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

const time = (instant: number): { readonly nanoseconds: number } => ({ nanoseconds: instant * 1_000_000 });

export function agentMessage(agent: AgentRecord): MasterResponseGetAgentsAgent {
  const { attributes = [], ...info } = agent.info;
  return {
    agent_info: attributes.length === 0 ? info : agent.info,
    active: isActive(agent),
    deactivated: agent.standing.kind !== "inService",
    version: agent.version,
    pid: agent.pid,
    registered_time: time(agent.registeredAt),
    ...(agent.reregisteredAt === undefined ? {} : { reregistered_time: time(agent.reregisteredAt) }),
    total_resources: agent.total.toWire({ format: "endpoint" }),
    ...holdings(agent),
    capabilities: agent.capabilities,
    ...drainFields(agent.standing),
  };
}

/** What is used and what is offered, by the role each is allocated to; without what there is nothing of. */
function holdings(
  holder: AgentRecord | FrameworkRecord,
): Pick<MasterResponseGetAgentsAgent, "allocated_resources" | "offered_resources"> {
  const allocated = [...usedByRole(holder)].flatMap(ofRole);
  const offered = [...offeredByRole(holder.offers.values())].flatMap(ofRole);
  return {
    ...(allocated.length === 0 ? {} : { allocated_resources: allocated }),
    ...(offered.length === 0 ? {} : { offered_resources: offered }),
  };
}

const ofRole = ([role, resources]: readonly [string, Resources]): readonly Resource[] =>
  resources.toWire({ format: "endpoint", allocationRole: role });

function offeredByRole(offers: Iterable<OfferRecord>): ReadonlyMap<string, Resources> {
  const byRole = new Map<string, Resources>();
  for (const { role, resources } of offers)
    byRole.set(role, (byRole.get(role) ?? Resources.empty).plus(resources));
  return byRole;
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
  const offers = [...framework.offers.values()].map(({ wire }) => wire);
  const inverseOffers = [...maintenance.inverseOffers.values()]
    .filter(({ frameworkId }) => frameworkId === framework.id)
    .map(({ wire }) => wire);
  return {
    framework_info: framework.info,
    active: isConnected,
    connected: isConnected,
    recovered: framework.isRecovered,
    registered_time: time(framework.registeredAt),
    ...(framework.reregisteredAt === undefined ? {} : { reregistered_time: time(framework.reregisteredAt) }),
    ...(framework.unregisteredAt === undefined ? {} : { unregistered_time: time(framework.unregisteredAt) }),
    ...(offers.length === 0 ? {} : { offers }),
    ...(inverseOffers.length === 0 ? {} : { inverse_offers: inverseOffers }),
    ...holdings(framework),
    ...(framework.offerConstraints === undefined ? {} : { offer_constraints: framework.offerConstraints }),
  };
}
