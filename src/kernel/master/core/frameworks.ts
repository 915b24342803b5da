/** The life of a framework. Source: contract mesos.md sections 1.2, 1.3, 4.4. */
import type {
  FrameworkInfo,
  MasterInfo,
  SchedulerCallUpdateFramework,
} from "#contracts/kernel/messages.gen.ts";
import { frameworkDenial, roleNeeds } from "./authorization.ts";
import type { ConnectionId, MasterEvent } from "./events.ts";
import { loseExecutors } from "./executors.ts";
import { describe, foreignRole, readFrameworkInfo } from "./framework-info.ts";
import { forgetInverseOffersTo } from "./inverse-offers.ts";
import { rescindOffer, returnOffer } from "./offers.ts";
import { forgetOperationsOf } from "./operations/statuses.ts";
import type { FrameworkRecord } from "./records.ts";
import { type MasterIdentity, type MasterState, masterStatus, type Turn } from "./state.ts";
import { BoundedHistory } from "./task.ts";
import { endTask } from "./tasks.ts";

type Subscription = Extract<MasterEvent, { kind: "schedulerSubscribed" }>;

export function subscribe(
  state: MasterState,
  turn: Turn,
  { connection, frameworkId, subscribe: call, isOwn = false }: Subscription,
): void {
  const { framework_info: info, suppressed_roles: suppressed = [] } = call;
  const refuse = (message: string): void => {
    turn.do({ kind: "sendEvent", connection, event: { type: "ERROR", error: { message } } });
    turn.do({ kind: "closeStream", connection });
  };
  const read = readFrameworkInfo(call);
  if (read.kind === "invalid") return refuse(read.problem);
  const foreign = isOwn ? undefined : foreignRole(state.policy, read.roles);
  if (foreign !== undefined) return refuse(foreign);
  const denied = frameworkDenial(state.authorizer, { info, isOwn }, roleNeeds(read.roles));
  if (denied !== undefined) return refuse(denied);
  if (info.user === "root" && !state.policy.rootSubmissions)
    return refuse("frameworks may not run as root here");
  const id = frameworkId ?? info.id?.value ?? "";
  if (id !== "" && state.retiredFrameworkIds.has(id)) return refuse("Framework has been removed");
  const known = id === "" ? undefined : state.frameworks.get(id);
  if (known === undefined) {
    const { frameworksMax } = state.policy;
    if (state.frameworks.size >= frameworksMax)
      return refuse(`This master has ${frameworksMax} frameworks; tear down some that are not needed`);
    const framework = addFramework(state, turn, id === "" ? newFrameworkId(state) : id, info, {
      isRecovered: false,
    });
    framework.isOwn = isOwn;
    takeConstraints(framework, call, read);
    return connect(state, turn, framework, connection, suppressed);
  }
  if (!known.isRecovered && (known.info.principal ?? "") !== (info.principal ?? ""))
    return refuse("'FrameworkInfo.principal' can't be changed");
  // What can't change on the way is kept silently, as the contract has it.
  const kept: FrameworkInfo = known.isRecovered
    ? info
    : {
        ...info,
        user: known.info.user,
        ...(known.info.checkpoint === undefined ? {} : { checkpoint: known.info.checkpoint }),
      };
  endStream(turn, state, known, "Framework failed over");
  forgetInverseOffersTo(state, known.id, false);
  for (const offer of [...known.offers.values()]) returnOffer(state, turn, offer);
  known.info = { ...kept, id: { value: known.id } };
  known.roles = read.roles;
  known.capabilities = read.capabilities;
  takeConstraints(known, call, read);
  known.isRecovered = false;
  known.isOwn = isOwn;
  known.reregisteredAt = turn.now;
  connect(state, turn, known, connection, suppressed);
  tellAgents(state, turn, known);
}

/**
 * A framework says what it is from now on, without a new stream: all of it, or nothing and why.
 * Source: contract mesos.md section 1.4, UPDATE_FRAMEWORK.
 */
