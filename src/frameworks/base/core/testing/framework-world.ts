/**
 * A framework's core on a store that survives it, against a small master, under virtual time.
 *
 * The host's promise is kept and broken on purpose: writes are stored before effects are performed, and a
 * crash may come between any two steps, or between a step's writes and its effects.
 */
import type { Core, Outcome } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { CallEffect } from "../core-turn.ts";
import type { FrameworkCall } from "../framework-call.ts";
import type { MasterEvent } from "../master-event.ts";
import type { MiniMaster } from "./mini-master.ts";

export interface StoredCopy {
  readonly key: string;
  readonly value: JsonValue;
}

/** What differs between frameworks. */
export interface WorldParts<Event, Effect, Made extends Core<Event | MasterEvent, Effect | CallEffect>> {
  readonly master: MiniMaster;
  /** From what is stored; `life` counts the processes. */
  readonly makeCore: (records: readonly StoredCopy[], life: number) => Made;
  /** Any effect but a call to the master. */
  readonly perform: (effect: Exclude<Effect, CallEffect>) => void;
  /** What the process knew is gone with it. */
  readonly forget?: () => void;
}

export class FrameworkWorld<
  Event,
  Effect extends { readonly kind: string },
  Made extends Core<Event | MasterEvent, Effect | CallEffect>,
> {
  readonly store = new Map<string, JsonValue>();
  readonly master: MiniMaster;
  core: Made;
  now = 1_700_000_000_000;
  /** Effects of the next step are lost, as in a crash right after its commit. */
  losesNextEffects = false;
  /** Calls that will not arrive; the core is told that they failed. */
  callsToLose = 0;
  /** What the master says of calls that it refuses. */
  refusalOf: (call: FrameworkCall) => string | undefined = () => undefined;
  readonly #parts: WorldParts<Event, Effect, Made>;
  #request = 0;
  #lives = 0;
  readonly #failed: { readonly call: FrameworkCall; readonly reason?: string }[] = [];

  constructor(parts: WorldParts<Event, Effect, Made>) {
    this.#parts = parts;
    this.master = parts.master;
    this.core = this.#newCore();
  }

  /** Sees the core before and after each event. */
  watch: ((event: Event | MasterEvent, before: JsonValue, after: JsonValue) => void) | undefined;

  apply(event: Event | MasterEvent): void {
    const { watch } = this;
    const before = watch === undefined ? null : this.core.snapshot();
    const outcome = this.core.apply(event, this.now);
    watch?.(event, before, this.core.snapshot());
    this.#perform(outcome);
  }

  /** Sends a request and returns its number; the answer is in `replies`. */
  ask(make: (request: number) => Event): number {
    this.#request += 1;
    this.apply(make(this.#request));
    return this.#request;
  }

  /** Delivers one event of the master; false when there was none. */
  deliver(): boolean {
    const failed = this.#failed.shift();
    if (failed !== undefined) {
      this.apply({ kind: "callFailed", ...failed });
      return true;
    }
    const event = this.master.outbox.shift();
    if (event === undefined) return false;
    this.apply(event);
    return true;
  }

  /** Delivers all there is, answers included. */
  drain(): void {
    for (let count = 0; this.deliver(); count += 1) {
      if (count > 100_000) throw new Error("the core and its master never come to rest");
    }
  }

  /** Lets time pass, timer by timer; without it tasks neither start nor retry. */
  pass(ms: number, during: () => void = () => {}): void {
    const end = this.now + ms;
    for (let rounds = 0; rounds < 100_000; rounds += 1) {
      const at = this.core.wakeAt();
      if (at === undefined || at > end) break;
      this.now = Math.max(this.now, at);
      this.#perform(this.core.wake(this.now));
      during();
      this.drain();
    }
    this.now = end;
  }

  /** Tasks start, updates are repeated, offers are made, over some time. */
  live(ms: number, tickMs = 500): void {
    for (let left = ms; left > 0; left -= tickMs) {
      this.settle();
      this.pass(tickMs);
    }
    this.settle();
  }

  settle(): void {
    this.drain();
    for (const task of [...this.master.tasks.values()]) this.master.startTask(task);
    this.master.retryUpdates();
    this.drain();
    this.master.allocate();
    this.drain();
  }

  /** The process dies and another starts from what is stored. The stream dies with it. */
  crash(): void {
    this.master.disconnect();
    this.master.outbox.length = 0;
    this.losesNextEffects = false;
    this.#failed.length = 0;
    this.#parts.forget?.();
    this.core = this.#newCore();
    this.#perform(this.core.wake(this.now));
    this.master.connect();
  }

  /** Everything wrong, in the core and outside. */
  problems(): readonly string[] {
    return [...this.core.check(), ...this.master.check()];
  }

  #newCore(): Made {
    this.#lives += 1;
    return this.#parts.makeCore(
      [...this.store].map(([key, value]) => ({ key, value })),
      this.#lives,
    );
  }

  #perform(outcome: Outcome<Effect | CallEffect>): void {
    for (const write of outcome.writes) {
      // What comes back from a store is a copy.
      if (write.kind === "put")
        this.store.set(write.key, JSON.parse(JSON.stringify(write.value)) as JsonValue);
      else this.store.delete(write.key);
    }
    if (this.losesNextEffects && outcome.effects.length > 0) {
      this.crash();
      return;
    }
    for (const effect of outcome.effects) this.#performOne(effect);
  }

  #performOne(effect: Effect | CallEffect): void {
    if (!isCall(effect)) {
      this.#parts.perform(effect as Exclude<Effect, CallEffect>);
      return;
    }
    if (this.callsToLose > 0) {
      this.callsToLose -= 1;
      this.#failed.push({ call: effect.call });
      return;
    }
    const reason = this.refusalOf(effect.call);
    if (reason === undefined) this.master.take(effect.call);
    else this.#failed.push({ call: effect.call, reason });
  }
}

const isCall = (effect: { readonly kind: string }): effect is CallEffect => effect.kind === "call";
