/**
 * The containers of one machine, as the driver's shims keep them: they live on when the agent dies, and end
 * when their script says so or somebody kills them.
 */
import type { Random } from "#foundation/base/random.ts";
import { between, type Scheduled, type World } from "../engine/index.ts";

export interface FakeExit {
  readonly containerId: string;
  /** Exit status, or the signal that ended it. */
  readonly exit:
    | { readonly kind: "exited"; readonly status: number }
    | { readonly kind: "signaled"; readonly signal: number };
}

export interface Lifetimes {
  /** Chance that a task ends by itself. */
  readonly ending: number;
  /** It then ends after this long at most. */
  readonly longestMs: number;
  /** Chance that it then fails. */
  readonly failing: number;
}

interface FakeContainer {
  readonly taskId: string;
  end: Scheduled | undefined;
  exit: FakeExit["exit"] | undefined;
}

const startMs = { min: 5, max: 60 };
const killMs = { min: 1, max: 40 };
const sigkill = 9;

export class FakeContainers {
  readonly #world: World;
  readonly #name: string;
  readonly #random: Random;
  readonly #lifetimes: Lifetimes;
  readonly #containers = new Map<string, FakeContainer>();
  readonly #starts = new Map<string, number>();
  #listener: ((exit: FakeExit) => void) | undefined;

  constructor(world: World, machine: string, lifetimes: Lifetimes) {
    this.#world = world;
    this.#name = `containers of ${machine}`;
    this.#random = world.fork(this.#name);
    this.#lifetimes = lifetimes;
  }

  /** How often each task was started on this machine. */
  get starts(): ReadonlyMap<string, number> {
    return this.#starts;
  }

  /** Tasks that run now. */
  running(): readonly string[] {
    return [...this.#containers.values()]
      .filter(({ exit }) => exit === undefined)
      .map(({ taskId }) => taskId);
  }

  /** The agent that is up hears of every end once; a new agent takes the place of the old one. */
  onExit(listener: ((exit: FakeExit) => void) | undefined): void {
    this.#listener = listener;
  }

  /** Starts the task's process after a moment and then calls `started`, also if the agent died meanwhile. */
  launch(containerId: string, taskId: string, started: () => void): void {
    if (this.#containers.has(containerId)) throw new Error(`container ${containerId} is there already`);
    const container: FakeContainer = { taskId, end: undefined, exit: undefined };
    this.#containers.set(containerId, container);
    this.#starts.set(taskId, (this.#starts.get(taskId) ?? 0) + 1);
    this.#world.trace.add(this.#world.elapsedMs, this.#name, "launch", [containerId, taskId]);
    const isEnding = this.#random.next() < this.#lifetimes.ending;
    const status = this.#random.next() < this.#lifetimes.failing ? 1 : 0;
    const lifeMs = between(this.#random, startMs.max, this.#lifetimes.longestMs);
    this.#world.schedule(between(this.#random, startMs.min, startMs.max), () => {
      if (container.exit === undefined) started();
    });
    if (isEnding) {
      container.end = this.#world.schedule(lifeMs, () => this.#end(containerId, { kind: "exited", status }));
    }
  }

  destroy(containerId: string): void {
    this.#world.schedule(between(this.#random, killMs.min, killMs.max), () =>
      this.#end(containerId, { kind: "signaled", signal: sigkill }),
    );
  }

  /** What a new agent finds of a container it remembers. */
  recover(containerId: string): "running" | "neverStarted" | FakeExit {
    const container = this.#containers.get(containerId);
    if (container === undefined) return "neverStarted";
    return container.exit === undefined ? "running" : { containerId, exit: container.exit };
  }

  /** Forgets a container that ended. */
  remove(containerId: string): void {
    if (this.#containers.get(containerId)?.exit !== undefined) this.#containers.delete(containerId);
  }

  /** The machine lost power: nothing runs any more, and nobody hears of it. */
  powerLoss(): void {
    for (const container of this.#containers.values()) container.end?.cancel();
    this.#containers.clear();
  }

  #end(containerId: string, exit: FakeExit["exit"]): void {
    const container = this.#containers.get(containerId);
    if (container === undefined || container.exit !== undefined) return;
    container.exit = exit;
    container.end?.cancel();
    this.#world.trace.add(this.#world.elapsedMs, this.#name, "end", [containerId, exit]);
    this.#listener?.({ containerId, exit });
  }
}
