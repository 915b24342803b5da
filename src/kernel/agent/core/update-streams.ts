/**
 * Status updates, told at least once and in order.
 *
 * One stream a run: only its head is in flight; it is sent again after 10 s, then 20 s, up to 10 min, until
 * the acknowledgement with its uuid comes. Every update is durable before it is first sent, for frameworks
 * that checkpoint and for those that do not. A stream is bounded: states of one run are few, and what checks tell
 * beyond some is told by its newest alone.
 * Source: contract mesos.md section 1.6.
 */
import type { TaskState, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster } from "#contracts/link/messages.ts";
import type { AgentPolicy } from "./policy.ts";
import type { Step } from "./step.ts";
import { isTerminal, recordKeys } from "./task-run.ts";
import type { AgentTimers } from "./timers.ts";

/** An update on the disk. */
export interface UpdateRecord {
  readonly formatVersion: 1;
  readonly frameworkId: string;
  readonly status: TaskStatus;
}

/** Updates of one run that wait before its newest TASK_RUNNING is replaced instead of followed. */
const runningUpdatesMax = 16;

interface Stream {
  readonly containerId: string;
  readonly frameworkId: string;
  readonly queue: { readonly sequence: number; readonly status: TaskStatus }[];
  nextSequence: number;
  /** Wait after the newest sending of the head; undefined when the head was never sent. */
  retryMs: number | undefined;
}

export interface StreamsPorts {
  /** False when no master listens: the stream goes on when one does. */
  readonly send: (step: Step, message: AgentToMaster) => boolean;
  readonly latestState: (containerId: string) => TaskState | undefined;
  readonly onForwarded: (containerId: string, status: TaskStatus) => void;
}

export type Acknowledged =
  | { readonly kind: "notHead" }
  | { readonly kind: "head"; readonly status: TaskStatus; readonly isLast: boolean };

export class UpdateStreams {
  readonly #streams = new Map<string, Stream>();
  readonly #policy: AgentPolicy;
  readonly #timers: AgentTimers;
  readonly #ports: StreamsPorts;

  constructor(policy: AgentPolicy, timers: AgentTimers, ports: StreamsPorts) {
    this.#policy = policy;
    this.#timers = timers;
    this.#ports = ports;
  }

  /** Takes an update found on the disk; call in the order of the stream. */
  restore(containerId: string, sequence: number, record: UpdateRecord): void {
    const stream = this.#streamOf(containerId, record.frameworkId);
    stream.queue.push({ sequence, status: record.status });
    stream.nextSequence = sequence + 1;
  }

  /** `isKept`: nothing may stand for it; an executor was promised that it is told. */
  add(step: Step, containerId: string, frameworkId: string, status: TaskStatus, isKept = false): void {
    const stream = this.#streamOf(containerId, frameworkId);
    if (!isKept && this.#replacesLast(step, stream, status)) return;
    const sequence = stream.nextSequence;
    stream.nextSequence += 1;
    stream.queue.push({ sequence, status });
    const record: UpdateRecord = { formatVersion: 1, frameworkId, status };
    step.put(recordKeys.update(containerId, sequence), record);
    if (stream.queue.length === 1) this.#sendHead(step, stream);
    else if (isTerminal(status.state)) this.#tellLatestState(step, stream);
  }

  /** Checks may tell again and again while nobody acknowledges: beyond some, the newest stands for those not sent yet. */
  #replacesLast(step: Step, { containerId, frameworkId, queue }: Stream, status: TaskStatus): boolean {
    const last = queue.at(-1);
    if (queue.length < runningUpdatesMax || last === undefined) return false;
    if (last.status.state !== "TASK_RUNNING" || status.state !== "TASK_RUNNING") return false;
    queue[queue.length - 1] = { sequence: last.sequence, status };
    const record: UpdateRecord = { formatVersion: 1, frameworkId, status };
    step.put(recordKeys.update(containerId, last.sequence), record);
    return true;
  }

