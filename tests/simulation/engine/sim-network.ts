/**
 * The network between nodes: connections with frames in order, and single calls with answers.
 *
 * A connection loses frames only by breaking, and frames of one never pass each other. A blocked way holds its frames;
 * held too long, the connection breaks. One that is cut may still deliver to one end while the other has made a new one.
 * Calls may be lost, delayed, reordered and made twice. What a node said before it crashed may or may not arrive.
 */
import type { Random } from "#foundation/base/random.ts";
import {
  type CallResult,
  type Connection,
  ConnectionPair,
  type Cut,
  type Listener,
  type Wire,
} from "./sim-connection.ts";
import { between, type World, wireCopy } from "./world.ts";

/** Chances are in [0, 1]. */
export interface NetworkFaults {
  readonly callLost: number;
  readonly callTwice: number;
  /** Chance that who made a connection soon gives it up, while what was said on it first is still on its way. */
  readonly cutYoung: number;
  /** Chance that a call or a frame takes `slowMs` longer at most. */
  readonly slow: number;
  readonly slowMs: number;
}

export const calmNetwork: NetworkFaults = { callLost: 0, callTwice: 0, cutYoung: 0, slow: 0, slowMs: 0 };

/** Longer than it takes to make a new connection and to register on it. */
export const cutting: Cut = { chokedMs: 6_000, lateMs: 8_000 };
const cuttingYoung: Cut = { chokedMs: 3_000, lateMs: 12_000, isWhole: true };
/** When both ends have greeted each other and what comes next is on its way. */
const youngMs = 5;

const latencyMs = { min: 1, max: 5 };
/** A call that is made twice is made again within so long. */
const repeatedMs = 2_000;

export class SimNetwork implements Wire {
  readonly world: World;
  readonly #random: Random;
  readonly #listeners = new Map<string, Listener>();
  readonly #connections = new Set<ConnectionPair>();
  readonly #blocked = new Set<string>();
  readonly #slowed = new Map<string, number>();
  /** Names at which one of several is found. */
  readonly #leaders = new Map<string, () => string | undefined>();
  faults: NetworkFaults = calmNetwork;
  #nextCall = 0;

  constructor(world: World) {
    this.world = world;
    this.#random = world.fork("network");
  }

  /** A node is up and answers from now on. */
  listen(name: string, listener: Listener): void {
    this.#listeners.set(name, listener);
  }

  /** Who connects to `name`, or calls it, finds who leads just then; nobody while there is none. */
  lead(name: string, leader: () => string | undefined): void {
    this.#leaders.set(name, leader);
  }

  /** A node is gone: nobody answers, and its connections break. */
  drop(name: string): void {
    this.#listeners.delete(name);
    for (const pair of [...this.#connections]) {
      if (pair.involves(name)) pair.crashed(name, this.#random.below(2) === 0);
    }
  }

  listenerOf(name: string): Listener | undefined {
    return this.#listeners.get(name);
  }

  /** Blocks one way; what goes back still arrives. */
  block(from: string, to: string): void {
    this.#blocked.add(way(from, to));
    this.world.trace.add(this.world.elapsedMs, from, "blocked", to);
  }

  unblock(from: string, to: string): void {
    this.#blocked.delete(way(from, to));
    this.world.trace.add(this.world.elapsedMs, from, "unblocked", to);
    for (const pair of [...this.#connections]) pair.flush();
  }

  isBlocked(from: string, to: string): boolean {
    return this.#blocked.has(way(from, to));
  }

  /** What goes one way takes so much longer at most; what goes back does not. */
  slowDown(from: string, to: string, byMs: number): void {
    this.#slowed.set(way(from, to), byMs);
    this.world.trace.add(this.world.elapsedMs, from, "slowed", [to, byMs]);
  }

  speedUp(from: string, to: string): void {
    this.#slowed.delete(way(from, to));
  }

  /** No way is blocked and no fault is left. */
  heal(): void {
    this.faults = calmNetwork;
    this.#slowed.clear();
    this.#blocked.clear();
    for (const pair of [...this.#connections]) pair.flush();
  }

  /** Open connections, oldest first. */
  connections(): readonly ConnectionPair[] {
    return [...this.#connections];
  }

  delayMs(from: string, to: string): number {
    const slowMs = this.#chance(this.faults.slow) ? this.#random.below(this.faults.slowMs + 1) : 0;
    const slowedMs = this.#random.below((this.#slowed.get(way(from, to)) ?? 0) + 1);
    return between(this.#random, latencyMs.min, latencyMs.max) + slowMs + slowedMs;
  }

  connect(from: string, name: string, purpose: string): Connection {
    const to = this.#resolve(name);
    const pair = new ConnectionPair(this, from, to, purpose);
    this.#connections.add(pair);
    pair.open();
    if (this.#chance(this.faults.cutYoung))
      this.world.schedule(youngMs, () => pair.cut(this.#random, cuttingYoung));
    return pair.near;
  }

  forget(pair: ConnectionPair): void {
    this.#connections.delete(pair);
  }

  /** `onResult` is called exactly once unless the caller crashes: the answer, `refused`, or `timeout`. */
  call(
    from: string,
    name: string,
    request: unknown,
    options: { readonly timeoutMs: number; readonly isCallerUp: () => boolean },
    onResult: (result: CallResult) => void,
  ): void {
    this.#nextCall += 1;
    const id = this.#nextCall;
    let isOver = false;
    const end = (result: CallResult): void => {
      if (isOver || !options.isCallerUp()) return;
      isOver = true;
      timeout.cancel();
      this.world.trace.add(this.world.elapsedMs, from, `result of call ${id}`, result);
      onResult(result);
    };
    const timeout = this.world.schedule(options.timeoutMs, () => end({ kind: "timeout" }));
    const sent = wireCopy(request);
    const to = this.#resolve(name);
    this.#deliver(from, to, sent, end);
    if (!this.#chance(this.faults.callTwice)) return;
    // The client asked again on a new connection; either of the two may be the one that is taken first.
    const againMs = between(this.#random, 0, repeatedMs);
    this.world.schedule(againMs, () => this.#deliver(from, to, wireCopy(sent), end));
  }

  #resolve(name: string): string {
    return this.#leaders.get(name)?.() ?? name;
  }

  #deliver(from: string, to: string, request: unknown, end: (result: CallResult) => void): void {
    if (this.#isLost(from, to)) return;
    this.world.schedule(this.delayMs(from, to), () => {
      const serve = this.#listeners.get(to)?.serve;
      let isAnswered = false;
      const answer = (result: CallResult): void => {
        if (isAnswered || this.#isLost(to, from)) return;
        isAnswered = true;
        this.world.schedule(this.delayMs(to, from), () => end(result));
      };
      this.world.trace.add(this.world.elapsedMs, to, `call from ${from}`, request);
      if (serve === undefined) answer({ kind: "refused" });
      else serve(request, from, (body) => answer({ kind: "answered", body: wireCopy(body) }));
    });
  }

  #isLost(from: string, to: string): boolean {
    return this.isBlocked(from, to) || this.#chance(this.faults.callLost);
  }

  #chance(share: number): boolean {
    return share > 0 && this.#random.next() < share;
  }
}

function way(from: string, to: string): string {
  return `${from}>${to}`;
}
