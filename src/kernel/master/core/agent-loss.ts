/**
 * How the master loses an agent: a broken link, silence, an operator's word, its own goodbye.
 * Source: contract mesos.md section 4.3.
 */
import type { TaskStatusReason } from "#contracts/kernel/messages.gen.ts";
import type { ConnectionId } from "./events.ts";
import { loseExecutors } from "./executors.ts";
import { dropInverseOffers } from "./inverse-offers.ts";
import { rescindOffer } from "./offers.ts";
import { operationsLost } from "./operations/statuses.ts";
import type { AgentRecord, AgentStanding } from "./records.ts";
import { deleteAgent, deleteUnreachable, putUnreachable } from "./registry.ts";
import { isAware, lostOr, type MasterState, masterStatus, type Turn, tellStatus } from "./state.ts";
import { addStatus, isTerminal, type TaskRecord } from "./task.ts";
import { completeTask, endTask, releaseTask } from "./tasks.ts";

/** The link broke: nothing is offered there, and after a while the agent is given up. */
export function agentDisconnected(state: MasterState, turn: Turn, connection: ConnectionId): void {
  const agent = state.agents.get(state.agentByConnection.get(connection) ?? "");
  state.agentByConnection.delete(connection);
  state.agentLinks.closed(connection);
  if (agent?.connection !== connection) return;
  agent.connection = undefined;
  state.timers.cancel(`ping ${agent.id}`);
  const { pingIntervalMs, missedPingsMax, agentReregisterTimeoutMs } = state.policy;
  // Pings would give it up after this long; a broken link must not make it longer.
  const patienceMs = Math.min(agentReregisterTimeoutMs, pingIntervalMs * missedPingsMax);
  state.timers.set(`reregister ${agent.id}`, turn.now + patienceMs, {
    kind: "reregister",
    agentId: agent.id,
  });
  state.allocator.setAgentActive(agent.id, false, turn.now);
  dropInverseOffers(state, turn, agent.id);
  for (const offer of [...agent.offers.values()]) rescindOffer(state, turn, offer);
  for (const task of [...agent.tasks.values()]) {
    const framework = state.frameworks.get(task.frameworkId);
    if (framework === undefined || framework.info.checkpoint === true || isTerminal(task.state)) continue;
    loseTask(state, turn, framework.id, task, {
      state: "TASK_LOST",
      reason: "REASON_AGENT_DISCONNECTED",
      message: "the agent disconnected and the framework does not checkpoint",
    });
  }
  loseExecutors(
    state,
    turn,
    agent,
    ({ frameworkId }) => state.frameworks.get(frameworkId)?.info.checkpoint !== true,
  );
  turn.changed({ kind: "agentRemoved", agentId: agent.id });
}

export function pingDue(state: MasterState, turn: Turn, agentId: string): void {
  const agent = state.agents.get(agentId);
  if (agent?.connection === undefined) return;
  if (agent.missedPings < state.policy.missedPingsMax) agent.missedPings += 1;
  else giveUp(state, turn, agentId);
  if (!state.agents.has(agentId)) return;
  // Until its turn comes it may still answer.
  turn.tellAgent(agent, { kind: "ping", connected: true });
  state.timers.set(`ping ${agentId}`, turn.now + state.policy.pingIntervalMs, { kind: "ping", agentId });
}

/** Its time is over: it is unreachable as soon as the pace of removals lets it be. */
export function giveUp(state: MasterState, turn: Turn, agentId: string): void {
  state.removals.add(agentId);
  loseSilent(state, turn);
}

/** Those whose turn has come. */
export function loseSilent(state: MasterState, turn: Turn): void {
  for (let next = state.removals.take(turn.now); next !== undefined; next = state.removals.take(turn.now))
    lose(state, turn, next);
  const at = state.removals.wakeAt();
  if (at !== undefined) state.timers.set("removal", at, { kind: "removal" });
}

/** An agent that stayed away: one this master knows, or one of the registry that never came back. */
function lose(state: MasterState, turn: Turn, agentId: string): void {
  // A ping may be what comes to this, which else changes nothing.
  state.version += 1;
  const agent = state.agents.get(agentId);
  if (agent !== undefined) return markUnreachable(state, turn, agent);
  const recovered = state.recovered.get(agentId);
  if (recovered === undefined) return;
  state.recovered.delete(agentId);
  noteUnreachable(state, turn, agentId, recovered.hostname, recovered.standing);
  boundUnreachable(state, turn);
}

