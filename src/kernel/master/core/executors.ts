/**
 * Executors of frameworks as the master knows them: what each holds on its agent, and what passes between it and its
 * scheduler. Command tasks have none here: theirs are the agents' own.
 *
 * Invariant: an executor's resources are held from the launch that starts it until its agent says that it is gone.
 * Source: contract mesos.md sections 1.4 (SHUTDOWN, MESSAGE), 1.5, 2.1.
 */

import type {
  ExecutorInfo,
  SchedulerCallMessage,
  SchedulerCallShutdown,
} from "#contracts/kernel/messages.gen.ts";
import type { ExecutorExited, ExecutorMessage, Reregister } from "#contracts/link/messages.ts";
import { allocationRoleOf, parseResources, type Resources } from "#domain/resources/index.ts";
import { executorWithoutSecrets } from "#domain/secrets/index.ts";
import type { AgentRecord, ExecutorRecord, FrameworkRecord } from "./records.ts";
import type { MasterState, Turn } from "./state.ts";

const executorKey = (frameworkId: string, executorId: string): string => `${frameworkId} ${executorId}`;

const executorIdOf = ({ info }: ExecutorRecord): string => info.executor_id.value;

export function executorOn(
  agent: AgentRecord,
  frameworkId: string,
  executorId: string,
): ExecutorRecord | undefined {
  return agent.executors.get(executorKey(frameworkId, executorId));
}

/** As agents are told of it: with its framework's id, and with what was allocated to it. */
export function launchedExecutor(
  framework: FrameworkRecord,
  info: ExecutorInfo,
  { role, resources }: { readonly role: string; readonly resources: Resources },
): ExecutorInfo {
  return {
    ...info,
    type: info.type ?? "CUSTOM",
    framework_id: { value: framework.id },
    resources: resources.toWire({ allocationRole: role }),
  };
}

/** Counts it from now on; what it holds was taken out of an offer. */
export function addExecutor(
  framework: FrameworkRecord,
  agent: AgentRecord,
  { info, role, resources }: Pick<ExecutorRecord, "info" | "role" | "resources">,
): ExecutorRecord {
  const executor: ExecutorRecord = {
    frameworkId: framework.id,
    agentId: agent.id,
    info: executorWithoutSecrets(info),
    role,
    resources,
  };
  agent.executors.set(executorKey(framework.id, info.executor_id.value), executor);
  framework.executors.add(executor);
  return executor;
}

/** Gives its resources back. */
function removeExecutor(state: MasterState, turn: Turn, agent: AgentRecord, executor: ExecutorRecord): void {
  const { frameworkId, agentId, role, resources } = executor;
  agent.executors.delete(executorKey(frameworkId, executorIdOf(executor)));
  state.frameworks.get(frameworkId)?.executors.delete(executor);
  state.allocator.recover({ frameworkId, role, agentId, resources }, turn.now);
}

/** Those that an agent brought; answers the ones that were not known, whose resources are to be held. */
export function takeExecutors(
  state: MasterState,
  agent: AgentRecord,
  { executors }: Pick<Reregister, "executors">,
): readonly ExecutorRecord[] {
  const added: ExecutorRecord[] = [];
  for (const info of executors) {
    const framework = state.frameworks.get(info.framework_id?.value ?? "");
    if (framework === undefined || executorOn(agent, framework.id, info.executor_id.value) !== undefined)
      continue;
    const role = allocationRoleOf(info.resources ?? []) ?? framework.roles[0] ?? "*";
    added.push(
      addExecutor(framework, agent, { info, role, resources: parseResources(info.resources ?? []) }),
    );
  }
  return added;
}

/** An agent on a new link: what it does not list is gone, what is not known is counted again. */
export function syncExecutors(state: MasterState, turn: Turn, agent: AgentRecord, message: Reregister): void {
  const listed = new Set(
    message.executors.map(({ framework_id, executor_id }) =>
      executorKey(framework_id?.value ?? "", executor_id.value),
    ),
  );
  for (const [key, executor] of [...agent.executors])
    if (!listed.has(key)) removeExecutor(state, turn, agent, executor);
  for (const { frameworkId, role, resources } of takeExecutors(state, agent, message))
    state.allocator.hold({ frameworkId, role, agentId: agent.id, resources });
}

export function executorExited(
  state: MasterState,
  turn: Turn,
  agent: AgentRecord,
  { frameworkId, executorId, status }: ExecutorExited,
): void {
  const executor = executorOn(agent, frameworkId, executorId);
  if (executor === undefined) return;
  removeExecutor(state, turn, agent, executor);
  const framework = state.frameworks.get(frameworkId);
  if (framework === undefined) return;
  turn.tell(framework, {
    type: "FAILURE",
    failure: { agent_id: { value: agent.id }, executor_id: { value: executorId }, status },
  });
}

/** Their framework is gone, or did not want them to outlive a broken link, or their agent is lost. */
export function loseExecutors(
  state: MasterState,
  turn: Turn,
  agent: AgentRecord,
  isLost: (executor: ExecutorRecord) => boolean,
): void {
  for (const executor of [...agent.executors.values()])
    if (isLost(executor)) removeExecutor(state, turn, agent, executor);
}

/** Best effort: for an agent that is away it is lost. */
export function messageToExecutor(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  { agent_id, executor_id, data }: SchedulerCallMessage,
): void {
  const agent = state.agents.get(agent_id.value);
  if (agent === undefined) return;
  const executorId = executor_id.value;
  turn.tellAgent(agent, { kind: "frameworkMessage", frameworkId: framework.id, executorId, data });
}

export function messageToFramework(
  state: MasterState,
  turn: Turn,
  agent: AgentRecord,
  { frameworkId, executorId, data }: ExecutorMessage,
): void {
  const framework = state.frameworks.get(frameworkId);
  if (framework === undefined) return;
  turn.tell(framework, {
    type: "MESSAGE",
    message: { agent_id: { value: agent.id }, executor_id: { value: executorId }, data },
  });
}

export function shutdownExecutor(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  { agent_id, executor_id }: SchedulerCallShutdown,
): void {
  const agent = state.agents.get(agent_id.value);
  if (agent === undefined) return;
  turn.tellAgent(agent, {
    kind: "shutdownExecutor",
    frameworkId: framework.id,
    executorId: executor_id.value,
  });
}
