/** The records of a process that is elected: in the lock service, and written only as long as its node is there. */
import type { Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Random } from "#foundation/base/random.ts";
import type { LockAnswer, LockRequest, LockService } from "./lock-service.ts";
import { SimDisk } from "./sim-disk.ts";
import type { SimNetwork } from "./sim-network.ts";
import { between } from "./world.ts";

const commitMs = { min: 1, max: 8 };
/** After so long without an answer a batch is sent again, under its id. */
const againMs = 2_000;

export class LockedDisk extends SimDisk {
  readonly #network: SimNetwork;
  readonly #lock: LockService;
  readonly #owner: string;
  readonly #random: Random;
  #seat: { readonly session: string; readonly node: string } | undefined;
  #running: string | undefined;
  #commits = 0;

  constructor(network: SimNetwork, lock: LockService, owner: string) {
    super(network.world, owner);
    this.#network = network;
    this.#lock = lock;
    this.#owner = owner;
    this.#random = network.world.fork(`records of ${owner}`);
  }

  seated(seat: { readonly session: string; readonly node: string }): void {
    this.#seat = seat;
  }

  override load(): ReadonlyMap<string, JsonValue> {
    const entries = [...this.#lock.records].sort(([one], [other]) => (one < other ? -1 : 1));
    return new Map(entries.map(([key, json]) => [key, JSON.parse(json) as JsonValue]));
  }

  override has(key: string): boolean {
    return this.#lock.records.has(key);
  }

  override get(key: string): JsonValue | undefined {
    const json = this.#lock.records.get(key);
    return json === undefined ? undefined : (JSON.parse(json) as JsonValue);
  }

  override commit(writes: readonly Write[], done: (outcome: "durable" | "failed") => void): void {
    const { health } = this;
    const seat = this.#seat;
    if (seat === undefined) throw new Error(`${this.#owner} writes and has no seat`);
    this.#commits += 1;
    const id = `${seat.session}/${this.#commits}`;
    this.#running = id;
    const extraMs = health.kind === "slow" ? health.extraMs : 0;
    const takesMs = between(this.#random, commitMs.min, commitMs.max) + extraMs;
    const end = (outcome: "durable" | "failed"): void => {
      if (this.#running !== id) return;
      this.#running = undefined;
      this.#network.world.trace.add(this.#network.world.elapsedMs, this.#owner, outcome, writes);
      done(outcome);
    };
    const request: LockRequest = { kind: "commit", ...seat, id, writes };
    const isCallerUp = (): boolean => this.#running === id;
    const send = (): void => {
      if (!isCallerUp()) return;
      this.#network.call(
        this.#owner,
        this.#lock.name,
        request,
        { timeoutMs: againMs, isCallerUp },
        (result) => {
          if (result.kind !== "answered") return send();
          const answer = result.body as LockAnswer; // the lock service's
          end(
            answer.kind === "committed" && answer.isDone && health.kind !== "failing" ? "durable" : "failed",
          );
        },
      );
    };
    this.#network.world.schedule(takesMs, send);
    const hook = this.onNextCommit;
    this.onNextCommit = undefined;
    hook?.(takesMs);
  }

  /** What is on its way may still arrive. */
  override crash(): void {
    this.#running = undefined;
  }
}
