/**
 * A services core on a store that survives it, against a small master, under virtual time.
 *
 * The host's promise is kept and broken on purpose: writes are stored before effects are performed, and a
 * crash may come between any two steps, or between a step's writes and its effects.
 */

import type { Outcome } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { seededRandom } from "#foundation/base/random.ts";
import type { FrameworkCall } from "#frameworks/base/core/framework-call.ts";
import { MiniMaster } from "#frameworks/base/core/testing/mini-master.ts";
import type {
  ProbeRequest,
  ReadinessRequest,
  RequestResult,
  ServicesEffect,
  StreamEvent,
} from "../effects.ts";
import type { ServicesEvent } from "../events.ts";
import { parseTaskId } from "../ids.ts";
import type { ServicesPolicy } from "../policy.ts";
import { createServicesCore, type ServicesCore } from "../services-core.ts";
import { aPolicy } from "./builders.ts";

export interface WorldOptions {
  readonly agents?: number;
  readonly cpusEach?: number;
  readonly policy?: Partial<ServicesPolicy>;
  readonly seed?: number;
}

export class World {
  readonly store = new Map<string, JsonValue>();
  readonly master: MiniMaster;
  readonly replies = new Map<number, RequestResult>();
  readonly published: StreamEvent[] = [];
  readonly probes: ProbeRequest[] = [];
  readonly readiness: ReadinessRequest[] = [];
  readonly stops: string[] = [];
  core: ServicesCore;
  now = 1_700_000_000_000;
  /** Effects of the next step are lost, as in a crash right after its commit. */
  losesNextEffects = false;
  /** Calls that will not arrive; the core is told that they failed. */
  callsToLose = 0;
  #request = 0;
  #lives = 0;
  readonly #failed: FrameworkCall[] = [];
  readonly #policy: ServicesPolicy;
  readonly #seed: number;

  constructor(options: WorldOptions = {}) {
    this.#policy = aPolicy(options.policy);
    this.#seed = options.seed ?? 1;
    this.master = new MiniMaster(options.agents ?? 2, options.cpusEach ?? 8, (taskId) => {
      const parsed = parseTaskId(taskId);
      return parsed === undefined ? undefined : { of: parsed.instanceId, number: parsed.incarnation };
    });
    this.core = this.#newCore();
  }

  /** Connected, with nothing on the way. */
  static started(options: WorldOptions = {}): World {
    const world = new World(options);
    world.master.connect();
    world.drain();
    return world;
  }

  /** Sees the core before and after each event. */
  watch: ((event: ServicesEvent, before: JsonValue, after: JsonValue) => void) | undefined;

  apply(event: ServicesEvent): void {
    const { watch } = this;
    const before = watch === undefined ? null : this.core.snapshot();
    const outcome = this.core.apply(event, this.now);
    watch?.(event, before, this.core.snapshot());
    this.#perform(outcome);
  }

  /** Sends a request and returns its number; the answer is in `replies`. */
  ask(make: (request: number) => ServicesEvent): number {
    this.#request += 1;
    this.apply(make(this.#request));
    return this.#request;
  }

  /** Delivers one event of the master; false when there was none. */
  deliver(): boolean {
    const failed = this.#failed.shift();
    if (failed !== undefined) {
      this.apply({ kind: "callFailed", call: failed });
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
    this.replies.clear();
    this.#failed.length = 0;
    this.core = this.#newCore();
    this.#perform(this.core.wake(this.now));
    this.master.connect();
  }

  /** Everything wrong, in the core and outside. */
  problems(): readonly string[] {
    return [...this.core.check(), ...this.master.check()];
  }

  ofType(eventType: string): readonly StreamEvent[] {
    return this.published.filter((event) => event.eventType === eventType);
  }

  #newCore(): ServicesCore {
    this.#lives += 1;
    return createServicesCore({
      records: [...this.store].map(([key, value]) => ({ key, value })),
      random: seededRandom(this.#seed * 1_000 + this.#lives),
      policy: this.#policy,
    });
  }

  #perform(outcome: Outcome<ServicesEffect>): void {
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

  #performOne(effect: ServicesEffect): void {
    switch (effect.kind) {
      case "call":
        if (this.callsToLose > 0) {
          this.callsToLose -= 1;
          this.#failed.push(effect.call);
          return;
        }
        return this.master.take(effect.call);
      case "reply":
        this.replies.set(effect.request, effect.result);
        return;
      case "publish":
        this.published.push(effect.event);
        return;
      case "probe":
        this.probes.push(effect.probe);
        return;
      case "askReadiness":
        this.readiness.push(effect.request);
        return;
      case "stop":
        this.stops.push(effect.reason);
    }
  }
}
