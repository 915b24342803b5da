import type { Random } from "#foundation/base/random.ts";
import { type World, wireCopy } from "./world.ts";

/** What a connection needs of the network it is on. */
export interface Wire {
  readonly world: World;
  delayMs(from: string, to: string): number;
  isBlocked(from: string, to: string): boolean;
  listenerOf(name: string): Listener | undefined;
  forget(pair: ConnectionPair): void;
}

/** What a node that is up does with what comes to it. */
export interface Listener {
  /** A new connection from `from`; `purpose` says for what. Set its handlers at once. */
  accept?(connection: Connection, from: string, purpose: string): void;
  serve?: CallHandler;
}

/** A connection whose way is blocked this long breaks, as TCP's user timeout would. */
const stallLimitMs = 15_000;

export type CallResult =
  | { readonly kind: "answered"; readonly body: unknown }
  /** Nobody listens there. */
  | { readonly kind: "refused" }
  /** Nothing was heard; the call may have been made. */
  | { readonly kind: "timeout" };

/** Answers a call; only the first answer counts. */
export type CallHandler = (request: unknown, from: string, answer: (body: unknown) => void) => void;

/** One end of a connection. Handlers are called once for each frame, and once for the end. */
export interface Connection {
  send(frame: unknown): void;
  /** The other end gets what was sent before. No handler is called on this end any more. */
  close(): void;
  onOpen: () => void;
  onFrame: (frame: unknown) => void;
  onClose: () => void;
}

interface End extends Connection {
  readonly name: string;
  /** Frames on their way to this end, oldest first. */
  inbox: unknown[];
  /** Nothing arrives at it before. */
  lateUntil: number;
  isOver: boolean;
}

/** How one is cut in the middle: for so long at most frames pile up, and so much later at most one end is told. */
export interface Cut {
  readonly chokedMs: number;
  readonly lateMs: number;
  /** All that is on its way arrives, and the end that was connected to is the late one. Default: a part of it, and either. */
  readonly isWhole?: boolean;
}

/** A connection as the network sees it: two ends and what is between them. */
export class ConnectionPair {
  readonly from: string;
  readonly to: string;
  readonly purpose: string;
  readonly #network: Wire;
  readonly #near: End;
  readonly #far: End;
  /** The latest arrival promised to each end, so that frames never pass each other. */
  readonly #latest = new Map<End, number>();
  #isOpen = false;
  /** Nothing more gets on its way. What is on it may still arrive. */
  #isCut = false;
  #isBroken = false;

  constructor(network: Wire, from: string, to: string, purpose: string) {
    this.#network = network;
    this.from = from;
    this.to = to;
    this.purpose = purpose;
    this.#near = this.#end(from, () => this.#far);
    this.#far = this.#end(to, () => this.#near);
  }

  get near(): Connection {
    return this.#near;
  }
  get label(): string {
    return `${this.from}-${this.to} ${this.purpose}`;
  }

  involves(name: string): boolean {
    return this.from === name || this.to === name;
  }

  open(): void {
    this.#network.world.schedule(this.#network.delayMs(this.from, this.to), () => {
      if (this.#isBroken || this.#near.isOver) return;
      if (this.#network.isBlocked(this.from, this.to) || this.#network.isBlocked(this.to, this.from)) {
        this.#afterStall(() => this.breakOff());
        return;
      }
      const listener = this.#network.listenerOf(this.to);
      if (listener?.accept === undefined) {
        this.breakOff();
        return;
      }
      this.#isOpen = true;
      this.#trace("opened");
      listener.accept(this.#far, this.from, this.purpose);
      this.#near.onOpen();
      this.flush();
    });
  }

