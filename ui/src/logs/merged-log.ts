/**
 * The logs of many instances as one, in one stream from the door, which goes on behind what was read when other instances
 * are wanted or the connection breaks; listeners are told at most ten times a second.
 */
import { type MergedLogEvent, mergedLogSourcesMax } from "#contracts/observe/merged-log.ts";
import { RequestFailed } from "../data/request.ts";
import { pauseBeforeRetry } from "../data/server-events.ts";
import { LineSplitter } from "./line-splitter.ts";
import { LogBuffer, type LogLine, type NewLine, type OutputStream, olderThan } from "./log-buffer.ts";
import { followLogs, type LogTarget, readLogTail, refusalOf, splitOutput } from "./log-stream.ts";

export interface LogSource {
  readonly agentId: string;
  readonly taskId: string;
  /** Nothing more comes. */
  readonly isEnded: boolean;
}

export interface SourceNote {
  readonly taskId: string;
  /** Why nothing of it is shown. */
  readonly error: unknown;
  /** ms UTC when its files went, for one whose budget is over. */
  readonly removedAt?: number;
}

export interface LogSnapshot {
  readonly lines: readonly LogLine[];
  readonly dropped: number;
  readonly notes: readonly SourceNote[];
  /** Something is still being read for the first time. */
  readonly isOpening: boolean;
  readonly isLoadingOlder: boolean;
  /** Nothing older is kept, or there is no room for it. */
  readonly isAtBeginning: boolean;
}

/** One stream of one instance, and how far it is read. */
interface Followed {
  readonly target: LogTarget;
  readonly splitter: LineSplitter;
  cursor: string | undefined;
  /** Something of it has come, if only that there is nothing. */
  isOpen: boolean;
  /** Nothing more comes, or nobody wants it. */
  isOver: boolean;
}

/** Lines of each stream at first; more are read when one scrolls up. */
const firstLines = 500;
const olderStep = 2_000;
const linesAskedMax = 100_000;
const tellMs = 100;
/** Instances that come at once are asked for together. */
const gatherMs = 50;
const streams: readonly OutputStream[] = ["stdout", "stderr"];

const emptySnapshot: LogSnapshot = {
  lines: [],
  dropped: 0,
  notes: [],
  isOpening: true,
  isLoadingOlder: false,
  isAtBeginning: false,
};

export class MergedLog {
  readonly #buffer = new LogBuffer();
  readonly #followed = new Map<string, Followed>();
  readonly #notes = new Map<string, SourceNote>();
  readonly #listeners = new Set<() => void>();
  readonly #closing = new AbortController();
  #snapshot = emptySnapshot;
  #tellTimer: ReturnType<typeof setTimeout> | undefined;
  #openTimer: ReturnType<typeof setTimeout> | undefined;
  #connection: AbortController | undefined;
  #isLoadingOlder = false;
  #isAtBeginning = false;
  #asked = firstLines;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): LogSnapshot => this.#snapshot;

  /** Follows these and no others. What was read of others stays. */
  want(sources: readonly LogSource[]): void {
    const wanted = new Set(sources.map(({ taskId }) => taskId));
    let hasChanged = false;
    for (const followed of this.#followed.values()) {
      if (followed.isOver || wanted.has(followed.target.taskId)) continue;
      followed.isOver = true;
      hasChanged = true;
    }
    for (const source of sources)
      for (const stream of streams) hasChanged = this.#add(source, stream) || hasChanged;
    if (hasChanged) this.#openTimer ??= setTimeout(() => void this.#follow(), gatherMs);
    this.#tellSoon();
  }

