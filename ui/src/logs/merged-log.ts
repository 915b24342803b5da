/**
 * The logs of many instances as one: each stream of each instance is read again and again behind where it stood, often
 * while it says something and seldom while it is silent, a few at a time; listeners are told at most ten times a second.
 */
import { RequestFailed } from "../data/request.ts";
import { LineSplitter } from "./line-splitter.ts";
import { LogBuffer, type LogLine, type OutputStream, olderThan } from "./log-buffer.ts";
import { type LogTarget, readLog, readLogTail } from "./log-stream.ts";
import { nextPause } from "./pace.ts";

export interface LogSource {
  readonly agentId: string;
  readonly taskId: string;
  /** Nothing more comes: read to its end once and not again. */
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
  pauseMs: number;
  nextAt: number;
  isReading: boolean;
  isOver: boolean;
  /** No more is written; over at its next end. */
  isEnded: boolean;
}

/** Lines of each stream at first; more are read when one scrolls up. */
const firstLines = 500;
const olderStep = 2_000;
const linesAskedMax = 100_000;
const tellMs = 100;
/** Of the six connections that a browser has to the door; the others are for everything else. */
const readingMax = 3;
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
  #readTimer: ReturnType<typeof setTimeout> | undefined;
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
    const wanted = new Map(sources.map((source) => [source.taskId, source]));
    for (const followed of this.#followed.values()) {
      followed.isOver ||= !wanted.has(followed.target.taskId);
      followed.isEnded ||= wanted.get(followed.target.taskId)?.isEnded === true;
    }
    for (const source of sources) for (const stream of streams) this.#add(source, stream);
    this.#readDue();
    this.#tellSoon();
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#tellTimer);
    clearTimeout(this.#readTimer);
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

  #add({ agentId, taskId, isEnded }: LogSource, stream: OutputStream): void {
    const key = `${stream} ${taskId}`;
    if (this.#followed.has(key)) return;
    this.#followed.set(key, {
      target: { agentId, taskId, stream },
      splitter: new LineSplitter(),
      cursor: undefined,
      pauseMs: 0,
      nextAt: 0,
      isReading: false,
      isOver: false,
      isEnded,
    });
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

  /** Starts the readings whose time has come, as far as there is room, and comes back for the next. */
  #readDue(): void {
    clearTimeout(this.#readTimer);
    if (this.#closing.signal.aborted) return;
    const waiting = [...this.#followed.values()]
      .filter(({ isReading, isOver }) => !isReading && !isOver)
      .toSorted((left, right) => left.nextAt - right.nextAt);
    const room = readingMax - [...this.#followed.values()].filter(({ isReading }) => isReading).length;
    const now = performance.now();
    const due = waiting.filter(({ nextAt }) => nextAt <= now).slice(0, room);
    for (const followed of due) void this.#read(followed);
    const next = waiting.find(({ nextAt }) => nextAt > now);
    if (next !== undefined) this.#readTimer = setTimeout(() => this.#readDue(), next.nextAt - now);
  }

  async #read(followed: Followed): Promise<void> {
    const { target, splitter } = followed;
    followed.isReading = true;
    let count = 0;
    const wasEnded = followed.isEnded;
    try {
      const query = followed.cursor === undefined ? { lines: firstLines } : { cursor: followed.cursor };
      const reader = {
        splitter,
        onLines: (lines: Parameters<LogBuffer["append"]>[2]) => {
          count += lines.length;
          this.#buffer.append(target.taskId, target.stream, lines);
        },
        onCursor: (cursor: string) => {
          followed.cursor = cursor;
        },
      };
      const end = await readLog(target, query, reader, this.#closing.signal);
      followed.isOver ||= end.cause === "filesRemoved" || (wasEnded && end.cause !== "broken");
      if (followed.isOver) reader.onLines(splitter.end());
    } catch (error) {
      followed.isOver = true;
      this.#notes.set(target.taskId, noteOf(target.taskId, error));
    }
    followed.isReading = false;
    followed.pauseMs = nextPause(followed.pauseMs, { hadLines: count > 0, streams: this.#followed.size });
    followed.nextAt = performance.now() + followed.pauseMs;
    this.#tellSoon();
    this.#readDue();
  }

  #tellSoon(): void {
    if (this.#closing.signal.aborted) return;
    this.#tellTimer ??= setTimeout(() => {
      this.#tellTimer = undefined;
      this.#snapshot = {
        lines: [...this.#buffer.lines],
        dropped: this.#buffer.dropped,
        notes: [...this.#notes.values()],
        isOpening: [...this.#followed.values()].some(({ nextAt, isOver }) => nextAt === 0 && !isOver),
        isLoadingOlder: this.#isLoadingOlder,
        isAtBeginning: this.#isAtBeginning,
      };
      for (const listener of this.#listeners) listener();
    }, tellMs);
  }
}

function noteOf(taskId: string, error: unknown): SourceNote {
  const body = error instanceof RequestFailed ? error.body : undefined;
  const details = typeof body === "object" && body !== null && "details" in body ? body.details : undefined;
  const isDated = typeof details === "object" && details !== null && "removedAt" in details;
  const removedAt = isDated ? details.removedAt : undefined;
  return { taskId, error, ...(typeof removedAt === "number" ? { removedAt } : {}) };
}