export function updateFramework(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  update: SchedulerCallUpdateFramework,
): string | undefined {
  const { framework_info: info, suppressed_roles: suppressed = [] } = update;
  const read = readFrameworkInfo(update);
  if (read.kind === "invalid") return read.problem;
  const foreign = framework.isOwn ? undefined : foreignRole(state.policy, read.roles);
  if (foreign !== undefined) return foreign;
  const { user, checkpoint = false, principal = "" } = framework.info;
  if (info.user !== user) return `'FrameworkInfo.user' is ${user} and can't be changed`;
  if ((info.checkpoint ?? false) !== checkpoint) return "'FrameworkInfo.checkpoint' can't be changed";
  if ((info.principal ?? "") !== principal) return "'FrameworkInfo.principal' can't be changed";
  framework.info = { ...info, id: { value: framework.id } };
  framework.roles = read.roles;
  framework.capabilities = read.capabilities;
  takeConstraints(framework, update, read);
  framework.suppressed.clear();
  for (const role of suppressed) framework.suppressed.add(role);
  for (const offer of [...framework.offers.values()])
    if (!read.roles.includes(offer.role)) rescindOffer(state, turn, offer);
  state.allocator.updateFramework(framework.id, describe(framework), turn.now);
  turn.changed({ kind: "frameworkUpdated", frameworkId: framework.id });
  tellAgents(state, turn, framework);
  return undefined;
}

function takeConstraints(
  framework: FrameworkRecord,
  { offer_constraints: constraints }: SchedulerCallUpdateFramework,
  { wantedAgents }: Pick<FrameworkRecord, "wantedAgents">,
): void {
  framework.offerConstraints = constraints;
  framework.wantedAgents = wantedAgents;
}

/** Agents that run something of it, or have an executor of it, keep what it says of itself. */
function tellAgents(
  state: MasterState,
  turn: Turn,
  { info, tasks, executors }: Pick<FrameworkRecord, "info" | "tasks" | "executors">,
): void {
  const agentIds = new Set([...tasks.values(), ...executors].map(({ agentId }) => agentId));
  for (const agentId of agentIds) {
    const agent = state.agents.get(agentId);
    if (agent !== undefined) turn.tellAgent(agent, { kind: "updateFramework", framework: info });
  }
}

function newFrameworkId(state: MasterState): string {
  const id = `${state.identity.id}-${String(state.nextFramework).padStart(4, "0")}`;
  state.nextFramework += 1;
  return id;
}

/** A framework that subscribes for the first time, or that an agent brought back. */
export function addFramework(
  state: MasterState,
  turn: Turn,
  id: string,
  given: FrameworkInfo,
  { isRecovered }: { readonly isRecovered: boolean },
): FrameworkRecord {
  const info = isRecovered ? withoutDefaultRole(given) : given;
  const read = readFrameworkInfo({ framework_info: info });
  const roles = read.kind === "valid" ? read.roles : [info.role ?? "*"];
  const capabilities = read.kind === "valid" ? read.capabilities : new Set<never>();
  const framework: FrameworkRecord = {
    id,
    info: { ...info, id: { value: id } },
    roles,
    suppressed: new Set(),
    capabilities,
    offerConstraints: undefined,
    wantedAgents: new Map(),
    connection: undefined,
    isRecovered,
    registeredAt: turn.now,
    reregisteredAt: undefined,
    unregisteredAt: undefined,
    tasks: new Map(),
    executors: new Set(),
    unreachableTasks: new BoundedHistory(state.policy.unreachableTasksMax),
    completedTasks: new BoundedHistory(state.policy.completedTasksMax),
    offers: new Map(),
  };
  state.frameworks.set(id, framework);
  state.allocator.addFramework(id, describe(framework), false, turn.now);
  turn.changed({ kind: "frameworkAdded", frameworkId: id });
  return framework;
}

/** An agent of an earlier version wrote down the default of `role` beside `roles`, where it means nothing. */
function withoutDefaultRole({ role, ...info }: FrameworkInfo): FrameworkInfo {
  return role === undefined || (role === "*" && info.roles !== undefined) ? info : { ...info, role };
}

function connect(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  connection: ConnectionId,
  suppressed: readonly string[],
): void {
  framework.connection = connection;
  framework.suppressed.clear();
  for (const role of suppressed) framework.suppressed.add(role);
  state.frameworkByConnection.set(connection, framework.id);
  state.timers.cancel(`failover ${framework.id}`);
  turn.tell(framework, {
    type: "SUBSCRIBED",
    subscribed: {
      framework_id: { value: framework.id },
      heartbeat_interval_seconds: state.policy.heartbeatIntervalMs / 1000,
      master_info: masterInfo(state.identity),
    },
  });
  heartbeat(state, turn, framework);
  state.allocator.updateFramework(framework.id, describe(framework), turn.now);
  state.allocator.setFrameworkConnected(framework.id, true, turn.now);
  turn.changed({ kind: "frameworkUpdated", frameworkId: framework.id });
}