  acknowledge(step: Step, containerId: string, uuid: string): Acknowledged {
    const stream = this.#streams.get(containerId);
    const head = stream?.queue[0];
    if (stream === undefined || head === undefined || head.status.uuid !== uuid) return { kind: "notHead" };
    stream.queue.shift();
    step.delete(recordKeys.update(containerId, head.sequence));
    this.#timers.cancel({ kind: "resend", containerId });
    stream.retryMs = undefined;
    if (stream.queue.length > 0) this.#sendHead(step, stream);
    return { kind: "head", status: head.status, isLast: stream.queue.length === 0 };
  }

  /** A master listens again: every head goes to it at once. */
  resume(step: Step): void {
    for (const stream of this.#streams.values()) {
      if (stream.queue.length > 0) this.#sendHead(step, stream);
    }
  }

  /** The framework was away and is back: what waits for it goes out now, not when its time comes, which may be 10 min. */
  resumeFramework(step: Step, frameworkId: string): void {
    for (const stream of this.#streams.values()) {
      if (stream.frameworkId !== frameworkId || stream.queue.length === 0) continue;
      stream.retryMs = undefined;
      this.#sendHead(step, stream);
    }
  }

  /** No master listens: nothing is sent until `resume`. */
  pause(): void {
    for (const { containerId } of this.#streams.values())
      this.#timers.cancel({ kind: "resend", containerId });
  }

  resend(step: Step, containerId: string): void {
    const stream = this.#streams.get(containerId);
    if (stream !== undefined && stream.queue.length > 0) this.#sendHead(step, stream);
  }

  forget(step: Step, containerId: string): void {
    for (const { sequence } of this.#streams.get(containerId)?.queue ?? [])
      step.delete(recordKeys.update(containerId, sequence));
    this.#timers.cancel({ kind: "resend", containerId });
    this.#streams.delete(containerId);
  }

  pending(containerId: string): readonly TaskStatus[] {
    return this.#streams.get(containerId)?.queue.map(({ status }) => status) ?? [];
  }

  containerIds(): readonly string[] {
    return [...this.#streams.keys()];
  }

  /** Sequence of the head and of the next update, for invariants. */
  bounds(containerId: string): { readonly head: number | undefined; readonly next: number } | undefined {
    const stream = this.#streams.get(containerId);
    return stream === undefined ? undefined : { head: stream.queue[0]?.sequence, next: stream.nextSequence };
  }

  #streamOf(containerId: string, frameworkId: string): Stream {
    let stream = this.#streams.get(containerId);
    if (stream === undefined) {
      stream = { containerId, frameworkId, queue: [], nextSequence: 0, retryMs: undefined };
      this.#streams.set(containerId, stream);
    }
    return stream;
  }

  #sendHead(step: Step, stream: Stream): void {
    const head = stream.queue[0];
    if (head === undefined) return;
    const { containerId } = stream;
    if (!this.#send(step, stream, head.status)) return;
    const { updateRetryMs, updateRetryMaxMs } = this.#policy;
    stream.retryMs =
      stream.retryMs === undefined ? updateRetryMs : Math.min(stream.retryMs * 2, updateRetryMaxMs);
    this.#timers.set({ kind: "resend", containerId }, step.now + stream.retryMs);
    this.#ports.onForwarded(containerId, head.status);
  }

  /** The last update waits behind the head, but the master frees resources by the newest state: it hears of it now. */
  #tellLatestState(step: Step, stream: Stream): void {
    const head = stream.queue[0];
    if (head !== undefined) this.#send(step, stream, head.status);
  }

  #send(step: Step, { containerId, frameworkId }: Stream, status: TaskStatus): boolean {
    const latestState = this.#ports.latestState(containerId) ?? status.state;
    return this.#ports.send(step, { kind: "statusUpdate", frameworkId, status, latestState });
  }
}
