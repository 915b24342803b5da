/** A task as the master knows it. */
import type { KillPolicy, TaskInfo, TaskState, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { Resources } from "#domain/resources/index.ts";
import { firstTimestamp, type PackedStatuses, unpackStatuses, withStatus } from "./status-history.ts";

/** Flat, since there may be a million; what only views need stays in the shared wire documents. */
export interface TaskRecord {
  readonly taskId: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly name: string;
  readonly role: string;
  /** Of the framework's executor that runs it; undefined for a command task. */
  readonly executorId: string | undefined;
  readonly user: string | undefined;
  readonly resources: Resources;
  readonly wire: TaskDocument;
  /** Newest state, as far as the agent told. */
  state: TaskState;
  /** State of the last update given to the framework; what reconciliation answers. */
  forwardedState: TaskState | undefined;
  /** Uuid of that update, in base64: its acknowledgement ends a terminal task. */
  forwardedUuid: string | undefined;
  /** One a state, newest last; `statusesOf` reads them. */
  statuses: PackedStatuses;
  /** Of its first TASK_RUNNING, as far as this master knows. Whole seconds UTC, which are small in memory. */
  runningSince: number | undefined;
  /** The framework wants it killed. Sent again whenever its agent comes back, since a kill may be lost on the way. */
  wantedKill: WantedKill | undefined;
  /** The resources are free: latest state terminal, or the agent is gone. */
  isReleased: boolean;
}

export interface WantedKill {
  readonly killPolicy: KillPolicy | undefined;
}

/** What clients sent, kept for views. */
export type TaskDocument = Pick<
  TaskInfo,
  "labels" | "discovery" | "container" | "health_check" | "kill_policy" | "limits"
>;

const terminalStates: ReadonlySet<TaskState> = new Set([
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
]);

export const isTerminal = (state: TaskState): boolean => terminalStates.has(state);

/** A terminal state never changes; an unreachable task may come back in any. */
export function setState(task: TaskRecord, state: TaskState): boolean {
  if (isTerminal(task.state) || task.state === state) return false;
  task.state = state;
  return true;
}

/** Adds a status, without its data. */
export function addStatus(task: TaskRecord, status: TaskStatus): void {
  task.statuses = withStatus(task.statuses, task, status);
  if (status.state === "TASK_RUNNING") task.runningSince ??= runningSinceOf([status]);
}

/** Of its first TASK_RUNNING; later statuses of that state replace the first one. */
export function runningSinceOf(statuses: readonly TaskStatus[]): number | undefined {
  const first = statuses.find(({ state }) => state === "TASK_RUNNING")?.timestamp;
  return first === undefined ? undefined : Math.floor(first);
}

/** What was told of it, newest last; consecutive ones of the same state replaced each other. */
export const statusesOf = (task: TaskRecord): readonly TaskStatus[] => unpackStatuses(task.statuses, task);

/** When the first of these was told, seconds UTC. */
export const firstStatusAt = ({ statuses }: TaskRecord): number | undefined => firstTimestamp(statuses);

/** Old ones go when there are more than the bound. */
export class BoundedHistory<Item> {
  readonly #max: number;
  readonly #items = new Map<string, Item>();

  constructor(max: number) {
    this.#max = max;
  }

  add(key: string, item: Item): Item | undefined {
    this.#items.delete(key);
    this.#items.set(key, item);
    if (this.#items.size <= this.#max) return undefined;
    const [oldest] = this.#items;
    if (oldest === undefined) return undefined;
    this.#items.delete(oldest[0]);
    return oldest[1];
  }

  get(key: string): Item | undefined {
    return this.#items.get(key);
  }

  delete(key: string): void {
    this.#items.delete(key);
  }

  has(key: string): boolean {
    return this.#items.has(key);
  }

  get size(): number {
    return this.#items.size;
  }

  values(): IterableIterator<Item> {
    return this.#items.values();
  }
}