function markUnreachable(state: MasterState, turn: Turn, agent: AgentRecord): void {
  noteUnreachable(state, turn, agent.id, agent.info.hostname, agent.standing);
  boundUnreachable(state, turn);
  const time = { nanoseconds: turn.now * 1_000_000 };
  for (const task of [...agent.tasks.values()]) {
    const framework = state.frameworks.get(task.frameworkId);
    if (framework === undefined) continue;
    if (isTerminal(task.state)) {
      completeTask(state, turn, framework, task);
      continue;
    }
    const status = masterStatus(turn, {
      task_id: { value: task.taskId },
      agent_id: { value: agent.id },
      state: lostOr(framework, "TASK_UNREACHABLE"),
      reason: "REASON_AGENT_REMOVED",
      message: "the agent does not answer",
      unreachable_time: time,
    });
    releaseTask(state, turn, task);
    task.state = "TASK_UNREACHABLE";
    addStatus(
      task,
      isAware(framework, "PARTITION_AWARE") ? status : { ...status, state: "TASK_UNREACHABLE" },
    );
    framework.tasks.delete(task.taskId);
    framework.unreachableTasks.add(task.taskId, task);
    turn.changed({ kind: "taskUpdated", task });
    tellStatus(turn, framework, status);
  }
  dropAgent(state, turn, agent, "it was unreachable");
}

function noteUnreachable(
  state: MasterState,
  turn: Turn,
  agentId: string,
  hostname: string,
  standing: AgentStanding,
): void {
  const unreachable = { since: turn.now, hostname, standing };
  state.unreachable.set(agentId, unreachable);
  turn.write(deleteAgent(agentId));
  turn.write(putUnreachable(agentId, unreachable));
}

function boundUnreachable(state: MasterState, turn: Turn): void {
  for (const [agentId] of state.unreachable) {
    if (state.unreachable.size <= state.policy.unreachableAgentsMax) return;
    state.unreachable.delete(agentId);
    turn.write(deleteUnreachable(agentId));
  }
}

/** The agent is gone for good: its tasks are lost. */
export function removeAgent(state: MasterState, turn: Turn, agent: AgentRecord): void {
  turn.write(deleteAgent(agent.id));
  for (const task of [...agent.tasks.values()]) {
    loseTask(state, turn, task.frameworkId, task, {
      state: "TASK_LOST",
      reason: "REASON_AGENT_REMOVED",
      message: "the agent was removed",
    });
  }
  dropAgent(state, turn, agent, "it was removed");
}

export function loseTask(
  state: MasterState,
  turn: Turn,
  frameworkId: string,
  task: TaskRecord,
  cause: {
    readonly state: "TASK_LOST" | "TASK_GONE_BY_OPERATOR";
    readonly reason: TaskStatusReason;
    readonly message: string;
  },
): void {
  const framework = state.frameworks.get(frameworkId);
  if (framework === undefined) return;
  const wasLive = !isTerminal(task.state);
  const status = masterStatus(turn, {
    task_id: { value: task.taskId },
    agent_id: { value: task.agentId },
    ...cause,
  });
  endTask(state, turn, framework, task, status);
  if (wasLive) tellStatus(turn, framework, status);
}

export function dropAgent(state: MasterState, turn: Turn, agent: AgentRecord, cause: string): void {
  dropInverseOffers(state, turn, agent.id);
  const isGone = state.gone.has(agent.id);
  operationsLost(state, turn, agent.id, isGone ? "OPERATION_GONE_BY_OPERATOR" : "OPERATION_UNREACHABLE");
  for (const offer of [...agent.offers.values()]) rescindOffer(state, turn, offer);
  for (const framework of state.frameworks.values())
    turn.tell(framework, { type: "FAILURE", failure: { agent_id: { value: agent.id } } });
  state.timers.cancel(`ping ${agent.id}`);
  state.timers.cancel(`reregister ${agent.id}`);
  state.removals.cancel(agent.id);
  loseExecutors(state, turn, agent, () => true);
  state.allocator.removeAgent(agent.id);
  state.agents.delete(agent.id);
  state.agentPids.remove(agent.pid, agent.id);
  state.draining.delete(agent.id);
  if (agent.connection !== undefined) {
    state.agentByConnection.delete(agent.connection);
    // It comes back under its old id; then this master tells it what became of its tasks.
    turn.do({ kind: "closeLink", connection: agent.connection, reason: cause });
  }
  turn.changed({ kind: "agentRemoved", agentId: agent.id });
}