  /** The connection is lost with everything on it; both ends are told, each in its time. */
  breakOff(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#network.forget(this);
    this.#trace("broken");
    for (const end of [this.#near, this.#far]) {
      end.inbox = [];
      this.#tellEnd(end);
    }
  }

  /**
   * On their way to one end frames pile up for a while; then the connection is cut: of what is on its way to each end a part
   * arrives, and then the end is told, each at its time. Until then the end that is late takes the connection for a good
   * one, and gets what was sent on it, while the other may have made a new one.
   */
  cut(random: Random, { chokedMs, lateMs, isWhole = false }: Cut): void {
    const { world } = this.#network;
    const chokedUntil = world.now + random.below(chokedMs + 1);
    const late = !isWhole && random.below(3) === 0 ? this.#near : this.#far;
    late.lateUntil = chokedUntil;
    this.#trace("choked");
    world.schedule(chokedUntil - world.now, () => {
      if (!this.#isOpen) this.breakOff();
      if (this.#isCut || this.#isBroken) return;
      late.lateUntil = world.now + random.below(lateMs + 1);
      this.#sever(random, isWhole);
    });
  }

  /** `name` crashed: it hears nothing; the other end hears what was on its way, or not, and then the end. */
  crashed(name: string, isDelivered: boolean): void {
    if (this.#isBroken) return;
    const [dead, alive] = this.#near.name === name ? [this.#near, this.#far] : [this.#far, this.#near];
    dead.isOver = true;
    dead.inbox = [];
    if (isDelivered && this.#isOpen) {
      this.#closeInOrder(alive);
      return;
    }
    this.#isBroken = true;
    this.#network.forget(this);
    alive.inbox = [];
    this.#trace("broken by a crash");
    this.#tellEnd(alive);
  }

  /** Moves what was held while its way was blocked. */
  flush(): void {
    if (!this.#isOpen || this.#isBroken) return;
    for (const end of [this.#near, this.#far]) {
      for (let frames = end.inbox.length; frames > 0; frames -= 1) this.#scheduleArrival(end);
    }
  }

  #end(name: string, other: () => End): End {
    const end: End = {
      name,
      inbox: [],
      lateUntil: 0,
      isOver: false,
      onOpen: () => undefined,
      onFrame: () => undefined,
      onClose: () => undefined,
      send: (frame) => {
        if (end.isOver || this.#isBroken || this.#isCut) return;
        const to = other();
        to.inbox.push(wireCopy(frame));
        if (this.#isOpen) this.#scheduleArrival(to);
      },
      close: () => {
        if (end.isOver || this.#isBroken) return;
        end.isOver = true;
        if (!this.#isCut) this.#closeInOrder(other());
      },
    };
    return end;
  }

  #closeInOrder(end: End): void {
    end.inbox.push(closing);
    if (this.#isOpen) this.#scheduleArrival(end);
    else this.breakOff();
  }

  #scheduleArrival(end: End): void {
    const { world } = this.#network;
    const delayMs = this.#network.delayMs(this.#otherThan(end).name, end.name);
    const at = Math.max(world.now + delayMs, this.#latest.get(end) ?? 0, end.lateUntil);
    this.#latest.set(end, at);
    world.schedule(at - world.now, () => this.#arrive(end));
  }

  #arrive(end: End): void {
    if (this.#isBroken || end.inbox.length === 0) return;
    const sender = this.#otherThan(end);
    if (this.#network.world.now < end.lateUntil) {
      this.#scheduleArrival(end);
      return;
    }
    if (this.#network.isBlocked(sender.name, end.name)) {
      // `flush` tries again when the way is free; a way that stays blocked breaks the connection.
      this.#afterStall(() => {
        if (this.#network.isBlocked(sender.name, end.name)) this.breakOff();
      });
      return;
    }
    const frame = end.inbox.shift();
    if (frame === closing) {
      if (!this.#isCut || sender.isOver) {
        this.#isBroken = true;
        this.#network.forget(this);
      }
      this.#trace(this.#isCut ? `lost to ${end.name}` : `closed by ${sender.name}`);
      if (!end.isOver) {
        end.isOver = true;
        end.onClose();
      }
      return;
    }
    if (end.isOver) return;
    this.#network.world.trace.add(
      this.#network.world.elapsedMs,
      end.name,
      `frame from ${sender.name}`,
      frame,
    );
    end.onFrame(frame);
  }

  #tellEnd(end: End): void {
    if (end.isOver) return;
    const other = this.#otherThan(end);
    const tell = (): void => {
      if (end.isOver) return;
      end.isOver = true;
      end.onClose();
    };
    // An end that can't be reached finds out by itself.
    const isCutOff = this.#network.isBlocked(other.name, end.name);
    this.#network.world.schedule(isCutOff ? stallLimitMs : this.#network.delayMs(other.name, end.name), tell);
  }

  #sever(random: Random, isWhole: boolean): void {
    this.#isCut = true;
    this.#trace("cut");
    for (const end of [this.#near, this.#far]) {
      if (!isWhole) end.inbox.length = random.below(end.inbox.length + 1);
      end.inbox.push(closing);
      this.#scheduleArrival(end);
    }
  }

  #otherThan(end: End): End {
    return end === this.#near ? this.#far : this.#near;
  }

  #afterStall(run: () => void): void {
    this.#network.world.schedule(stallLimitMs, () => {
      if (!this.#isBroken) run();
    });
  }

  #trace(what: string): void {
    this.#network.world.trace.add(this.#network.world.elapsedMs, this.label, what, undefined);
  }
}

const closing = Symbol("closing");
