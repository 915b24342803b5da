/** One agent, framework, task or offer as the v0 endpoints show it. Source: contract mesos.md section 3.6. */
import { drainConfig } from "#contracts/kernel/drain-config.ts";
import type { Attribute, CommandInfo, DrainInfo, Labels } from "#contracts/kernel/messages.gen.ts";
import { limitsSummary, Resources, roleOf } from "#domain/resources/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import {
  type AgentRecord,
  type AgentStanding,
  type ExecutorRecord,
  type FrameworkRecord,
  holdersOn,
  isActive,
  type OfferRecord,
  statusesOf,
  type TaskRecord,
} from "../core/index.ts";

const seconds = (instant: number): number => instant / 1000;

/** What the v0 JSON calls command tasks' executors. */
const commandExecutor = "";

export function taskJson(task: TaskRecord): JsonObject {
  const { labels, discovery, container, health_check: check, limits } = task.wire;
  return {
    id: task.taskId,
    name: task.name,
    framework_id: task.frameworkId,
    executor_id: task.executorId ?? commandExecutor,
    slave_id: task.agentId,
    state: task.state,
    resources: task.resources.toSummary(),
    ...(limits === undefined ? {} : { limits: limitsSummary(limits) }),
    role: task.role,
    statuses: statusesOf(task).map(
      ({
        state,
        timestamp,
        labels: own,
        container_status: container_,
        healthy,
        message,
        source,
        reason,
      }) => ({
        state,
        ...(timestamp === undefined ? {} : { timestamp }),
        ...(own === undefined ? {} : { labels: labelsJson(own) }),
        ...(container_ === undefined ? {} : { container_status: container_ as unknown as JsonObject }),
        ...(healthy === undefined ? {} : { healthy }),
        ...(message === undefined ? {} : { message }),
        ...(source === undefined ? {} : { source: source.replace("AGENT", "SLAVE") }),
        ...(reason === undefined ? {} : { reason: reason.replace("_AGENT", "_SLAVE") }),
      }),
    ),
    ...(task.user === undefined ? {} : { user: task.user }),
    ...(labels === undefined ? {} : { labels: labelsJson(labels) }),
    ...(discovery === undefined ? {} : { discovery: discovery as unknown as JsonObject }),
    ...(container === undefined ? {} : { container: container as unknown as JsonObject }),
    ...(check === undefined ? {} : { health_check: check as unknown as JsonObject }),
  };
}

function labelsJson({ labels = [] }: Labels): readonly JsonObject[] {
  return labels.map(({ key, value }) => ({ key, ...(value === undefined ? {} : { value }) }));
}

type Holders = Parameters<typeof holdersOn>[0];

/** What `holdersOn` tells of, added up. */
export const usedOn = (holders: Holders): Resources => Resources.sum(usedByRole(holders).values());

/** The same, by the role it is allocated to. Tasks alike share one value, so that those are counted before they are added. */
export function usedByRole(holders: Holders): ReadonlyMap<string, Resources> {
  const counts = new Map<string, Map<Resources, number>>();
  for (const { role, resources } of holdersOn(holders)) {
    const ofRole = counts.get(role) ?? new Map<Resources, number>();
    counts.set(role, ofRole.set(resources, (ofRole.get(resources) ?? 0) + 1));
  }
  return new Map([...counts].map(([role, ofRole]) => [role, Resources.sumOf(ofRole)]));
}

const offeredOf = (offers: Iterable<OfferRecord>): Resources =>
  Resources.sum([...offers].map(({ resources }) => resources));

function executorJson({ info, agentId, frameworkId, role, resources }: ExecutorRecord): JsonObject {
  const { executor_id, name, source, type, command, container, labels } = info;
  return {
    executor_id: executor_id.value,
    name: name ?? "",
    source: source ?? "",
    framework_id: frameworkId,
    slave_id: agentId,
    type: type ?? "CUSTOM",
    role,
    resources: resources.toSummary(),
    ...(command === undefined ? {} : { command: commandJson(command) }),
    ...(container === undefined ? {} : { container: container as unknown as JsonObject }),
    ...(labels === undefined ? {} : { labels: labelsJson(labels) }),
  };
}

/** Without its environment, which may hold secrets. */
function commandJson({ value, shell, arguments: argv, user, uris }: CommandInfo): JsonObject {
  return {
    shell: shell ?? true,
    ...(value === undefined ? {} : { value }),
    argv: argv ?? [],
    uris: (uris ?? []).map((uri) => ({ value: uri.value, executable: uri.executable ?? false })),
    ...(user === undefined ? {} : { user }),
  };
}

export function agentJson(agent: AgentRecord): JsonObject {
  const { info, total } = agent;
  const reserved = new Map<string, Resources>();
  for (const entry of total.entries) {
    if (entry.reservations.length === 0) continue;
    const role = roleOf(entry);
    reserved.set(role, (reserved.get(role) ?? Resources.empty).plus(Resources.of([entry])));
  }
  return {
    id: agent.id,
    hostname: info.hostname,
    port: info.port ?? 5051,
    attributes: attributesJson(info.attributes ?? []),
    ...(info.domain === undefined ? {} : { domain: info.domain as unknown as JsonObject }),
    pid: agent.pid,
    registered_time: seconds(agent.registeredAt),
    ...(agent.reregisteredAt === undefined ? {} : { reregistered_time: seconds(agent.reregisteredAt) }),
    resources: total.toSummary(),
    used_resources: usedOn(agent).toSummary(),
    offered_resources: offeredOf(agent.offers.values()).toSummary(),
    reserved_resources: Object.fromEntries(
      [...reserved].map(([role, resources]) => [role, resources.toSummary()]),
    ),
    unreserved_resources: total.unreserved().toSummary(),
    active: isActive(agent),
    deactivated: agent.standing.kind !== "inService",
    version: agent.version,
    capabilities: agent.capabilities.flatMap(({ type }) => type ?? []),
    ...drainJson(agent.standing),
  };
}

