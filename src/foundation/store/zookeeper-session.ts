/**
 * One ZooKeeper session with promises, deadlines and an honest idea of when it is over.
 *
 * The client never learns that its session expired while it is cut off, it waits for ever for a server that
 * accepts and does not answer, and it takes up a half-read answer of a broken connection in the next one. So
 * the session is probed all the time: a connection that does not answer is broken off, and a session that
 * could not be proven for most of its timeout counts as lost by our own clock, before the servers can give
 * what it held to anyone else.
 */
import zookeeper, { type Client, type Stat, type Transaction } from "node-zookeeper-client";
import {
  type Clock,
  nodeTimers,
  systemClock,
  type TimerHandle,
  type Timers,
} from "#foundation/runtime/index.ts";
import { brokenAfterMs, judgeSilence, probeShare } from "./session-proof.ts";
import { storageFailed } from "./store.ts";

export interface SessionOptions {
  /** `host:port,host:port`, without a chroot. */
  readonly servers: string;
  readonly sessionTimeoutMs: number;
  readonly operationDeadlineMs: number;
  /** Told once when the session is over for whatever reason but `close`. */
  readonly onLost: (error: Error) => void;
  readonly timers?: Timers;
  readonly clock?: Clock;
}

export interface NodeData {
  readonly data: Buffer;
  readonly created: string;
  readonly version: number;
}

/** How the server answered, for what callers act on; everything else is thrown as StorageFailed. */
export type WriteAnswer = "ok" | "noNode" | "nodeExists" | "badVersion" | "connectionLoss";

const reconnectDelayMs = 100;

