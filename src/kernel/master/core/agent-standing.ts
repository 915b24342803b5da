/**
 * What operators decide about agents: nothing more is offered of it, its tasks end, it is given up for ever.
 *
 * Every decision is a write of the same step as its answer, so a decision that was answered is never lost.
 * Source: contract mesos.md sections 3.2, 4.3.
 */
import type { DrainOrder } from "#contracts/link/messages.ts";
import { assertNever } from "#foundation/base/assert.ts";
import { dropAgent, loseTask } from "./agent-loss.ts";
import type { Reply } from "./effects.ts";
import type { AgentOrder } from "./events.ts";
import { rescindOffer } from "./offers.ts";
import { type AgentRecord, type AgentStanding, inService, isActive } from "./records.ts";
import { deleteAgent, deleteGone, deleteUnreachable, putAgent, putGone, putUnreachable } from "./registry.ts";
import { isAware, type MasterState, masterStatus, type Turn, tellStatus } from "./state.ts";
import { endTask } from "./tasks.ts";

export function orderAgent(state: MasterState, turn: Turn, agentId: string, order: AgentOrder): Reply {
  if (order.kind === "markGone") return markGone(state, turn, agentId);
  const standing = standingOf(state, agentId);
  if (standing === undefined) return unknown(state, agentId);
  switch (order.kind) {
    case "drain":
      return drain(state, turn, agentId, order.drain);
    case "deactivate":
      if (standing.kind === "inService") setStanding(state, turn, agentId, { kind: "deactivated" });
      return {};
    case "reactivate":
      if (standing.kind === "inService") return { problem: `agent ${agentId} is not deactivated` };
      if (standing.kind === "draining")
        return { problem: `agent ${agentId} is still draining; it can be reactivated when it is drained` };
      setStanding(state, turn, agentId, inService);
      return {};
    default:
      return assertNever(order);
  }
}

/** Of any agent but one that is gone or was never here. */
export const standingOf = (
  { agents, recovered, unreachable }: MasterState,
  agentId: string,
): AgentStanding | undefined =>
  (agents.get(agentId) ?? recovered.get(agentId) ?? unreachable.get(agentId))?.standing;

const unknown = (state: MasterState, agentId: string): Reply => ({
  problem: state.gone.has(agentId) ? `agent ${agentId} is gone for ever` : `there is no agent ${agentId}`,
  cause: "notFound",
});

/** Asked again of an agent that is being drained: the newer order counts. */
function drain(state: MasterState, turn: Turn, agentId: string, order: DrainOrder): Reply {
  const agent = state.agents.get(agentId);
  if (agent !== undefined && !agent.capabilities.some(({ type }) => type === "AGENT_DRAINING"))
    return { problem: `agent ${agentId} is not capable of draining; its version is ${agent.version}` };
  if (agent !== undefined && state.maintenance.unavailabilityOf(agent) !== undefined)
    return { problem: `agent ${agentId} is in the maintenance schedule; cancel its window to drain it` };
  setStanding(state, turn, agentId, { kind: "draining", order, since: turn.now });
  if (agent !== undefined) turn.tellAgent(agent, { kind: "drainAgent", drain: order });
  return {};
}

function setStanding(state: MasterState, turn: Turn, agentId: string, standing: AgentStanding): void {
  const agent = state.agents.get(agentId);
  const recovered = state.recovered.get(agentId);
  const unreachable = state.unreachable.get(agentId);
  if (agent !== undefined) {
    agent.standing = standing;
    if (standing.kind === "draining") state.draining.add(agentId);
    else state.draining.delete(agentId);
    state.allocator.setAgentActive(agentId, isActive(agent), turn.now);
    if (standing.kind !== "inService")
      for (const offer of [...agent.offers.values()]) rescindOffer(state, turn, offer);
    turn.write(putAgent(agentId, agent.info.hostname, standing));
  } else if (recovered !== undefined) {
    state.recovered.set(agentId, { ...recovered, standing });
    turn.write(putAgent(agentId, recovered.hostname, standing));
  } else if (unreachable !== undefined) {
    state.unreachable.set(agentId, { ...unreachable, standing });
    turn.write(putUnreachable(agentId, { ...unreachable, standing }));
  }
  turn.changed({ kind: "agentChanged", agentId });
}

