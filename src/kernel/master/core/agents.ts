/** The life of an agent as the master sees it. Source: contract mesos.md section 4.3. */

import type { Resource } from "#contracts/kernel/messages.gen.ts";
import {
  type AgentDescription,
  type AgentHello,
  type AgentToMaster,
  linkVersion,
  type Register,
  type Reregister,
  type Reregistered,
} from "#contracts/link/messages.ts";
import { parseResources, type Resources, ResourcesInvalid } from "#domain/resources/index.ts";
import { assertNever } from "#foundation/base/assert.ts";
import { domainProblem, factsOf, sameFacts } from "./agent-facts.ts";
import { removeAgent } from "./agent-loss.ts";
import { goneMessage } from "./agent-standing.ts";
import type { ConnectionId } from "./events.ts";
import { executorExited, messageToFramework, syncExecutors, takeExecutors } from "./executors.ts";
import { addFramework } from "./frameworks.ts";
import { downMessage, machineOf } from "./maintenance-state.ts";
import { rescindOffer } from "./offers.ts";
import { operationsReturned, operationTold } from "./operations/statuses.ts";
import { sendKill, takeEarlyKill } from "./reconcile.ts";
import {
  type AgentRecord,
  type AgentStanding,
  holdersOn,
  inService,
  isActive,
  taskKey,
  taskOn,
} from "./records.ts";
import { deleteUnreachable, putAgent } from "./registry.ts";
import { type MasterState, masterStatus, type Turn, tellStatus } from "./state.ts";
import { isTerminal, statusesOf, type TaskRecord } from "./task.ts";
import { addTask, releaseTask, returnedTask } from "./tasks.ts";
import { agentUpdated } from "./updates.ts";

export function agentSaid(
  state: MasterState,
  turn: Turn,
  connection: ConnectionId,
  message: AgentToMaster,
): void {
  const agent = state.agents.get(state.agentByConnection.get(connection) ?? "");
  switch (message.kind) {
    case "hello":
      return greet(state, turn, connection, message);
    case "register":
    case "reregister":
      if (state.agentLinks.isOutdated(connection, message.pid))
        return turn.do({ kind: "closeLink", connection, reason: "the agent opened another link" });
      return message.kind === "register"
        ? register(state, turn, connection, message)
        : reregister(state, turn, connection, message);
    case "pong":
      if (agent === undefined) return undefined;
      agent.missedPings = 0;
      return state.removals.cancel(agent.id);
    case "unregister":
      return agent === undefined ? undefined : removeAgent(state, turn, agent);
    case "statusUpdate":
      return agent === undefined ? undefined : agentUpdated(state, turn, agent, message);
    case "operationStatus":
      return agent === undefined ? undefined : operationTold(state, turn, agent, message);
    case "agentResources":
      return agent === undefined ? undefined : correctTotal(state, turn, agent, message.resources);
    case "executorExited":
      return agent === undefined ? undefined : executorExited(state, turn, agent, message);
    case "executorMessage":
      return agent === undefined ? undefined : messageToFramework(state, turn, agent, message);
    case "containerStatus":
      // Command executors are the agent's own: their end is told by their task's update.
      return undefined;
    default:
      return assertNever(message);
  }
}

function greet(
  state: MasterState,
  turn: Turn,
  connection: ConnectionId,
  { versions, masterEpoch }: AgentHello,
): void {
  const { id, epoch } = state.identity;
  if (versions.min > linkVersion || versions.max < linkVersion) {
    return refuse(
      turn,
      connection,
      `the agent speaks link versions ${versions.min} to ${versions.max}, this master ${linkVersion}`,
      true,
    );
  }
  if (masterEpoch > epoch) {
    return refuse(
      turn,
      connection,
      `the agent has obeyed a master of epoch ${masterEpoch}, this one has ${epoch}: its data is older`,
      false,
    );
  }
  turn.do({
    kind: "sendToAgent",
    connection,
    message: { kind: "hello", version: linkVersion, masterId: id, epoch },
  });
}