export class ZooKeeperSession {
  readonly #options: SessionOptions;
  readonly #timers: Timers;
  readonly #client: Client;
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #clock: Clock;
  #probeTimer: TimerHandle | undefined;
  /** When the request was sent that the session's servers answered last. */
  #provenAtMs: number;
  #brokenOffAtMs: number;
  #over: Error | undefined;
  #onConnected: (() => void)[] = [];
  #isConnected = false;
  /** Before that there is nothing that could be given to anyone else. */
  #wasConnected = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#timers = options.timers ?? nodeTimers;
    this.#clock = options.clock ?? systemClock;
    this.#provenAtMs = this.#clock.monotonicMs();
    this.#brokenOffAtMs = this.#provenAtMs;
    this.#client = zookeeper.createClient(options.servers, {
      sessionTimeout: options.sessionTimeoutMs,
      spinDelay: reconnectDelayMs,
      retries: 0,
    });
    this.#client.on("connected", () => this.#connected());
    this.#client.on("disconnected", () => {
      this.#isConnected = false;
      this.#client.connectionManager.pendingBuffer = null;
    });
    this.#client.on("expired", () => this.#lose("the ZooKeeper session expired"));
    this.#client.on("authenticationFailed", () => this.#lose("ZooKeeper refused our credentials"));
    this.#client.connect();
    this.#armProbe();
  }

  /** Resolves when connected, at once if it is; rejects at the deadline. */
  connected(): Promise<void> {
    if (this.#isConnected) return Promise.resolve();
    return this.#run(`connect to ${this.#options.servers}`, (resolve) => {
      this.#onConnected.push(() => resolve(undefined));
    });
  }

  get timeoutMs(): number {
    return this.#client.getSessionTimeout();
  }

  read(path: string): Promise<NodeData | undefined> {
    return this.#run(`read ${path}`, (resolve, reject) =>
      this.#client.getData(path, undefined, (error, data, stat) => {
        if (error === null) resolve({ data: data ?? Buffer.alloc(0), ...identity(stat) });
        else if (answerOf(error) === "noNode") resolve(undefined);
        else reject(error);
      }),
    );
  }

  exists(path: string, watcher?: () => void): Promise<{ created: string; version: number } | undefined> {
    return this.#run(`look at ${path}`, (resolve, reject) =>
      this.#client.exists(path, watcher, (error, stat) => {
        if (error === null) resolve(stat === null ? undefined : identity(stat));
        else if (answerOf(error) === "noNode") resolve(undefined);
        else reject(error);
      }),
    );
  }

  /** Undefined when the node does not exist. */
  children(path: string, watcher?: () => void): Promise<readonly string[] | undefined> {
    return this.#run(`list ${path}`, (resolve, reject) =>
      this.#client.getChildren(path, watcher, (error, names) => {
        if (error === null) resolve(names);
        else if (answerOf(error) === "noNode") resolve(undefined);
        else reject(error);
      }),
    );
  }

  create(
    path: string,
    data: Buffer,
    lifetime: "persistent" | "session" = "persistent",
  ): Promise<WriteAnswer> {
    const { PERSISTENT, EPHEMERAL } = zookeeper.CreateMode;
    const mode = lifetime === "session" ? EPHEMERAL : PERSISTENT;
    return this.#write(`create ${path}`, (done) => this.#client.create(path, data, mode, done));
  }

  /**
   * A node of the session's life, numbered after all before it; its whole path. It may be there also when this
   * rejects; then it goes with the session.
   */
  createNumbered(prefix: string, data: Buffer): Promise<string> {
    return this.#run(`create ${prefix}…`, (resolve, reject) =>
      this.#client.create(prefix, data, zookeeper.CreateMode.EPHEMERAL_SEQUENTIAL, (error, path) => {
        if (error === null || error === undefined) resolve(path);
        else reject(error);
      }),
    );
  }

  remove(path: string): Promise<WriteAnswer> {
    return this.#write(`remove ${path}`, (done) => this.#client.remove(path, -1, done));
  }

  multi(build: (transaction: MultiBuilder) => void): Promise<WriteAnswer> {
    return this.#write("commit a batch", (done) => {
      const transaction = this.#client.transaction();
      build(new MultiBuilder(transaction));
      transaction.commit(done);
    });
  }

  /** Ends the session: its ephemeral nodes go. */
  close(): void {
    this.#over ??= storageFailed("the ZooKeeper session is closed");
    this.#stopProbe();
    this.#client.close();
    for (const reject of [...this.#waiting]) reject(this.#over);
  }

  #write(what: string, start: (done: (error: Error | null) => void) => void): Promise<WriteAnswer> {
    return this.#run(what, (resolve, reject) =>
      start((error) => {
        const answer = error === null || error === undefined ? "ok" : answerOf(error);
        if (answer === undefined) reject(error);
        else resolve(answer);
      }),
    );
  }

  #run<Result>(
    what: string,
    start: (resolve: (result: Result) => void, reject: (error: unknown) => void) => void,
  ): Promise<Result> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(fail);
        this.#timers.cancel(deadline);
      };
      const fail = (error: unknown): void => {
        end();
        reject(storageFailed(`ZooKeeper: could not ${what}`, error));
      };
      const deadline = this.#timers.set(this.#options.operationDeadlineMs, () =>
        fail(new Error(`no answer within ${this.#options.operationDeadlineMs} ms`)),
      );
      this.#waiting.add(fail);
      start((result) => {
        end();
        resolve(result);
      }, fail);
    });
  }

  #connected(): void {
    this.#isConnected = true;
    this.#wasConnected = true;
    this.#provenAtMs = this.#clock.monotonicMs();
    for (const resolve of this.#onConnected.splice(0)) resolve();
  }

  #armProbe(): void {
    this.#probeTimer = this.#timers.set(this.timeoutMs * probeShare, () => this.#probe());
  }

  #stopProbe(): void {
    if (this.#probeTimer !== undefined) this.#timers.cancel(this.#probeTimer);
    this.#probeTimer = undefined;
  }

  #probe(): void {
    const nowMs = this.#clock.monotonicMs();
    const silentMs = nowMs - this.#provenAtMs;
    const silence = judgeSilence(silentMs, this.timeoutMs);
    if (this.#wasConnected && silence === "lost") {
      this.#lose(`no ZooKeeper server answered for ${Math.round(silentMs)} ms`);
      return;
    }
    if (silence !== "short" && nowMs - this.#brokenOffAtMs > brokenAfterMs(this.timeoutMs))
      this.#breakOff(nowMs);
    if (this.#isConnected) {
      this.#client.exists("/", undefined, (error) => {
        if (error === null) this.#provenAtMs = Math.max(this.#provenAtMs, nowMs);
      });
    }
    this.#armProbe();
  }

  /** The client then connects again by itself. */
  #breakOff(nowMs: number): void {
    this.#brokenOffAtMs = nowMs;
    const { connectionManager } = this.#client;
    connectionManager.socket?.destroy();
    connectionManager.pendingBuffer = null;
  }

  #lose(reason: string): void {
    if (this.#over !== undefined) return;
    const error = storageFailed(reason);
    this.#over = error;
    this.#stopProbe();
    this.#client.close();
    for (const reject of [...this.#waiting]) reject(error);
    this.#options.onLost(error);
  }
}

/** Adds the operations of one atomic batch. */
export class MultiBuilder {
  readonly #transaction: Transaction;

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }
  create(path: string, data: Buffer): void {
    this.#transaction.create(path, data);
  }
  set(path: string, data: Buffer): void {
    this.#transaction.setData(path, data);
  }
  remove(path: string): void {
    this.#transaction.remove(path);
  }
  exists(path: string): void {
    this.#transaction.check(path);
  }
  check(path: string, version: number): void {
    this.#transaction.check(path, version);
    // The client takes version 0 for "any version", so it is put into the finished operation.
    const operation = this.#transaction.ops.at(-1);
    if (operation !== undefined) operation.version = version;
  }
}

function identity(stat: Stat): { created: string; version: number } {
  return { created: stat.czxid.toString("hex"), version: stat.version };
}

function answerOf(error: Error): WriteAnswer | undefined {
  const { Exception } = zookeeper;
  const code = "code" in error ? error.code : undefined;
  if (code === Exception.NO_NODE) return "noNode";
  if (code === Exception.NODE_EXISTS) return "nodeExists";
  if (code === Exception.BAD_VERSION) return "badVersion";
  if (code === Exception.CONNECTION_LOSS) return "connectionLoss";
  return undefined;
}
