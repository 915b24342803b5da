import { type World, wireCopy } from "./world.ts";

/** What a connection needs of the network it is on. */
export interface Wire {
  readonly world: World;
  delayMs(): number;
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
  isOver: boolean;
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
    this.#network.world.schedule(this.#network.delayMs(), () => {
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
      isOver: false,
      onOpen: () => undefined,
      onFrame: () => undefined,
      onClose: () => undefined,
      send: (frame) => {
        if (end.isOver || this.#isBroken) return;
        const to = other();
        to.inbox.push(wireCopy(frame));
        if (this.#isOpen) this.#scheduleArrival(to);
      },
      close: () => {
        if (end.isOver || this.#isBroken) return;
        end.isOver = true;
        this.#closeInOrder(other());
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
    const at = Math.max(world.now + this.#network.delayMs(), this.#latest.get(end) ?? 0);
    this.#latest.set(end, at);
    world.schedule(at - world.now, () => this.#arrive(end));
  }

  #arrive(end: End): void {
    if (this.#isBroken || end.inbox.length === 0) return;
    const sender = end === this.#near ? this.#far : this.#near;
    if (this.#network.isBlocked(sender.name, end.name)) {
      // `flush` tries again when the way is free; a way that stays blocked breaks the connection.
      this.#afterStall(() => {
        if (this.#network.isBlocked(sender.name, end.name)) this.breakOff();
      });
      return;
    }
    const frame = end.inbox.shift();
    if (frame === closing) {
      this.#isBroken = true;
      this.#network.forget(this);
      this.#trace(`closed by ${sender.name}`);
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
    const other = end === this.#near ? this.#far : this.#near;
    const tell = (): void => {
      if (end.isOver) return;
      end.isOver = true;
      end.onClose();
    };
    // An end that can't be reached finds out by itself.
    const isCutOff = this.#network.isBlocked(other.name, end.name);
    this.#network.world.schedule(isCutOff ? stallLimitMs : this.#network.delayMs(), tell);
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
