/**
 * A group of candidates in ZooKeeper: joins it, and tells who leads it.
 *
 * Watches are hints, and the group is looked at again now and then without one. A session that broke ends the
 * membership: whoever is in the group must then act as if another led already.
 */
import { nodeTimers, type TimerHandle, type Timers } from "#foundation/runtime/index.ts";
import { ZooKeeperSession } from "#foundation/store/zookeeper-session.ts";
import { candidatePrefix, type GroupShape, standingIn } from "./core/candidates.ts";
import type { ZooKeeperUrl } from "./zookeeper-url.ts";

export interface Leader {
  /** Of its node. */
  readonly path: string;
  readonly data: string;
}

export interface GroupOptions {
  readonly place: ZooKeeperUrl;
  readonly shape: GroupShape;
  readonly sessionTimeoutMs: number;
  /** Told each time another one leads, or nobody does. */
  readonly onLeader: (leader: Leader | undefined) => void;
  /** Told once when the session is over, or this one's own node is gone. */
  readonly onLost: (error: Error) => void;
  readonly timers?: Timers;
}

export const defaultSessionTimeoutMs = 10_000;
const operationDeadlineMs = 10_000;
/** Without an answer by then the node goes with the session. */
const leaveDeadlineMs = 2_000;
/** Share of the session timeout between two looks that no watch asked for. */
const lookShare = 0.2;

export class ElectionGroup {
  readonly #options: GroupOptions;
  readonly #timers: Timers;
  readonly #session: ZooKeeperSession;
  #own: string | undefined;
  #leader: Leader | undefined;
  #lookTimer: TimerHandle | undefined;
  #isLooking = false;
  #mustLookAgain = false;
  #isOver = false;

  constructor(options: GroupOptions) {
    this.#options = options;
    this.#timers = options.timers ?? nodeTimers;
    this.#session = new ZooKeeperSession({
      servers: options.place.servers,
      sessionTimeoutMs: options.sessionTimeoutMs,
      operationDeadlineMs,
      onLost: (error) => this.#lose(error),
      timers: this.#timers,
    });
  }

  /** Rejects when no server answers in time. */
  async open(): Promise<void> {
    await this.#session.connected();
    const names = this.#options.place.path.split("/").slice(1);
    for (const [index] of names.entries())
      await this.#session.create(`/${names.slice(0, index + 1).join("/")}`, Buffer.alloc(0));
    this.#look();
  }

  /** Stands for election; the path of its node. `id` is this candidate's own. */
  async join(id: string, data: string): Promise<string> {
    const prefix = `${this.#options.place.path}/${candidatePrefix(this.#options.shape, id)}`;
    this.#own = await this.#session.createNumbered(prefix, Buffer.from(data));
    this.#look();
    return this.#own;
  }

  /** What candidates must have alike, written down by the first of them; whether it is so. */
  async agrees(path: string, value: string): Promise<boolean> {
    const answer = await this.#session.create(path, Buffer.from(value));
    if (answer === "ok") return true;
    const found = await this.#session.read(path);
    return found?.data.toString("utf8") === value;
  }

  /** Leaves the group at once, so that nobody waits for the session to end. */
  async close(): Promise<void> {
    const own = this.#isOver ? undefined : this.#own;
    this.#end();
    if (own !== undefined) await this.#within(leaveDeadlineMs, this.#session.remove(own));
    this.#session.close();
  }

  /** What a watch calls: always the same function, which the client takes once. */
  readonly #look = (): void => {
    if (this.#isOver) return;
    if (this.#isLooking) {
      this.#mustLookAgain = true;
      return;
    }
    this.#isLooking = true;
    void this.#read().finally(() => {
      this.#isLooking = false;
      if (this.#isOver) return;
      if (this.#mustLookAgain) {
        this.#mustLookAgain = false;
        this.#look();
        return;
      }
      this.#cancelLook();
      this.#lookTimer = this.#timers.set(this.#options.sessionTimeoutMs * lookShare, this.#look);
    });
  };

  async #read(): Promise<void> {
    const { place, shape, onLeader } = this.#options;
    try {
      // Whom a join that ended during this look has given a node is judged by the next one.
      const own = this.#own;
      const ownName = own?.slice(own.lastIndexOf("/") + 1);
      const names = (await this.#session.children(place.path, this.#look)) ?? [];
      const standing = standingIn(names, shape, ownName);
      if (standing.kind === "lost")
        return this.#lose(new Error(`${own} is gone: this candidate has no node any more`));
      const leader = standing.kind === "leads" ? ownName : standing.leader;
      const path = leader === undefined ? undefined : `${place.path}/${leader}`;
      if (path === this.#leader?.path) return;
      const found = path === undefined ? undefined : await this.#session.read(path);
      if (this.#isOver) return;
      // It ended between the two reads: whoever follows is seen next time.
      if (path !== undefined && found === undefined) {
        this.#mustLookAgain = true;
        return;
      }
      this.#leader =
        path === undefined || found === undefined ? undefined : { path, data: found.data.toString("utf8") };
      onLeader(this.#leader);
    } catch {
      // A broken connection: the session says when it is over, and until then nothing has changed.
    }
  }

  async #within(limitMs: number, work: Promise<unknown>): Promise<void> {
    let timer: TimerHandle | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#timers.set(limitMs, resolve);
    });
    await Promise.race([work.catch(() => undefined), late]);
    if (timer !== undefined) this.#timers.cancel(timer);
  }

  #lose(error: Error): void {
    if (this.#isOver) return;
    this.#end();
    this.#session.close();
    this.#options.onLost(error);
  }

  #end(): void {
    this.#isOver = true;
    this.#cancelLook();
  }

  #cancelLook(): void {
    if (this.#lookTimer !== undefined) this.#timers.cancel(this.#lookTimer);
    this.#lookTimer = undefined;
  }
}