function refuse(turn: Turn, connection: ConnectionId, reason: string, final: boolean): void {
  turn.do({ kind: "sendToAgent", connection, message: { kind: "refused", reason, final } });
  turn.do({ kind: "closeLink", connection, reason });
}

function register(state: MasterState, turn: Turn, connection: ConnectionId, message: Register): void {
  // Asked again on the same link: the answer was lost.
  const known = state.agents.get(state.agentByConnection.get(connection) ?? "");
  if (known !== undefined) return answer(state, turn, known, "registered", []);
  if (state.maintenance.isDown(machineOf(message))) return refuse(turn, connection, downMessage, false);
  const total = readDescription(state, turn, connection, message);
  if (total === undefined) return undefined;
  removeAgentsAt(state, turn, message.pid);
  const id = `${state.identity.id}-S${state.nextAgent}`;
  state.nextAgent += 1;
  const agent = addAgent(state, turn, id, message, { total, standing: inService });
  turn.write(putAgent(id, agent.info.hostname, inService));
  connectNew(state, turn, agent, connection);
  answer(state, turn, agent, "registered", []);
  return undefined;
}

/** The agent's resources; undefined when it was refused. */
function readDescription(
  state: MasterState,
  turn: Turn,
  connection: ConnectionId,
  { info }: AgentDescription,
): Resources | undefined {
  const problem = domainProblem(state, info);
  if (problem !== undefined) {
    refuse(turn, connection, problem, true);
    return undefined;
  }
  try {
    return parseResources(info.resources ?? []);
  } catch (error) {
    if (!(error instanceof ResourcesInvalid)) throw error;
    refuse(turn, connection, `the agent's resources are not valid: ${error.message}`, true);
    return undefined;
  }
}

/** Another agent on the same address: the earlier one is gone. */
function removeAgentsAt(state: MasterState, turn: Turn, pid: string): void {
  for (const id of state.agentPids.at(pid)) {
    const other = state.agents.get(id);
    if (other !== undefined) removeAgent(state, turn, other);
  }
}

function addAgent(
  state: MasterState,
  turn: Turn,
  id: string,
  description: AgentDescription,
  { total, standing }: { readonly total: Resources; readonly standing: AgentStanding },
): AgentRecord {
  const agent: AgentRecord = {
    id,
    info: { ...description.info, id: { value: id } },
    pid: description.pid,
    version: description.version,
    capabilities: description.capabilities,
    total,
    connection: undefined,
    registeredAt: turn.now,
    reregisteredAt: undefined,
    missedPings: 0,
    standing,
    tasks: new Set(),
    executors: new Map(),
    offers: new Map(),
  };
  state.agents.set(id, agent);
  state.agentPids.add(agent.pid, id);
  if (standing.kind === "draining") state.draining.add(id);
  return agent;
}

/** An agent this master did not have, with the tasks it brought. */
function connectNew(state: MasterState, turn: Turn, agent: AgentRecord, connection: ConnectionId): void {
  attach(state, turn, agent, connection);
  const holdings = [...holdersOn(agent)].map(({ frameworkId, role, resources }) => ({
    frameworkId,
    role,
    agentId: agent.id,
    resources,
  }));
  state.allocator.addAgent(agent.id, agent.total, holdings, turn.now, factsOf(agent.info));
  state.allocator.setAgentActive(agent.id, isActive(agent), turn.now);
  turn.changed({ kind: "agentAdded", agentId: agent.id });
}

function attach(state: MasterState, turn: Turn, agent: AgentRecord, connection: ConnectionId): void {
  if (agent.connection !== undefined && agent.connection !== connection) {
    state.agentByConnection.delete(agent.connection);
    turn.do({ kind: "closeLink", connection: agent.connection, reason: "the agent opened another link" });
  }
  agent.connection = connection;
  agent.missedPings = 0;
  state.removals.cancel(agent.id);
  state.agentByConnection.set(connection, agent.id);
  state.timers.cancel(`reregister ${agent.id}`);
  state.timers.set(`ping ${agent.id}`, turn.now + state.policy.pingIntervalMs, {
    kind: "ping",
    agentId: agent.id,
  });
}

