/**
 * One process: a core, hosted as `createCoreHost` hosts it, with a disk that outlives it.
 *
 * Effects leave in the order of their steps, after the writes of their own and all earlier steps are durable;
 * steps that arrive during a commit share the next one; a failed or late commit ends the process.
 */
import type { Core, InstantMs, Outcome } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Random } from "#foundation/base/random.ts";
import type { CallHandler, CallResult, Connection } from "./sim-connection.ts";
import { SimDisk } from "./sim-disk.ts";
import type { SimNetwork } from "./sim-network.ts";
import type { Scheduled, World } from "./world.ts";

/** What a process is given when it starts. Everything of it ends with the process. */
export interface Boot<Event> {
  readonly name: string;
  /** 1 at the first start, one more with each. */
  readonly incarnation: number;
  readonly records: ReadonlyMap<string, JsonValue>;
  readonly random: Random;
  readonly now: () => InstantMs;
  dispatch(event: Event): void;
  /** Calls back unless the process ended or the timer was cancelled. */
  after(delayMs: number, run: () => void): Scheduled;
  connect(to: string, purpose: string): Connection;
  call(to: string, request: unknown, timeoutMs: number, onResult: (result: CallResult) => void): void;
  /** Ends the process by its own wish; it starts again when somebody starts it. */
  exit(reason: string): void;
}

export interface Program<Event, Effect> {
  readonly core: Core<Event, Effect>;
  perform(effect: Effect): void;
  accept?(connection: Connection, from: string, purpose: string): void;
  serve?: CallHandler;
  /** After the process can be reached. */
  started?(): void;
}

export type MakeProgram<Event, Effect> = (boot: Boot<Event>) => Program<Event, Effect>;

/** What the fault injector needs to know of a node. */
export interface FaultyNode {
  readonly name: string;
  readonly disk: SimDisk;
  readonly isUp: boolean;
  crash(reason: string): unknown;
  start(): void;
}

/** What looks like one process from outside, though several may stand behind it. */
export interface Process<Event, Effect> {
  readonly name: string;
  readonly disk: SimDisk;
  readonly isUp: boolean;
  readonly core: Core<Event, Effect> | undefined;
  readonly turns: number;
  /** What faults strike. */
  readonly members: readonly FaultyNode[];
  dispatch(event: Event): void;
  /** What has to be started again. */
  crash(reason: string): FaultyNode | undefined;
}

export interface SimNodeOptions {
  /** Default: one of its own. */
  readonly disk?: SimDisk;
  /** Default: counts its own starts. */
  readonly nextIncarnation?: () => number;
  /** The planted bug of this kind: effects leave before their writes are durable. */
  readonly effectsBeforeWrites?: boolean;
  readonly commitDeadlineMs?: number;
}

const defaultCommitDeadlineMs = 10_000;

export class SimNode<Event, Effect> implements FaultyNode, Process<Event, Effect> {
  readonly name: string;
  readonly disk: SimDisk;
  readonly members: readonly FaultyNode[] = [this];
  readonly #world: World;
  readonly #network: SimNetwork;
  readonly #make: MakeProgram<Event, Effect>;
  readonly #options: SimNodeOptions;
  #incarnation = 0;
  #turns = 0;
  #life: Life<Event, Effect> | undefined;

  constructor(
    network: SimNetwork,
    name: string,
    make: MakeProgram<Event, Effect>,
    options: SimNodeOptions = {},
  ) {
    this.name = name;
    this.#network = network;
    this.#world = network.world;
    this.#make = make;
    this.#options = options;
    this.disk = options.disk ?? new SimDisk(network.world, name);
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }
  get incarnation(): number {
    return this.#incarnation;
  }
  /** The running core, for invariants. */
  get core(): Core<Event, Effect> | undefined {
    return this.#life?.program.core;
  }
  /** How often a core began, ended, or was given something: as long as this stays, the core stays as it is. */
  get turns(): number {
    return this.#turns;
  }

