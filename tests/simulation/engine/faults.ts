/**
 * Breaks things by the seed: crashes and restarts, broken connections, blocked ways, slow and failing disks,
 * lost and repeated calls. It stops when told to and leaves everything healed and running.
 */
import type { Random } from "#foundation/base/random.ts";
import { cutting, type SimNetwork } from "./sim-network.ts";
import type { FaultyNode } from "./sim-node.ts";
import { between, type Scheduled, type World } from "./world.ts";

/** How often each kind happens, as shares of all faults; 0 is never. */
export interface FaultPlan {
  /** Mean time between faults. */
  readonly everyMs: number;
  readonly crash: number;
  /** A crash while the node's next commit is under way: the moment that tells what was promised too early. */
  readonly crashInCommit: number;
  readonly breakConnection: number;
  /** One that is cut in the middle, and goes on for a while at one end. */
  readonly cutConnection: number;
  /** One direction between two nodes. */
  readonly slowWay: number;
  readonly partition: number;
  readonly slowDisk: number;
  readonly failingDisk: number;
  /** Longest time a node stays down or a fault lasts. */
  readonly longestMs: number;
  /** Chance of a lost and of a repeated call. */
  readonly callLost: number;
  readonly callTwice: number;
  /** Chance that a new connection is cut while it is young. Default: 0. */
  readonly cutYoung?: number;
}

export const roughPlan: FaultPlan = {
  everyMs: 2_000,
  crash: 2,
  crashInCommit: 2,
  breakConnection: 2,
  cutConnection: 2,
  slowWay: 1,
  partition: 2,
  slowDisk: 1,
  failingDisk: 1,
  longestMs: 20_000,
  callLost: 0.05,
  callTwice: 0.05,
};

/** A fault of one system's own, such as a machine that loses its power. */
export interface Disaster {
  readonly share: number;
  /** Strikes something; the node it took down is started again later. */
  strike(random: Random): FaultyNode | undefined;
}

type Fault =
  | "crash"
  | "crashInCommit"
  | "breakConnection"
  | "cutConnection"
  | "slowWay"
  | "partition"
  | "slowDisk"
  | "failingDisk"
  | Disaster;

const slowCallsShare = 0.1;
const slowCallMs = 500;
const slowDiskMs = 3_000;
const slowWayMs = 3_000;

export class FaultInjector {
  readonly #world: World;
  readonly #network: SimNetwork;
  readonly #nodes: readonly FaultyNode[];
  readonly #plan: FaultPlan;
  readonly #disasters: readonly Disaster[];
  readonly #random: Random;
  /** Nodes that are down by our doing; others end by themselves and are started here too. */
  readonly #restarts = new Map<string, Scheduled>();
  #next: Scheduled | undefined;
  #isRunning = false;
  #faults = 0;

  constructor(
    network: SimNetwork,
    nodes: readonly FaultyNode[],
    plan: FaultPlan,
    disasters: readonly Disaster[] = [],
  ) {
    this.#disasters = disasters;
    this.#world = network.world;
    this.#network = network;
    this.#nodes = nodes;
    this.#plan = plan;
    this.#random = network.world.fork("faults");
  }

  get faults(): number {
    return this.#faults;
  }

  start(): void {
    this.#isRunning = true;
    const { callLost, callTwice, cutYoung = 0 } = this.#plan;
    this.#network.faults = { callLost, callTwice, cutYoung, slow: slowCallsShare, slowMs: slowCallMs };
    this.#arm();
  }

  /** Faults end: ways are free, disks are good, every node runs. */
  stop(): void {
    this.#isRunning = false;
    this.#next?.cancel();
    this.#network.heal();
    for (const restart of this.#restarts.values()) restart.cancel();
    this.#restarts.clear();
    for (const node of this.#nodes) {
      node.disk.health = { kind: "good" };
      node.disk.onNextCommit = undefined;
      node.start();
    }
    this.#world.trace.add(this.#world.elapsedMs, "faults", "stopped", this.#faults);
  }

  /** A node that ended by itself is started again after a moment, as a supervisor would. */
  supervise(): void {
    for (const node of this.#nodes) {
      if (!node.isUp && !this.#restarts.has(node.name)) this.#restartLater(node, supervisorDelayMs);
    }
    this.#world.schedule(supervisorEveryMs, () => this.supervise());
  }

  #arm(): void {
    this.#next = this.#world.schedule(between(this.#random, 0, this.#plan.everyMs * 2), () => {
      if (!this.#isRunning) return;
      this.#faults += 1;
      this.#inject(this.#choose());
      this.#arm();
    });
  }

