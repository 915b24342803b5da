/**
 * What a task's agent told of it, packed: there may be a million tasks, each with two or three statuses that are read
 * when somebody looks and hardly ever before. As objects they weigh 880 bytes each, as one text of all of them 110.
 */
import type {
  ContainerStatus,
  TaskState,
  TaskStatus,
  TaskStatusReason,
  TaskStatusSource,
} from "#contracts/kernel/messages.gen.ts";

/** Statuses of one task, newest last, as `unpackStatuses` reads them. Part of the master's memory only. */
export type PackedStatuses = string;

/** What is the same in every status of a task, and so is not packed. */
export interface StatusOwner {
  readonly taskId: string;
  readonly agentId: string;
}

type Rest = Omit<TaskStatus, "task_id" | "state" | "timestamp" | "source" | "reason" | "agent_id">;

/** State, time, source, reason, executor, container, anything else; trailing absent ones are left out. */
type Packed = readonly [
  state: string,
  timestamp?: number | null,
  source?: string | null,
  reason?: string | null,
  /** 1: the task's own id, as every command task has it. */
  executor?: 1 | string | null,
  /** Id and IPv4 addresses; 1: that of the status before; otherwise as it came. */
  container?: 1 | readonly string[] | ContainerStatus | null,
  rest?: Rest | null,
];

export const noStatuses: PackedStatuses = "";

/** Adds a status without its data. One of the same state as the last replaces it; only the last keeps its uuid. */
export function withStatus(packed: PackedStatuses, owner: StatusOwner, status: TaskStatus): PackedStatuses {
  const statuses = unpackStatuses(packed, owner);
  const kept = statuses.at(-1)?.state === status.state ? statuses.slice(0, -1) : statuses;
  return packStatuses([...kept, status], owner);
}

export function packStatuses(statuses: readonly TaskStatus[], owner: StatusOwner): PackedStatuses {
  if (statuses.length === 0) return noStatuses;
  let before: string | undefined;
  const all = statuses.map((status, index) => {
    const container = JSON.stringify(status.container_status);
    const isLast = index === statuses.length - 1;
    const packed = pack(
      isLast ? status : withoutUuid(status),
      owner,
      container !== undefined && container === before,
    );
    before = container;
    return packed;
  });
  return JSON.stringify(all);
}

/** Once another status came, nobody acknowledges it any more. */
function withoutUuid({ uuid: _uuid, ...status }: TaskStatus): TaskStatus {
  return status;
}

export function unpackStatuses(packed: PackedStatuses, owner: StatusOwner): readonly TaskStatus[] {
  if (packed === noStatuses) return [];
  let before: ContainerStatus | undefined;
  return (JSON.parse(packed) as readonly Packed[]).map((each) => {
    const status = unpack(each, owner, before);
    before = status.container_status;
    return status;
  });
}

/** Of the first status, without reading the others: whoever sorts many tasks asks all of them. */
export function firstTimestamp(packed: PackedStatuses): number | undefined {
  const found = /^\[\["[^"]*",([\d.e+-]+)/.exec(packed)?.[1];
  return found === undefined ? undefined : Number(found);
}

function pack(status: TaskStatus, owner: StatusOwner, sameContainer: boolean): Packed {
  const { task_id: _task, agent_id: _agent, data: _data, ...told } = status;
  const {
    state,
    timestamp,
    source,
    reason,
    executor_id: executor,
    container_status: container,
    ...rest
  } = told;
  const parts = [
    state.slice("TASK_".length),
    timestamp ?? null,
    source?.slice("SOURCE_".length) ?? null,
    reason?.slice("REASON_".length) ?? null,
    executor === undefined ? null : executor.value === owner.taskId ? 1 : executor.value,
    container === undefined ? null : sameContainer ? 1 : (plainContainer(container) ?? container),
    Object.keys(rest).length === 0 ? null : rest,
  ];
  while (parts.at(-1) === null) parts.pop();
  // The order above is the tuple's.
  return parts as unknown as Packed;
}

function unpack(
  packed: Packed,
  { taskId, agentId }: StatusOwner,
  before: ContainerStatus | undefined,
): TaskStatus {
  const [state, timestamp, source, reason, executor, container, rest] = packed;
  return {
    task_id: { value: taskId },
    agent_id: { value: agentId },
    // Cut off in `pack`.
    state: `TASK_${state}` as TaskState,
    ...(source == null ? {} : { source: `SOURCE_${source}` as TaskStatusSource }),
    ...(reason == null ? {} : { reason: `REASON_${reason}` as TaskStatusReason }),
    ...(executor == null ? {} : { executor_id: { value: executor === 1 ? taskId : executor } }),
    ...(timestamp == null ? {} : { timestamp }),
    ...containerOf(container, before),
    ...(rest ?? {}),
  };
}

function containerOf(
  container: Packed[5],
  before: ContainerStatus | undefined,
): Pick<TaskStatus, "container_status"> {
  if (container == null) return {};
  if (container === 1) return before === undefined ? {} : { container_status: before };
  return { container_status: isPlain(container) ? containerFrom(container) : container };
}

const isPlain = (container: readonly string[] | ContainerStatus): container is readonly string[] =>
  Array.isArray(container);

/** The id and addresses of a container about which nothing else is told. */
function plainContainer(container: ContainerStatus): readonly string[] | undefined {
  const id = container.container_id?.value;
  if (id === undefined) return undefined;
  const addresses = (container.network_infos ?? []).map((info) => info.ip_addresses?.[0]?.ip_address ?? "");
  const plain = [id, ...addresses];
  return JSON.stringify(containerFrom(plain)) === JSON.stringify(container) ? plain : undefined;
}

function containerFrom([id = "", ...addresses]: readonly string[]): ContainerStatus {
  return {
    container_id: { value: id },
    ...(addresses.length === 0
      ? {}
      : {
          network_infos: addresses.map((ip_address) => ({
            ip_addresses: [{ protocol: "IPv4" as const, ip_address }],
          })),
        }),
  };
}