  start(): void {
    if (this.#life !== undefined) return;
    this.#incarnation = this.#options.nextIncarnation?.() ?? this.#incarnation + 1;
    this.#world.trace.add(this.#world.elapsedMs, this.name, "start", this.#incarnation);
    const host: Host = {
      fatal: (reason) => {
        if (this.#life === life) this.crash(reason);
      },
      turned: () => {
        this.#turns += 1;
      },
    };
    const life = new Life<Event, Effect>(this.#world, this.name, this.disk, this.#options, host);
    this.#life = life;
    this.#turns += 1;
    const isUp = (): boolean => this.#life === life;
    const program = this.#make(this.#boot(life, isUp));
    life.begin(program);
    this.#network.listen(this.name, {
      accept: (connection, from, purpose) => {
        if (program.accept === undefined) connection.close();
        else program.accept(guarded(connection, isUp), from, purpose);
      },
      ...(program.serve === undefined ? {} : { serve: program.serve }),
    });
    program.started?.();
  }

  crash(reason: string): FaultyNode | undefined {
    if (this.#life === undefined) return undefined;
    this.#world.trace.add(this.#world.elapsedMs, this.name, "crash", reason);
    this.#life.end();
    this.#life = undefined;
    this.#turns += 1;
    this.disk.crash();
    this.#network.drop(this.name);
    return this;
  }

  /** Gives the running core an event from outside the network, such as an operator's request. */
  dispatch(event: Event): void {
    this.#life?.dispatch(event);
  }

  #boot(life: Life<Event, Effect>, isUp: () => boolean): Boot<Event> {
    return {
      name: this.name,
      incarnation: this.#incarnation,
      records: this.disk.load(),
      random: this.#world.fork(`${this.name} ${this.#incarnation}`),
      now: () => this.#world.now,
      dispatch: (event) => {
        if (isUp()) life.dispatch(event);
      },
      after: (delayMs, run) =>
        this.#world.schedule(delayMs, () => {
          if (isUp()) run();
        }),
      connect: (to, purpose) => guarded(this.#network.connect(this.name, to, purpose), isUp),
      call: (to, request, timeoutMs, onResult) =>
        this.#network.call(this.name, to, request, { timeoutMs, isCallerUp: isUp }, onResult),
      exit: (reason) => {
        if (isUp()) this.crash(reason);
      },
    };
  }
}

/** A process that ended neither sends nor hears. */
function guarded(inner: Connection, isUp: () => boolean): Connection {
  const outer: Connection = {
    send: (frame) => {
      if (isUp()) inner.send(frame);
    },
    close: () => {
      if (isUp()) inner.close();
    },
    onOpen: () => undefined,
    onFrame: () => undefined,
    onClose: () => undefined,
  };
  inner.onOpen = () => {
    if (isUp()) outer.onOpen();
  };
  inner.onFrame = (frame) => {
    if (isUp()) outer.onFrame(frame);
  };
  inner.onClose = () => {
    if (isUp()) outer.onClose();
  };
  return outer;
}

interface Host {
  fatal(reason: string): void;
  /** The core was given an event, or woken. */
  turned(): void;
}

/** The core host of one incarnation. */
class Life<Event, Effect> {
  readonly #world: World;
  readonly #name: string;
  readonly #disk: SimDisk;
  readonly #options: SimNodeOptions;
  readonly #host: Host;
  #program: Program<Event, Effect> | undefined;
  #events: Event[] = [];
  #pending: Outcome<Effect>[] = [];
  #committing: readonly Outcome<Effect>[] = [];
  #isDraining = false;
  #isOver = false;
  #wake: { readonly at: InstantMs; readonly timer: Scheduled } | undefined;
  #deadline: Scheduled | undefined;

  constructor(world: World, name: string, disk: SimDisk, options: SimNodeOptions, host: Host) {
    this.#world = world;
    this.#name = name;
    this.#disk = disk;
    this.#options = options;
    this.#host = host;
  }

