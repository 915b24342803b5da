/** Instances as our own clients list them: those that are there, then those that ended and are still remembered. */
import type { InstanceContainerItem, InstanceItem } from "#contracts/services/own-endpoints.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { formatInstant, parseInstant } from "#foundation/base/iso-time.ts";
import { type ListQuery, listWindow } from "#foundation/base/list-window.ts";
import type { App } from "./app-table.ts";
import { type Condition, isActive, isTerminal } from "./conditions.ts";
import type { EndedInstance } from "./ended-instances.ts";
import { parseTaskId } from "./ids.ts";
import { type Instance, isScheduled } from "./instance.ts";
import { healthOf } from "./pod-view.ts";
import type { ServicesState } from "./state.ts";

export interface InstanceQuery extends ListQuery {
  readonly service?: string;
  /** Ended ones too. */
  readonly ended?: boolean;
  /** Leaves out instances of services that somebody may not see. Default: none. */
  readonly sees?: (appId: string) => boolean;
}

export interface InstanceList {
  readonly items: readonly InstanceItem[];
  readonly total: number;
  /** Ended ones from before may be missing. */
  readonly endedSince?: InstantMs;
}

type Row =
  | { readonly kind: "live"; readonly instance: Instance }
  | { readonly kind: "ended"; readonly ended: EndedInstance };

/** Undefined for a service of which nothing is known, not even what ended. */
export function listInstances(state: ServicesState, query: InstanceQuery): InstanceList | undefined {
  const { service, sees } = query;
  const appId = service === undefined ? undefined : `/${service.replace(/^\/+|(?<!\/)\/+$/g, "")}`;
  const all = [...liveRows(state, appId), ...(query.ended === true ? endedRows(state, appId) : [])];
  const rows = sees === undefined ? all : all.filter((row) => sees(appIdOf(row)));
  const isKnown =
    appId === undefined ||
    rows.length > 0 ||
    state.apps.get(appId) !== undefined ||
    state.endedInstances.last(appId) !== undefined;
  if (!isKnown) return undefined;
  const pick = <Value>(live: (instance: Instance) => Value, ended: (ended: EndedInstance) => Value) => {
    return (row: Row): Value => (row.kind === "live" ? live(row.instance) : ended(row.ended));
  };
  const window = listWindow(rows, query, {
    words: pick(
      (one) => [one.id, one.appId, one.agent?.host ?? "", conditionOfLive(one)],
      (ended) => [ended.taskId, ended.appId, ended.hostname ?? "", ended.condition, ended.cause],
    ),
    fields: {
      id: pick(
        ({ id }) => id,
        ({ instanceId }) => instanceId,
      ),
      service: pick(
        ({ appId: app }) => app,
        ({ appId: app }) => app,
      ),
      condition: pick<string>(conditionOfLive, ({ condition }) => condition),
      status: pick<string>(conditionOfLive, ({ condition }) => condition),
      hostname: pick(
        ({ agent }) => agent?.host,
        ({ hostname }) => hostname,
      ),
      agent: pick(
        ({ agent }) => agent?.agentId,
        ({ agentId }) => agentId,
      ),
      healthy: pick<boolean | undefined>(
        ({ health }) => health,
        () => undefined,
      ),
      version: pick(
        ({ version }) => formatInstant(version),
        ({ version }) => formatInstant(version),
      ),
      stagedAt: pick(
        ({ stagedAt }) => stagedAt,
        ({ stagedAt }) => stagedAt,
      ),
      startedAt: pick(
        ({ startedAt }) => startedAt,
        ({ startedAt }) => startedAt,
      ),
      endedAt: pick<InstantMs | undefined>(
        () => undefined,
        ({ endedAt }) => endedAt,
      ),
    },
  });
  const endedSince = query.ended === true ? state.endedInstances.forgottenUntil(appId) : undefined;
  return {
    total: window.total,
    items: window.items.map((row) =>
      row.kind === "live" ? liveItem(state, row.instance) : endedItem(row.ended),
    ),
    ...(endedSince === undefined ? {} : { endedSince }),
  };
}

const appIdOf = (row: Row): string => (row.kind === "live" ? row.instance.appId : row.ended.appId);

function* liveRows(state: ServicesState, appId: string | undefined): Iterable<Row> {
  const instances =
    appId === undefined ? state.instances.all() : (state.instances.population(appId)?.members.values() ?? []);
  for (const instance of instances) yield { kind: "live", instance };
}