function answer(
  state: MasterState,
  turn: Turn,
  agent: AgentRecord,
  kind: "registered" | "reregistered",
  reconcile: Reregistered["reconcile"],
): void {
  const pingTimeoutMs = state.policy.pingIntervalMs * state.policy.missedPingsMax;
  const { standing } = agent;
  const drain = standing.kind === "draining" ? { drain: standing.order } : {};
  if (kind === "registered") turn.tellAgent(agent, { kind, agentId: agent.id, pingTimeoutMs });
  else turn.tellAgent(agent, { kind, agentId: agent.id, pingTimeoutMs, ...drain, reconcile });
}

function reregister(state: MasterState, turn: Turn, connection: ConnectionId, message: Reregister): void {
  const id = message.info.id?.value ?? "";
  if (state.maintenance.isDown(machineOf(message))) return refuse(turn, connection, downMessage, false);
  const known = state.agents.get(id);
  if (known !== undefined) return reattach(state, turn, known, connection, message);
  if (id === "") return refuse(turn, connection, "an agent that registers again must say its id", true);
  if (state.gone.has(id)) {
    turn.do({ kind: "sendToAgent", connection, message: { kind: "shutdownAgent", message: goneMessage } });
    turn.do({ kind: "closeLink", connection, reason: "the agent is gone for ever" });
    return undefined;
  }
  const total = readDescription(state, turn, connection, message);
  if (total === undefined) return undefined;
  removeAgentsAt(state, turn, message.pid);
  const wasUnreachable = state.unreachable.has(id);
  const standing = (state.recovered.get(id) ?? state.unreachable.get(id))?.standing ?? inService;
  const agent = addAgent(state, turn, id, message, { total, standing });
  state.recovered.delete(id);
  state.unreachable.delete(id);
  if (wasUnreachable) turn.write(deleteUnreachable(id));
  turn.write(putAgent(id, agent.info.hostname, standing));
  takeTasks(state, turn, agent, message, wasUnreachable);
  operationsReturned(state, turn, agent, message);
  connectNew(state, turn, agent, connection);
  agent.reregisteredAt = turn.now;
  answer(state, turn, agent, "reregistered", []);
  // Frameworks that were removed meanwhile: their tasks end.
  for (const { id: framework } of message.frameworks) {
    if (framework !== undefined && state.retiredFrameworkIds.has(framework.value)) {
      turn.tellAgent(agent, { kind: "shutdownFramework", frameworkId: framework.value });
    }
  }
  sendWantedKills(state, turn, agent);
  return undefined;
}

/** Frameworks and tasks of an agent this master did not have. */
function takeTasks(
  state: MasterState,
  turn: Turn,
  agent: AgentRecord,
  message: Reregister,
  wasUnreachable: boolean,
): void {
  for (const info of message.frameworks) {
    const id = info.id?.value ?? "";
    if (id === "" || state.frameworks.has(id)) continue;
    if (state.retiredFrameworkIds.has(id)) continue;
    addFramework(state, turn, id, info, { isRecovered: true });
  }
  takeExecutors(state, agent, message);
  for (const wire of message.tasks) {
    const framework = state.frameworks.get(wire.framework_id.value);
    if (framework === undefined) continue;
    const task = returnedTask(state, framework, wire);
    takeEarlyKill(state, task);
    addTask(turn, framework, agent, task);
    if (wasUnreachable) tellReturned(turn, framework, task);
  }
}