  get program(): Program<Event, Effect> {
    if (this.#program === undefined) throw new Error(`${this.#name} has not begun`);
    return this.#program;
  }

  begin(program: Program<Event, Effect>): void {
    this.#program = program;
    this.#drain();
  }

  dispatch(event: Event): void {
    if (this.#isOver) return;
    this.#events.push(event);
    if (this.#program !== undefined) this.#drain();
  }

  end(): void {
    this.#isOver = true;
    this.#wake?.timer.cancel();
    this.#deadline?.cancel();
  }

  #drain(): void {
    if (this.#isDraining || this.#isOver) return;
    this.#isDraining = true;
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      this.#trace("event", event);
      this.#host.turned();
      this.#take(this.program.core.apply(event, this.#world.now));
      if (this.#isOver) return;
    }
    this.#isDraining = false;
    this.#armWake();
    this.#startCommit();
  }

  #take(outcome: Outcome<Effect>): void {
    if (outcome.writes.length === 0 && outcome.effects.length === 0) return;
    if (this.#options.effectsBeforeWrites === true) {
      this.#perform(outcome);
      this.#pending.push({ writes: outcome.writes, effects: [] });
      return;
    }
    this.#pending.push(outcome);
    if (this.#committing.length === 0) this.#releaseWithoutWrites();
  }

  #releaseWithoutWrites(): void {
    while (!this.#isOver && this.#pending[0]?.writes.length === 0) {
      const step = this.#pending.shift();
      if (step !== undefined) this.#perform(step);
    }
  }

  #perform(step: Outcome<Effect>): void {
    for (const effect of step.effects) {
      if (this.#isOver) return;
      this.#trace("effect", effect);
      this.program.perform(effect);
    }
  }

  #startCommit(): void {
    if (this.#isOver || this.#committing.length > 0 || this.#pending.length === 0) return;
    this.#committing = this.#pending;
    this.#pending = [];
    const deadlineMs = this.#options.commitDeadlineMs ?? defaultCommitDeadlineMs;
    this.#deadline = this.#world.schedule(deadlineMs, () => this.#host.fatal("late commit"));
    const writes = this.#committing.flatMap((step) => step.writes);
    this.#disk.commit(writes, (outcome) => {
      if (this.#isOver) return;
      this.#deadline?.cancel();
      if (outcome === "failed") this.#host.fatal("failed commit");
      else this.#committed();
    });
  }

  #committed(): void {
    const done = this.#committing;
    this.#isDraining = true;
    for (const step of done) this.#perform(step);
    this.#committing = [];
    this.#releaseWithoutWrites();
    this.#isDraining = false;
    this.#drain();
  }

  #armWake(): void {
    const at = this.program.core.wakeAt();
    if (at === this.#wake?.at) return;
    this.#wake?.timer.cancel();
    this.#wake = undefined;
    if (at === undefined) return;
    const timer = this.#world.schedule(at - this.#world.now, () => {
      this.#wake = undefined;
      if (this.#isOver) return;
      this.#isDraining = true;
      this.#trace("wake", undefined);
      this.#host.turned();
      this.#take(this.program.core.wake(this.#world.now));
      this.#isDraining = false;
      this.#drain();
    });
    this.#wake = { at, timer };
  }

  #trace(what: string, detail: unknown): void {
    this.#world.trace.add(this.#world.elapsedMs, this.#name, what, detail);
  }
}

/** Asks `check` of a node's core only when it may have changed; while the node is down it has none. */
export function onceATurn<Event, Effect>(
  node: Pick<Process<Event, Effect>, "core" | "turns">,
  check: (core: Core<Event, Effect>) => readonly string[],
): () => readonly string[] {
  let asked = -1;
  return () => {
    const { core, turns } = node;
    if (turns === asked || core === undefined) return fine;
    asked = turns;
    return check(core);
  };
}

const fine: readonly string[] = [];