  close(): void {
    this.#closing.abort();
    this.#connection?.abort();
    clearTimeout(this.#tellTimer);
    clearTimeout(this.#openTimer);
  }

  /** Reads further back in every stream that is shown. */
  async loadOlder(): Promise<void> {
    if (this.#isLoadingOlder || this.#isAtBeginning || this.#buffer.lines.length === 0) return;
    this.#isLoadingOlder = true;
    this.#tellSoon();
    this.#asked = Math.min(this.#asked + olderStep, linesAskedMax);
    let taken = 0;
    for (const { target } of [...this.#followed.values()].toReversed()) taken += await this.#older(target);
    this.#isLoadingOlder = false;
    this.#isAtBeginning = taken === 0 || this.#buffer.isFull;
    this.#tellSoon();
  }

  /** Answers whether it is new. */
  #add({ agentId, taskId }: LogSource, stream: OutputStream): boolean {
    const key = `${stream} ${taskId}`;
    if (this.#followed.has(key)) return false;
    this.#followed.set(key, {
      target: { agentId, taskId, stream },
      splitter: new LineSplitter(),
      cursor: undefined,
      isOpen: false,
      isOver: false,
    });
    return true;
  }

  async #older(target: LogTarget): Promise<number> {
    const { taskId, stream } = target;
    const known = this.#buffer.lines.filter((line) => line.taskId === taskId && line.stream === stream);
    const [first] = known;
    if (first === undefined) return 0;
    try {
      const read = await readLogTail(target, known.length + this.#asked, this.#closing.signal);
      return this.#buffer.prepend(taskId, stream, olderThan(read, first));
    } catch {
      // What is older can't be had now; what is shown stays.
      return 0;
    }
  }

  /** Holds one stream of all that is wanted, in the place of the one before. */
  async #follow(): Promise<void> {
    this.#openTimer = undefined;
    this.#connection?.abort();
    const connection = new AbortController();
    this.#connection = connection;
    let failures = 0;
    while (!connection.signal.aborted) {
      const followed = [...this.#followed.values()]
        .filter(({ isOver }) => !isOver)
        .slice(-mergedLogSourcesMax);
      if (followed.length === 0) return;
      const end = await followLogs(
        followed.map(({ target, cursor }) => ({ target, from: cursor ?? firstLines })),
        (event) => {
          failures = 0;
          const source = followed[event.source];
          if (source !== undefined && !connection.signal.aborted) this.#take(source, event);
        },
        connection.signal,
      );
      if (end.kind === "refused" && !passing.has(end.status))
        for (const source of followed) this.#giveUp(source, refusalOf(end));
      await pauseBeforeRetry(failures, connection.signal);
      failures += 1;
    }
  }

  #take(followed: Followed, event: MergedLogEvent): void {
    const { target, splitter } = followed;
    const append = (lines: readonly NewLine[]): void =>
      this.#buffer.append(target.taskId, target.stream, lines);
    followed.isOpen = true;
    if (event.kind === "refused") return this.#giveUp(followed, refusalOf(event));
    followed.cursor = event.cursor ?? followed.cursor;
    if (event.kind === "output") append(splitOutput(splitter, event.value));
    else if (event.kind === "rotated") append(splitter.end());
    else if (event.kind === "end") {
      append(splitter.end());
      followed.isOver = true;
    }
    this.#tellSoon();
  }

  #giveUp(followed: Followed, error: RequestFailed): void {
    followed.isOver = true;
    const { taskId } = followed.target;
    this.#notes.set(taskId, noteOf(taskId, error));
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#closing.signal.aborted) return;
    this.#tellTimer ??= setTimeout(() => {
      this.#tellTimer = undefined;
      this.#snapshot = {
        lines: [...this.#buffer.lines],
        dropped: this.#buffer.dropped,
        notes: [...this.#notes.values()],
        isOpening: [...this.#followed.values()].some(({ isOpen, isOver }) => !isOpen && !isOver),
        isLoadingOlder: this.#isLoadingOlder,
        isAtBeginning: this.#isAtBeginning,
      };
      for (const listener of this.#listeners) listener();
    }, tellMs);
  }
}

/** What may pass: the door, or what it asks, is starting or busy. */
const passing = new Set([429, 502, 503, 504]);

function noteOf(taskId: string, error: unknown): SourceNote {
  const body = error instanceof RequestFailed ? error.body : undefined;
  const details = typeof body === "object" && body !== null && "details" in body ? body.details : undefined;
  const isDated = typeof details === "object" && details !== null && "removedAt" in details;
  const removedAt = isDated ? details.removedAt : undefined;
  return { taskId, error, ...(typeof removedAt === "number" ? { removedAt } : {}) };
}