/** Source: contract mesos.md sections 0.1, 4.5. */
export function masterInfo({ id, hostname, ip, port, version, domain }: MasterIdentity): MasterInfo {
  return {
    id,
    ip: networkOrder(ip),
    port,
    pid: `master@${ip}:${port}`,
    hostname,
    version,
    address: { hostname, ip, port },
    ...(domain === undefined ? {} : { domain }),
    capabilities: [{ type: "AGENT_UPDATE" }, { type: "AGENT_DRAINING" }, { type: "QUOTA_V2" }],
  };
}

/** An IPv4 address as the number whose bytes in memory are the address, on the little-endian machines Mesos ran on. */
function networkOrder(ip: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = ip.split(".").map(Number);
  return ((d << 24) | (c << 16) | (b << 8) | a) >>> 0;
}

/** One now, the next in an interval. */
export function heartbeat(state: MasterState, turn: Turn, framework: FrameworkRecord): void {
  if (framework.connection === undefined) return;
  turn.tell(framework, { type: "HEARTBEAT" });
  state.timers.set(`heartbeat ${framework.id}`, turn.now + state.policy.heartbeatIntervalMs, {
    kind: "heartbeat",
    frameworkId: framework.id,
  });
}

/** Ends the stream with a last word. */
function endStream(
  turn: Turn,
  state: MasterState,
  framework: FrameworkRecord,
  message: string | undefined,
): void {
  const { connection } = framework;
  if (connection === undefined) return;
  if (message !== undefined) turn.tell(framework, { type: "ERROR", error: { message } });
  turn.do({ kind: "closeStream", connection });
  state.frameworkByConnection.delete(connection);
  framework.connection = undefined;
  state.timers.cancel(`heartbeat ${framework.id}`);
}

/** The stream broke: no more offers, and the failover timeout runs. */
export function schedulerDisconnected(state: MasterState, turn: Turn, connection: ConnectionId): void {
  const framework = state.frameworks.get(state.frameworkByConnection.get(connection) ?? "");
  if (framework?.connection !== connection) return;
  state.frameworkByConnection.delete(connection);
  framework.connection = undefined;
  state.timers.cancel(`heartbeat ${framework.id}`);
  state.allocator.setFrameworkConnected(framework.id, false, turn.now);
  forgetInverseOffersTo(state, framework.id, false);
  for (const offer of [...framework.offers.values()]) returnOffer(state, turn, offer);
  turn.changed({ kind: "frameworkUpdated", frameworkId: framework.id });
  const timeoutMs = Math.min(
    (framework.info.failover_timeout ?? 0) * 1000,
    state.policy.failoverTimeoutMaxMs,
  );
  if (timeoutMs <= 0) removeFramework(state, turn, framework);
  else
    state.timers.set(`failover ${framework.id}`, turn.now + timeoutMs, {
      kind: "failover",
      frameworkId: framework.id,
    });
}

/**
 * The end of a framework: agents end its tasks, which are recorded as killed and told to nobody; its id never
 * comes back.
 */
export function removeFramework(state: MasterState, turn: Turn, framework: FrameworkRecord): void {
  endStream(turn, state, framework, undefined);
  state.timers.cancel(`failover ${framework.id}`);
  state.allocator.setFrameworkConnected(framework.id, false, turn.now);
  for (const offer of [...framework.offers.values()]) returnOffer(state, turn, offer);
  for (const agent of state.agents.values())
    turn.tellAgent(agent, { kind: "shutdownFramework", frameworkId: framework.id });
  for (const task of [...framework.tasks.values()]) {
    const status = masterStatus(turn, {
      task_id: { value: task.taskId },
      state: "TASK_KILLED",
      reason: "REASON_FRAMEWORK_REMOVED",
      agent_id: { value: task.agentId },
    });
    endTask(state, turn, framework, task, status);
  }
  for (const agent of state.agents.values())
    loseExecutors(state, turn, agent, ({ frameworkId }) => frameworkId === framework.id);
  forgetOperationsOf(state, framework.id);
  framework.unregisteredAt = turn.now;
  state.allocator.removeFramework(framework.id, turn.now);
  forgetInverseOffersTo(state, framework.id, true);
  state.frameworks.delete(framework.id);
  state.completedFrameworks.add(framework.id, framework);
  state.retiredFrameworkIds.add(framework.id, true);
  turn.changed({ kind: "frameworkRemoved", frameworkId: framework.id });
}
