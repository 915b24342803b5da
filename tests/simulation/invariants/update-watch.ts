import type { TaskState, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { isTerminal } from "../cluster/stranger-core.ts";
import type { EndWatch } from "./end-watch.ts";
import type { Tell } from "./sentences.ts";

interface Told {
  readonly uuids: string[];
  /** How many of them the framework has seen, the first ones. */
  seen: number;
  ended: TaskState | undefined;
}

interface Kept {
  readonly uuid: string;
  readonly taskId: string;
  readonly state: TaskState;
}

const prefix = "updates/";
/** An agent without it is none any more: what it had to tell the master has told in its place. */
const identityKey = "agent/identity";

/**
 * Invariant 3. The truth is what became durable on the agents' disks: a framework must see each of these
 * updates, for the first time in that order, and none may leave the disk before it was seen, but for news of checks
 * that newer news replaced (ADR 0067), and for those of an agent that was removed for good.
 */
export class UpdateWatch {
  readonly #tell: Tell;
  readonly #tasks = new Map<string, Told>();
  readonly #taskOf = new Map<string, string>();
  readonly #seen = new Set<string>();
  /** By disk and key, what is kept there. */
  readonly #kept = new Map<string, Kept>();
  readonly #removed = new Set<string>();

  readonly #ends: EndWatch;

  constructor(tell: Tell, ends: EndWatch) {
    this.#tell = tell;
    this.#ends = ends;
  }

  /** A write became durable on the disk of an agent. */
  durable(machine: string, write: Write): void {
    if (write.key === identityKey) {
      if (write.kind === "put") this.#removed.delete(machine);
      else this.#removed.add(machine);
    }
    if (!write.key.startsWith(prefix)) return;
    const key = `${machine} ${write.key}`;
    if (write.kind === "put") this.#keep(key, statusOf(write.value));
    else this.#forget(key, this.#removed.has(machine));
  }

  isDurable(uuid: string): boolean {
    return this.#taskOf.has(uuid);
  }

  /** An update reached a framework, maybe not for the first time. */
  saw(framework: string, status: TaskStatus): void {
    const { uuid, state } = status;
    this.#ends.saw(framework, status);
    // Without a uuid it is the master's own word, which nobody keeps.
    if (uuid === undefined || uuid === "" || this.#seen.has(uuid)) return;
    this.#seen.add(uuid);
    const taskId = status.task_id.value;
    const told = this.#tasks.get(taskId);
    const index = told?.uuids.indexOf(uuid) ?? -1;
    if (told === undefined || index < 0) {
      this.#tell("promises", `${framework} was told ${state} of ${taskId}, which is on no disk`);
      return;
    }
    if (told.ended !== undefined)
      this.#tell("updates", `${framework} was told ${state} of ${taskId} after ${told.ended}`);
    if (index !== told.seen)
      this.#tell("updates", `${framework} was told update ${index} of ${taskId} before update ${told.seen}`);
    told.seen = index + 1;
    if (isTerminal(state)) told.ended = state;
  }

  #keep(key: string, status: TaskStatus): void {
    const taskId = status.task_id.value;
    const uuid = status.uuid ?? "";
    if (this.#taskOf.has(uuid)) return;
    const replaced = this.#kept.get(key);
    this.#taskOf.set(uuid, taskId);
    this.#kept.set(key, { uuid, taskId, state: status.state });
    if (replaced !== undefined) return this.#replace(replaced, status);
    let told = this.#tasks.get(taskId);
    if (told === undefined) {
      told = { uuids: [], seen: 0, ended: undefined };
      this.#tasks.set(taskId, told);
    }
    told.uuids.push(uuid);
    return undefined;
  }

  /** What checks tell while nobody acknowledges is bounded: a TASK_RUNNING that was not told yet may give its place to a newer one. */
  #replace(earlier: Kept, { uuid = "", state }: TaskStatus): void {
    const isAllowed = earlier.state === "TASK_RUNNING" && state === "TASK_RUNNING";
    if (!isAllowed || this.#seen.has(earlier.uuid))
      this.#tell("updates", `${earlier.state} of ${earlier.taskId} was replaced by ${state}`);
    const uuids = this.#tasks.get(earlier.taskId)?.uuids ?? [];
    const at = uuids.indexOf(earlier.uuid);
    if (at >= 0) uuids[at] = uuid;
  }

  #forget(key: string, isRemoved: boolean): void {
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    if (kept !== undefined && !isRemoved && !this.#seen.has(kept.uuid))
      this.#tell("updates", `${key} of task ${kept.taskId} was forgotten before its framework was told`);
  }
}

function statusOf(record: JsonValue): TaskStatus {
  // The agent's own record; its type is not the simulation's business.
  return (record as unknown as { readonly status: TaskStatus }).status;
}
