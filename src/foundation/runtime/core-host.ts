/**
 * Runs a core on a machine: events in, durable writes, then effects.
 *
 * Invariants: events are applied one at a time in the order they were dispatched, also those that `perform`
 * dispatches; effects leave in the order of their steps; no effect leaves before every write of its own
 * step and of all earlier steps is durable; after a failure nothing leaves any more.
 *
 * Steps that arrive while a commit runs share the next one (group commit). A batch keeps the steps' writes
 * together: either all of a step is durable or nothing of it.
 */
import type { Core, InstantMs, Outcome, Write } from "#foundation/base/core.ts";
import { CodedError, errorMessage } from "#foundation/base/errors.ts";
import type { Clock } from "./clock.ts";
import type { Storage } from "./storage.ts";
import type { TimerHandle, Timers } from "./timers.ts";

export interface CoreHostOptions<Event, Effect> {
  readonly core: Core<Event, Effect>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly storage: Pick<Storage, "commit" | "batchBytesMax">;
  /** Does one effect. It may dispatch; what it throws is fatal. */
  readonly perform: (effect: Effect) => void;
  /** Called once. The process must end, or the leadership: memory is ahead of what is durable. */
  readonly onFatal: (error: Error) => void;
  /** Events and steps that may wait for their turn or for the disk; one more is refused as Overloaded. */
  readonly maxQueuedSteps?: number;
  /** A commit that takes longer is fatal. */
  readonly commitDeadlineMs?: number;
}

export interface CoreHost<Event> {
  /**
   * Gives the core an event. Throws CodedError `Overloaded` when too much waits already, and ignores events
   * after `close` or a failure.
   */
  dispatch(event: Event): void;
  /** Steps that wait for the disk or for their turn; a shell stops reading its sockets when this grows. */
  queuedSteps(): number;
  /** Takes no more events, waits until every step is durable and its effects left, and stops the timer. */
  close(): Promise<void>;
}

export const defaultMaxQueuedSteps = 100_000;
export const defaultCommitDeadlineMs = 10_000;
/** Writes of one batch, so that one commit stays well below its deadline. */
const batchWritesMax = 5_000;

interface Step<Effect> {
  readonly writes: readonly Write[];
  readonly effects: readonly Effect[];
}

type Life = "open" | "closing" | "closed" | "failed";

export function createCoreHost<Event, Effect>(options: CoreHostOptions<Event, Effect>): CoreHost<Event> {
  return new Host(options);
}

class Host<Event, Effect> implements CoreHost<Event> {
  readonly #options: CoreHostOptions<Event, Effect>;
  readonly #maxQueuedSteps: number;
  readonly #commitDeadlineMs: number;
  #events: Event[] = [];
  #pending: Step<Effect>[] = [];
  #committing: readonly Step<Effect>[] = [];
  #draining = false;
  #wakeDue = false;
  #wakeTimer: { readonly at: InstantMs; readonly handle: TimerHandle } | undefined;
  #deadline: TimerHandle | undefined;
  #lastNow: InstantMs = Number.NEGATIVE_INFINITY;
  #life: Life = "open";
  #onIdle: (() => void)[] = [];

  constructor(options: CoreHostOptions<Event, Effect>) {
    this.#options = options;
    this.#maxQueuedSteps = options.maxQueuedSteps ?? defaultMaxQueuedSteps;
    this.#commitDeadlineMs = options.commitDeadlineMs ?? defaultCommitDeadlineMs;
    this.#armWake();
  }

  dispatch(event: Event): void {
    if (this.#life !== "open") return;
    if (this.queuedSteps() >= this.#maxQueuedSteps) {
      throw new CodedError("Overloaded", `${this.#maxQueuedSteps} steps wait for the disk; try again later`);
    }
    this.#events.push(event);
    this.#drain();
  }

  queuedSteps(): number {
    return this.#events.length + this.#pending.length + this.#committing.length;
  }

  close(): Promise<void> {
    if (this.#life === "open") this.#life = "closing";
    this.#cancelWake();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.#settle();
    });
  }