function tellReturned(turn: Turn, framework: Parameters<typeof tellStatus>[1], task: TaskRecord): void {
  const last = statusesOf(task).at(-1);
  tellStatus(turn, framework, {
    ...masterStatus(turn, {
      task_id: { value: task.taskId },
      agent_id: { value: task.agentId },
      state: task.forwardedState ?? task.state,
      reason: "REASON_AGENT_REREGISTERED",
      message: "the agent of the task is back",
    }),
    ...(last?.healthy === undefined ? {} : { healthy: last.healthy }),
    ...(last?.container_status === undefined ? {} : { container_status: last.container_status }),
  });
}

/** An agent this master has, on a new link: what is missing on either side was lost with the old one. */
function reattach(
  state: MasterState,
  turn: Turn,
  agent: AgentRecord,
  connection: ConnectionId,
  message: Reregister,
): void {
  const total = readDescription(state, turn, connection, message);
  if (total === undefined) return;
  const facts = factsOf(message.info);
  if (!sameFacts(facts, factsOf(agent.info)))
    state.allocator.updateAgent(agent.id, agent.total, turn.now, facts);
  agent.info = { ...message.info, id: { value: agent.id } };
  state.agentPids.remove(agent.pid, agent.id);
  agent.pid = message.pid;
  state.agentPids.add(agent.pid, agent.id);
  agent.version = message.version;
  agent.capabilities = message.capabilities;
  for (const offer of [...agent.offers.values()]) rescindOffer(state, turn, offer);
  const listed = new Set(message.tasks.map((task) => taskKey(task.framework_id.value, task.task_id.value)));
  const lost = new Map<string, string[]>();
  for (const task of agent.tasks.values()) {
    if (listed.has(taskKey(task.frameworkId, task.taskId)) || isTerminal(task.state)) continue;
    lost.set(task.frameworkId, [...(lost.get(task.frameworkId) ?? []), task.taskId]);
  }
  setTotal(state, turn, agent, total);
  operationsReturned(state, turn, agent, message);
  syncExecutors(state, turn, agent, message);
  attach(state, turn, agent, connection);
  state.allocator.setAgentActive(agent.id, isActive(agent), turn.now);
  agent.reregisteredAt = turn.now;
  turn.changed({ kind: "agentChanged", agentId: agent.id });
  answer(
    state,
    turn,
    agent,
    "reregistered",
    [...lost].map(([frameworkId, taskIds]) => {
      const framework = state.frameworks.get(frameworkId)?.info;
      return { frameworkId, taskIds, ...(framework === undefined ? {} : { framework }) };
    }),
  );
  for (const wire of message.tasks) {
    const framework = state.frameworks.get(wire.framework_id.value);
    if (framework === undefined) {
      turn.tellAgent(agent, { kind: "shutdownFramework", frameworkId: wire.framework_id.value });
      continue;
    }
    const task = taskOn(agent, framework, wire.task_id.value);
    if (task === undefined && !isTerminal(wire.state)) {
      const returned = returnedTask(state, framework, wire);
      addTask(turn, framework, agent, returned);
      state.allocator.hold({
        frameworkId: framework.id,
        role: returned.role,
        agentId: agent.id,
        resources: returned.resources,
      });
    } else if (task !== undefined && isTerminal(wire.state)) {
      releaseTask(state, turn, task);
    }
  }
  sendWantedKills(state, turn, agent);
}

function setTotal(state: MasterState, turn: Turn, agent: AgentRecord, total: Resources): void {
  if (total.equals(agent.total)) return;
  agent.total = total;
  state.allocator.updateAgent(agent.id, total, turn.now);
}

/** The agent could not do what the master took for done: what is offered of it may not be there. */
function correctTotal(
  state: MasterState,
  turn: Turn,
  agent: AgentRecord,
  resources: readonly Resource[],
): void {
  for (const offer of [...agent.offers.values()]) rescindOffer(state, turn, offer);
  setTotal(state, turn, agent, parseResources(resources));
}

function sendWantedKills(state: MasterState, turn: Turn, agent: AgentRecord): void {
  for (const task of agent.tasks.values()) sendKill(state, turn, task);
}