/**
 * Agents on which nothing is left: no task lives, every end was acknowledged, and no operation is under way. An agent
 * without a link may hold what this master does not know.
 */
export function finishDrains(state: MasterState, turn: Turn): void {
  for (const agentId of [...state.draining]) {
    const agent = state.agents.get(agentId);
    if (agent?.standing.kind !== "draining" || agent.connection === undefined) continue;
    if (agent.tasks.size > 0 || state.operations.onAgent(agentId).length > 0) continue;
    const { order } = agent.standing;
    setStanding(state, turn, agentId, { ...agent.standing, kind: "drained" });
    if (order.markGone) markGone(state, turn, agentId);
  }
}

/** Given up for ever: its tasks are over by the operator's word, and its id never comes back. */
function markGone(state: MasterState, turn: Turn, agentId: string): Reply {
  if (state.gone.has(agentId)) return {};
  const agent = state.agents.get(agentId);
  const absent = state.recovered.get(agentId) ?? state.unreachable.get(agentId);
  if (agent === undefined && absent === undefined) return unknown(state, agentId);
  const gone = { since: turn.now, hostname: agent?.info.hostname ?? absent?.hostname ?? "" };
  state.gone.set(agentId, gone);
  turn.write(deleteAgent(agentId));
  turn.write(deleteUnreachable(agentId));
  turn.write(putGone(agentId, gone));
  boundGone(state, turn);
  state.recovered.delete(agentId);
  state.unreachable.delete(agentId);
  state.timers.cancel(`reregister ${agentId}`);
  endUnreachableTasks(state, turn, agentId);
  if (agent !== undefined) sendHome(state, turn, agent);
  return {};
}

function sendHome(state: MasterState, turn: Turn, agent: AgentRecord): void {
  for (const task of [...agent.tasks.values()]) {
    const framework = state.frameworks.get(task.frameworkId);
    loseTask(state, turn, task.frameworkId, task, goneCause(framework));
  }
  turn.tellAgent(agent, { kind: "shutdownAgent", message: goneMessage });
  dropAgent(state, turn, agent, "it is gone for ever");
}

export const goneMessage = "an operator marked this agent gone";

const goneCause = (framework: Parameters<typeof isAware>[0] | undefined): Parameters<typeof loseTask>[4] =>
  framework !== undefined && isAware(framework, "PARTITION_AWARE")
    ? { state: "TASK_GONE_BY_OPERATOR", reason: "REASON_AGENT_REMOVED_BY_OPERATOR", message: goneText }
    : { state: "TASK_LOST", reason: "REASON_AGENT_REMOVED", message: goneText };

const goneText = "an operator marked the agent gone";

/** Of an agent that had been given up before: they might have come back until now. */
function endUnreachableTasks(state: MasterState, turn: Turn, agentId: string): void {
  for (const framework of state.frameworks.values()) {
    for (const task of [...framework.unreachableTasks.values()]) {
      if (task.agentId !== agentId) continue;
      framework.unreachableTasks.delete(task.taskId);
      const status = masterStatus(turn, {
        task_id: { value: task.taskId },
        agent_id: { value: agentId },
        ...goneCause(framework),
      });
      endTask(state, turn, framework, task, status);
      tellStatus(turn, framework, status);
    }
  }
}

function boundGone(state: MasterState, turn: Turn): void {
  for (const [agentId] of state.gone) {
    if (state.gone.size <= state.policy.goneAgentsMax) return;
    state.gone.delete(agentId);
    turn.write(deleteGone(agentId));
  }
}