  /** Applies what waits, one event at a time; a dispatch from inside only adds to the queue. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let taken = 0; this.#isAlive(); ) {
        if (this.#wakeDue) {
          this.#wakeDue = false;
          this.#step((now) => this.#options.core.wake(now));
          continue;
        }
        if (taken === this.#events.length) {
          this.#events = [];
          break;
        }
        const event = this.#events[taken] as Event; // below the length
        taken += 1;
        if (taken === 1_024) {
          this.#events = this.#events.slice(taken);
          taken = 0;
        }
        this.#step((now) => this.#options.core.apply(event, now));
      }
    } finally {
      this.#draining = false;
    }
    this.#armWake();
    this.#startCommit();
    this.#settle();
  }

  #step(run: (now: InstantMs) => Outcome<Effect>): void {
    try {
      const { writes, effects } = run(this.#now());
      if (writes.length === 0 && effects.length === 0) return;
      this.#pending.push({ writes, effects });
      this.#releaseWithoutWrites();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The clock's instant, held still should it ever step back. */
  #now(): InstantMs {
    this.#lastNow = Math.max(this.#lastNow, this.#options.clock.now());
    return this.#lastNow;
  }

  /** Steps at the head of the queue that write nothing wait for nobody, unless a commit is under way. */
  #releaseWithoutWrites(): void {
    if (this.#committing.length > 0) return;
    let released = 0;
    while (this.#isAlive() && this.#pending[released]?.writes.length === 0) {
      const step = this.#pending[released] as Step<Effect>; // just looked at
      released += 1;
      this.#perform(step);
    }
    if (released > 0) this.#pending = this.#pending.slice(released);
  }

  #perform(step: Step<Effect>): void {
    for (const effect of step.effects) {
      if (!this.#isAlive()) return;
      this.#options.perform(effect);
    }
  }

  #startCommit(): void {
    if (!this.#isAlive() || this.#committing.length > 0 || this.#pending.length === 0) return;
    const count = this.#batchLength();
    this.#committing = this.#pending.slice(0, count);
    this.#pending = this.#pending.slice(count);
    this.#deadline = this.#options.timers.set(this.#commitDeadlineMs, () =>
      this.#fail(new CodedError("StorageFailed", `a commit took longer than ${this.#commitDeadlineMs} ms`)),
    );
    const writes = this.#committing.flatMap((step) => step.writes);
    const { storage } = this.#options;
    const commit = async (): Promise<void> => storage.commit(writes);
    commit().then(
      () => this.#committed(),
      (error: unknown) => this.#fail(error),
    );
  }

  /** How many of the waiting steps go into the next batch: at least one, and as many as its limits allow. */
  #batchLength(): number {
    const bytesMax = this.#options.storage.batchBytesMax ?? Number.POSITIVE_INFINITY;
    let writes = 0;
    let bytes = 0;
    for (let index = 0; index < this.#pending.length; index += 1) {
      const step = this.#pending[index] as Step<Effect>; // below the length
      writes += step.writes.length;
      if (Number.isFinite(bytesMax)) bytes += bytesOf(step.writes);
      if (index > 0 && (writes > batchWritesMax || bytes > bytesMax)) return index;
    }
    return this.#pending.length;
  }

  #committed(): void {
    if (!this.#isAlive()) return;
    this.#cancelDeadline();
    const done = this.#committing;
    this.#draining = true;
    try {
      for (const step of done) this.#perform(step);
      this.#committing = [];
      this.#releaseWithoutWrites();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#draining = false;
    }
    this.#drain();
  }

  #armWake(): void {
    if (this.#life !== "open") return;
    const at = this.#options.core.wakeAt();
    if (at === this.#wakeTimer?.at) return;
    this.#cancelWake();
    if (at === undefined) return;
    const delayMs = Math.max(0, at - this.#now());
    const handle = this.#options.timers.set(delayMs, () => {
      this.#wakeTimer = undefined;
      if (this.#life !== "open") return;
      this.#wakeDue = at <= this.#now();
      this.#drain();
    });
    this.#wakeTimer = { at, handle };
  }

  #cancelWake(): void {
    if (this.#wakeTimer !== undefined) this.#options.timers.cancel(this.#wakeTimer.handle);
    this.#wakeTimer = undefined;
  }

  #cancelDeadline(): void {
    if (this.#deadline !== undefined) this.#options.timers.cancel(this.#deadline);
    this.#deadline = undefined;
  }

  #isAlive(): boolean {
    return this.#life === "open" || this.#life === "closing";
  }

  #fail(error: unknown): void {
    if (!this.#isAlive()) return;
    this.#life = "failed";
    this.#events = [];
    this.#pending = [];
    this.#cancelWake();
    this.#cancelDeadline();
    this.#options.onFatal(error instanceof Error ? error : new Error(errorMessage(error)));
    this.#settle();
  }

  #settle(): void {
    const isDone = !this.#isAlive() || (this.#life === "closing" && this.queuedSteps() === 0);
    if (!isDone) return;
    if (this.#life === "closing") this.#life = "closed";
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }
}

function bytesOf(writes: readonly Write[]): number {
  let bytes = 0;
  for (const write of writes) {
    bytes += Buffer.byteLength(write.key);
    if (write.kind === "put") bytes += Buffer.byteLength(JSON.stringify(write.value));
  }
  return bytes;
}