  #choose(): Fault {
    const {
      crash,
      crashInCommit,
      breakConnection,
      cutConnection,
      slowWay,
      partition,
      slowDisk,
      failingDisk,
    } = this.#plan;
    const shares: [Fault, number][] = [
      ["crash", crash],
      ["crashInCommit", crashInCommit],
      ["breakConnection", breakConnection],
      ["cutConnection", cutConnection],
      ["slowWay", slowWay],
      ["partition", partition],
      ["slowDisk", slowDisk],
      ["failingDisk", failingDisk],
      ...this.#disasters.map((disaster): [Fault, number] => [disaster, disaster.share]),
    ];
    let point = this.#random.next() * shares.reduce((sum, [, share]) => sum + share, 0);
    for (const [fault, share] of shares) {
      point -= share;
      if (point < 0) return fault;
    }
    return "breakConnection";
  }

  #inject(fault: Fault): void {
    if (typeof fault !== "string") {
      const struck = fault.strike(this.#random);
      if (struck !== undefined) this.#restartLater(struck, between(this.#random, 1, this.#plan.longestMs));
      return;
    }
    const node = this.#pick(this.#nodes);
    if (node === undefined) return;
    const lastsMs = between(this.#random, 1, this.#plan.longestMs);
    switch (fault) {
      case "crash":
        node.crash("injected");
        this.#restartLater(node, lastsMs);
        return;
      case "crashInCommit":
        node.disk.onNextCommit = (takesMs) =>
          this.#later(between(this.#random, 0, takesMs - 1), () => {
            node.crash("injected in a commit");
            this.#restartLater(node, lastsMs);
          });
        return;
      case "breakConnection":
        this.#pick(this.#network.connections())?.breakOff();
        return;
      case "cutConnection":
        this.#pick(this.#network.connections())?.cut(this.#random, cutting);
        return;
      case "slowWay":
        this.#slowWay(node, lastsMs);
        return;
      case "partition":
        this.#partition(node, lastsMs);
        return;
      case "slowDisk":
        node.disk.health = { kind: "slow", extraMs: between(this.#random, 1, slowDiskMs) };
        this.#later(lastsMs, () => this.#mend(node));
        return;
      case "failingDisk":
        node.disk.health = { kind: "failing" };
        this.#later(lastsMs, () => this.#mend(node));
        return;
    }
  }

  #mend(node: FaultyNode): void {
    node.disk.health = { kind: "good" };
  }

  #slowWay(node: FaultyNode, lastsMs: number): void {
    const other = this.#pick(this.#nodes.filter((candidate) => candidate !== node));
    if (other === undefined) return;
    const [from, to] = this.#random.below(2) === 0 ? [node.name, other.name] : [other.name, node.name];
    this.#network.slowDown(from, to, between(this.#random, 1, slowWayMs));
    this.#later(lastsMs, () => this.#network.speedUp(from, to));
  }

  #partition(node: FaultyNode, lastsMs: number): void {
    const other = this.#pick(this.#nodes.filter((candidate) => candidate !== node));
    if (other === undefined) return;
    const isBothWays = this.#random.below(2) === 0;
    this.#network.block(node.name, other.name);
    if (isBothWays) this.#network.block(other.name, node.name);
    this.#later(lastsMs, () => {
      this.#network.unblock(node.name, other.name);
      if (isBothWays) this.#network.unblock(other.name, node.name);
    });
  }

  #restartLater(node: FaultyNode, delayMs: number): void {
    this.#restarts.get(node.name)?.cancel();
    const restart = this.#world.schedule(delayMs, () => {
      this.#restarts.delete(node.name);
      node.start();
    });
    this.#restarts.set(node.name, restart);
  }

  #later(delayMs: number, run: () => void): void {
    this.#world.schedule(delayMs, () => {
      if (this.#isRunning) run();
    });
  }

  #pick<Item>(items: readonly Item[]): Item | undefined {
    return items.length === 0 ? undefined : items[this.#random.below(items.length)];
  }
}

const supervisorDelayMs = 500;
const supervisorEveryMs = 1_000;