/** Source: Mesos DrainInfo. */
function drainJson(standing: AgentStanding): JsonObject {
  if (standing.kind === "inService" || standing.kind === "deactivated") return {};
  return {
    drain_info: drainInfo(standing) as unknown as JsonObject,
    estimated_drain_start_time_seconds: seconds(standing.since),
  };
}

export function drainInfo({ kind, order }: Extract<AgentStanding, { readonly order: unknown }>): DrainInfo {
  return { state: kind === "draining" ? "DRAINING" : "DRAINED", config: drainConfig(order) };
}

/** With the `_full` fields of `/slaves`. */
export function agentFullJson(agent: AgentRecord): JsonObject {
  const wire = (resources: Resources): readonly JsonObject[] =>
    resources.toWire({ format: "endpoint" }) as unknown as readonly JsonObject[];
  const byRole = new Map<string, JsonObject[]>();
  for (const entry of agent.total.entries) {
    if (entry.reservations.length === 0) continue;
    const role = roleOf(entry);
    byRole.set(role, [...(byRole.get(role) ?? []), ...wire(Resources.of([entry]))]);
  }
  return {
    ...agentJson(agent),
    reserved_resources_full: Object.fromEntries(byRole),
    unreserved_resources_full: wire(agent.total.unreserved()),
    used_resources_full: wire(usedOn(agent)),
    offered_resources_full: wire(offeredOf(agent.offers.values())),
  };
}

/** Scalars as numbers, everything else as text. */
export function attributesJson(attributes: readonly Attribute[]): JsonObject {
  return Object.fromEntries(
    attributes.map(({ name, scalar, text, ranges, set }) => {
      if (scalar !== undefined) return [name, scalar.value];
      if (ranges !== undefined)
        return [name, `[${(ranges.range ?? []).map(({ begin, end }) => `${begin}-${end}`).join(", ")}]`];
      if (set !== undefined) return [name, `{${(set.item ?? []).join(", ")}}`];
      return [name, text?.value ?? ""];
    }),
  );
}

/** Everything of a framework but its tasks. */
export function frameworkJson(framework: FrameworkRecord): JsonObject {
  return { ...frameworkHeadJson(framework), offers: [...framework.offers.values()].map(offerJson) };
}

/** Everything of a framework but its offers and tasks, of which there may be many. */
export function frameworkHeadJson(framework: FrameworkRecord): JsonObject {
  const { info, connection, roles, capabilities } = framework;
  const used = usedOn(framework);
  const offered = offeredOf(framework.offers.values());
  return {
    id: framework.id,
    name: info.name,
    hostname: info.hostname ?? "",
    webui_url: info.webui_url ?? "",
    user: info.user,
    failover_timeout: info.failover_timeout ?? 0,
    checkpoint: info.checkpoint ?? false,
    active: connection !== undefined,
    connected: connection !== undefined,
    recovered: framework.isRecovered,
    capabilities: [...capabilities],
    ...(info.principal === undefined ? {} : { principal: info.principal }),
    ...(capabilities.has("MULTI_ROLE") ? { roles } : { role: roles[0] ?? "*" }),
    registered_time: seconds(framework.registeredAt),
    unregistered_time: seconds(framework.unregisteredAt ?? 0),
    ...(framework.reregisteredAt === undefined
      ? {}
      : { reregistered_time: seconds(framework.reregisteredAt) }),
    ...(info.labels === undefined ? {} : { labels: labelsJson(info.labels) }),
    resources: used.plus(offered).toSummary(),
    used_resources: used.toSummary(),
    offered_resources: offered.toSummary(),
    executors: [...framework.executors].map(executorJson),
    offer_constraints: (framework.offerConstraints ?? {}) as unknown as JsonObject,
  };
}

export function offerJson({ id, frameworkId, agentId, role, resources }: OfferRecord): JsonObject {
  return {
    id,
    framework_id: frameworkId,
    allocation_info: { role },
    slave_id: agentId,
    resources: resources.toSummary(),
  };
}

const counterStates = [
  "TASK_STAGING",
  "TASK_STARTING",
  "TASK_RUNNING",
  "TASK_KILLING",
  "TASK_FINISHED",
  "TASK_KILLED",
  "TASK_FAILED",
  "TASK_LOST",
  "TASK_ERROR",
  "TASK_UNREACHABLE",
];

/** `TASK_RUNNING: 3` and so on, all of them, from the counts of those that there are. */
export const taskCounters = (counts: ReadonlyMap<string, number>): JsonObject =>
  Object.fromEntries(counterStates.map((state) => [state, counts.get(state) ?? 0]));

/** Live, unreachable and completed tasks of a framework. */
export function allTasks({
  tasks,
  unreachableTasks,
  completedTasks,
}: FrameworkRecord): readonly TaskRecord[] {
  return [...tasks.values(), ...unreachableTasks.values(), ...completedTasks.values()];
}
