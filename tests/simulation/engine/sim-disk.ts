/**
 * The disk of one node: what a crash leaves, and how long a commit takes.
 *
 * A batch that was acknowledged survives. One that was under way when the node crashed is there whole or not
 * at all, as the seed decides.
 */
import type { Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Random } from "#foundation/base/random.ts";
import { between, type Scheduled, type World } from "./world.ts";

export type DiskHealth =
  | { readonly kind: "good" }
  /** Every commit takes this much longer. */
  | { readonly kind: "slow"; readonly extraMs: number }
  /** Commits fail; whether they are durable all the same, the seed decides. */
  | { readonly kind: "failing" };

const commitMs = { min: 1, max: 8 };

interface Running {
  readonly writes: readonly Write[];
  readonly end: Scheduled;
}

export class SimDisk {
  readonly #world: World;
  readonly #name: string;
  readonly #random: Random;
  readonly #records = new Map<string, string>();
  #running: Running | undefined;
  health: DiskHealth = { kind: "good" };
  /** Called once, when the next commit begins, with how long it will take. */
  onNextCommit: ((takesMs: number) => void) | undefined;
  /** Told of every write that became durable, also by a commit that a crash cut off. */
  onDurable: ((write: Write) => void) | undefined;

  constructor(world: World, name: string) {
    this.#world = world;
    this.#name = name;
    this.#random = world.fork(`disk ${name}`);
  }

  /** What a process that starts now would load: a copy, in key order. */
  load(): ReadonlyMap<string, JsonValue> {
    const entries = [...this.#records].sort(([one], [other]) => (one < other ? -1 : 1));
    return new Map(entries.map(([key, json]) => [key, JSON.parse(json) as JsonValue]));
  }

  has(key: string): boolean {
    return this.#records.has(key);
  }

  get(key: string): JsonValue | undefined {
    const json = this.#records.get(key);
    return json === undefined ? undefined : (JSON.parse(json) as JsonValue);
  }

  /** One commit at a time; `done` gets the outcome unless the node crashed meanwhile. */
  commit(writes: readonly Write[], done: (outcome: "durable" | "failed") => void): void {
    if (this.#running !== undefined) throw new Error(`${this.#name}: a commit is under way already`);
    const { health } = this;
    const extraMs = health.kind === "slow" ? health.extraMs : 0;
    const takesMs = between(this.#random, commitMs.min, commitMs.max) + extraMs;
    const end = this.#world.schedule(takesMs, () => {
      this.#running = undefined;
      const isApplied = health.kind !== "failing" || this.#random.below(2) === 0;
      if (isApplied) this.#apply(writes);
      const outcome = health.kind === "failing" ? "failed" : "durable";
      this.#world.trace.add(this.#world.elapsedMs, this.#name, outcome, writes);
      done(outcome);
    });
    this.#running = { writes, end };
    const hook = this.onNextCommit;
    this.onNextCommit = undefined;
    hook?.(takesMs);
  }

  crash(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.end.cancel();
    const isApplied = this.#random.below(2) === 0;
    this.#world.trace.add(
      this.#world.elapsedMs,
      this.#name,
      isApplied ? "applied" : "dropped",
      running.writes,
    );
    if (isApplied) this.#apply(running.writes);
  }

  wipe(): void {
    this.#records.clear();
  }

  #apply(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.kind === "put") this.#records.set(write.key, JSON.stringify(write.value));
      else this.#records.delete(write.key);
      this.onDurable?.(write);
    }
  }
}
