/**
 * A process of which several are started and one leads. Each stands for election by the rules of ours: `standingIn` says
 * who leads, `judgeSilence` when a session is given up. Who leads runs the program, at a name that leads to it.
 */
import { standingIn } from "#foundation/election/core/candidates.ts";
import { judgeSilence, probeShare } from "#foundation/store/session-proof.ts";
import type { LockAnswer, LockRequest, LockService } from "./lock-service.ts";
import { LockedDisk } from "./locked-disk.ts";
import type { SimNetwork } from "./sim-network.ts";
import { type FaultyNode, type MakeProgram, type Process, SimNode, type SimNodeOptions } from "./sim-node.ts";
import type { World } from "./world.ts";

export interface ElectionOptions {
  readonly lock: LockService;
  readonly candidates: number;
  /** The planted bug of this kind: a session counts as lost only after so many of its timeouts. */
  readonly lostAfterTimeouts?: number;
}

/** Share of the session timeout between two looks at the group. */
const lookShare = 0.2;

export class ElectedNode<Event, Effect> implements Process<Event, Effect> {
  readonly name: string;
  readonly disk: LockedDisk;
  readonly members: readonly FaultyNode[];
  readonly #candidates: readonly Candidate<Event, Effect>[];
  #incarnations = 0;

  constructor(
    network: SimNetwork,
    name: string,
    make: MakeProgram<Event, Effect>,
    options: SimNodeOptions & ElectionOptions,
  ) {
    this.name = name;
    const { lock } = options;
    this.disk = new LockedDisk(network, lock, name);
    lock.onDurable = (write) => this.disk.onDurable?.(write);
    const nextIncarnation = (): number => {
      this.#incarnations += 1;
      return this.#incarnations;
    };
    this.#candidates = Array.from(
      { length: options.candidates },
      (_, index) =>
        new Candidate(network, `${name}-${index}`, make, { ...options, nextIncarnation }, () =>
          this.#judgeLead(network.world),
        ),
    );
    this.members = [lock, ...this.#candidates];
    network.lead(name, () => lock.leader());
  }

  get isUp(): boolean {
    return this.#leader !== undefined;
  }
  get core(): SimNode<Event, Effect>["core"] {
    return this.#leader?.node.core;
  }
  get turns(): number {
    return this.#candidates.reduce((sum, { node }) => sum + node.turns, 0);
  }

  dispatch(event: Event): void {
    this.#leader?.node.dispatch(event);
  }

  /** Whoever leads. */
  crash(reason: string): FaultyNode | undefined {
    const leader = this.#leader;
    leader?.crash(reason);
    return leader;
  }

  get #leader(): Candidate<Event, Effect> | undefined {
    return this.#candidates.find(({ node }) => node.isUp);
  }

  #judgeLead(world: World): void {
    const leading = this.#candidates.filter(({ node }) => node.isUp).map(({ name }) => name);
    if (leading.length > 1) world.report(`5 promises: ${leading.join(" and ")} lead at once`);
  }
}

class Candidate<Event, Effect> implements FaultyNode {
  readonly name: string;
  readonly disk: LockedDisk;
  readonly node: SimNode<Event, Effect>;
  readonly #world: World;
  readonly #network: SimNetwork;
  readonly #lock: LockService;
  readonly #lostAfterTimeouts: number | undefined;
  readonly #onLead: () => void;
  #lives = 0;
  #life:
    | { readonly session: string; provenAt: number; own: string | undefined; isLeading: boolean }
    | undefined;

  constructor(
    network: SimNetwork,
    name: string,
    make: MakeProgram<Event, Effect>,
    options: SimNodeOptions & ElectionOptions,
    onLead: () => void,
  ) {
    this.name = name;
    this.#network = network;
    this.#world = network.world;
    this.#lock = options.lock;
    this.#lostAfterTimeouts = options.lostAfterTimeouts;
    this.#onLead = onLead;
    this.disk = new LockedDisk(network, options.lock, name);
    this.node = new SimNode(network, name, make, { ...options, disk: this.disk });
  }

  /** Who led and ended has ended as a process. */
  get isUp(): boolean {
    return this.#life !== undefined && (!this.#life.isLeading || this.node.isUp);
  }

  start(): void {
    if (this.isUp) return;
    this.#lives += 1;
    const session = `${this.name}.${this.#lives}`;
    this.#life = { session, provenAt: this.#world.now, own: undefined, isLeading: false };
    this.#world.trace.add(this.#world.elapsedMs, this.name, "stands for election", session);
    this.#ask({ kind: "join", session, candidate: this.name });
    this.#every(probeShare, () => this.#probe());
    this.#every(lookShare, () => this.#ask({ kind: "look", session }));
  }

  crash(reason: string): void {
    this.#life = undefined;
    this.#world.trace.add(this.#world.elapsedMs, this.name, "crash", reason);
    this.node.crash(reason);
  }

  #every(share: number, run: () => void): void {
    const life = this.#life;
    this.#world.schedule(this.#lock.sessionTimeoutMs * share, () => {
      if (this.#life !== life || !this.isUp) return;
      run();
      this.#every(share, run);
    });
  }

  #probe(): void {
    if (this.#life === undefined) return;
    const { session, provenAt, own } = this.#life;
    const timeoutMs = this.#lock.sessionTimeoutMs;
    const silentMs = this.#world.now - provenAt;
    const isLost =
      this.#lostAfterTimeouts === undefined
        ? judgeSilence(silentMs, timeoutMs) === "lost"
        : silentMs > timeoutMs * this.#lostAfterTimeouts;
    if (isLost) return this.crash("nothing is heard of the session");
    this.#ask(
      own === undefined ? { kind: "join", session, candidate: this.name } : { kind: "look", session },
    );
  }

  #ask(request: LockRequest): void {
    const life = this.#life;
    const sentAt = this.#world.now;
    const isCallerUp = (): boolean => this.#life === life && this.isUp;
    const options = { timeoutMs: this.#lock.sessionTimeoutMs, isCallerUp };
    this.#network.call(this.name, this.#lock.name, request, options, (result) => {
      if (life === undefined || result.kind !== "answered") return;
      const answer = result.body as LockAnswer; // the lock service's
      if (answer.kind === "over") return this.crash("the session is over");
      life.provenAt = Math.max(life.provenAt, sentAt);
      if (answer.kind === "group") this.#look(answer.names, answer.own);
    });
  }

  #look(names: readonly string[], own: string | undefined): void {
    const life = this.#life;
    if (life === undefined) return;
    // Answers may pass each other: one from before it joined says nothing.
    if (life.own !== undefined && own === undefined) return;
    life.own = own;
    const standing = standingIn(names, "mesos", own);
    if (standing.kind === "lost") return this.crash("its node is gone");
    if (standing.kind !== "leads" || life.isLeading || own === undefined) return;
    life.isLeading = true;
    this.disk.seated({ session: life.session, node: own });
    this.node.start();
    this.#onLead();
  }
}