/** Newest first; the last failure of each service is there even when everything else of it was dropped. */
function endedRows(state: ServicesState, appId: string | undefined): readonly Row[] {
  const ended = [...(appId === undefined ? state.endedInstances.all() : state.endedInstances.of(appId))];
  const app = appId === undefined ? undefined : state.apps.get(appId);
  const apps = appId === undefined ? [...state.apps.all()] : app === undefined ? [] : [app];
  const isThere = new Set(ended.map(({ taskId }) => taskId));
  const last = apps.flatMap((each) => lastFailureOf(each) ?? []).filter(({ taskId }) => !isThere.has(taskId));
  return [...last, ...ended]
    .sort((one, other) => other.endedAt - one.endedAt || other.sequence - one.sequence)
    .map((each): Row => ({ kind: "ended", ended: each }));
}

function lastFailureOf({ id, lastFailure }: App): EndedInstance | undefined {
  if (lastFailure === undefined) return undefined;
  return {
    sequence: 0,
    instanceId: parseTaskId(lastFailure.taskId)?.instanceId ?? lastFailure.taskId,
    taskId: lastFailure.taskId,
    appId: id,
    condition: lastFailure.state === "TASK_KILLED" ? "Killed" : "Failed",
    goal: "Running",
    isFailure: true,
    agentId: lastFailure.slaveId,
    hostname: lastFailure.host,
    ports: [],
    version: parseInstant(lastFailure.version) ?? 0,
    stagedAt: undefined,
    startedAt: undefined,
    endedAt: parseInstant(lastFailure.timestamp) ?? 0,
    cause: lastFailure.message,
    reason: undefined,
  };
}

/** One that waits for its next place has no task: the one it had is among the ended. */
function liveItem(state: ServicesState, instance: Instance): InstanceItem {
  const { health, isReady } = instance;
  const { agent, taskId, ports, stagedAt, startedAt } = isScheduled(instance) ? waitingFields : instance;
  return {
    id: instance.id,
    service: instance.appId,
    ...(taskId === undefined ? {} : { taskId }),
    condition: conditionOfLive(instance),
    goal: instance.goal,
    isActive: isActive(instance.condition),
    ...(health === undefined ? {} : { healthy: health }),
    ...(isReady === undefined ? {} : { ready: isReady }),
    ...(agent === undefined ? {} : { agentId: agent.agentId, hostname: agent.host }),
    ports: [...ports],
    version: formatInstant(instance.version),
    ...(stagedAt === undefined ? {} : { stagedAt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(taskId === undefined || instance.containers.length === 0
      ? {}
      : { containers: containerItems(state, instance) }),
  };
}

function containerItems(state: ServicesState, instance: Instance): InstanceContainerItem[] {
  let firstPort = 0;
  return instance.containers.map((container) => {
    const { name, taskId, condition, portCount, message } = container;
    const healthy = healthOf(state, instance, container);
    firstPort += portCount;
    return {
      name,
      taskId,
      condition,
      ...(healthy === undefined ? {} : { healthy }),
      ports: instance.ports.slice(firstPort - portCount, firstPort),
      ...(message === undefined || !isTerminal(condition) ? {} : { cause: message }),
    };
  });
}

const waitingFields: Pick<Instance, "agent" | "taskId" | "ports" | "stagedAt" | "startedAt"> = {
  agent: undefined,
  taskId: undefined,
  ports: [],
  stagedAt: undefined,
  startedAt: undefined,
};

const conditionOfLive = (instance: Instance): Condition =>
  isScheduled(instance) ? "Scheduled" : instance.condition;

function endedItem(ended: EndedInstance): InstanceItem {
  const { agentId, hostname, stagedAt, startedAt } = ended;
  return {
    id: ended.instanceId,
    service: ended.appId,
    taskId: ended.taskId,
    condition: ended.condition,
    goal: ended.goal,
    isActive: false,
    ...(agentId === undefined ? {} : { agentId }),
    ...(hostname === undefined ? {} : { hostname }),
    ports: [...ended.ports],
    version: formatInstant(ended.version),
    ...(stagedAt === undefined ? {} : { stagedAt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    endedAt: ended.endedAt,
    ...(ended.cause === "" ? {} : { cause: ended.cause }),
  };
}
