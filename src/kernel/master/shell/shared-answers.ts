/**
 * Big answers for many readers. One is made at a time, in short slices between which the loop is free; all who ask for
 * the same while it waits for its turn get the same bytes. What is read is never older than the question, and it is of
 * one moment if that fits in one slice.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ErrorCode } from "#contracts/errors.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { acceptsGzip, type HttpRequest, type PlainAnswer, parts } from "#foundation/http/index.ts";
import type { MasterState } from "../core/index.ts";
import { GzipPieces } from "./gzip-pieces.ts";
import type { Pieces, StateView } from "./state-answer.ts";
import { StatePages } from "./state-pages.ts";
import type { Viewer } from "./viewer.ts";

const defaultLimits = {
  /** Different answers that wait for their turn; more are refused. */
  waiting: 64,
  /** A larger answer is made for each reader anew while it is sent, and nothing of it is kept. */
  answerBytes: 768 * 1_048_576,
  /** What slow readers may hold that is in no page any more; beyond, those whose answers are oldest are cut off. */
  heldBytes: 256 * 1_048_576,
  /** How much is given to a connection at once. */
  writeBytes: 524_288,
  /** First the pages are brought up to date in slices this long, then the answer is put together in longer ones. */
  sliceMs: 8,
  finalSliceMs: 25,
};
export type SharedAnswerLimits = typeof defaultLimits;

export interface Wanted {
  /** Of what is asked for; with the viewer's key: the same key, the same answer. */
  readonly name: string;
  readonly viewer: () => Viewer;
  readonly render: (view: StateView) => Pieces;
  /** JSON if it is not said. */
  readonly mediaType?: string;
}

/** An answer that was made; without its pieces once it was held for too long. */
interface Made {
  pieces: readonly Buffer[] | undefined;
  readonly bytes: number;
  /** Of these, in no page. */
  readonly ownBytes: number;
  readonly droppedBefore: number;
  readers: number;
  zipped?: Promise<Made>;
}

export class SharedAnswers {
  readonly #state: MasterState;
  readonly #pages: StatePages;
  readonly #limits: SharedAnswerLimits;
  readonly #gzip = new GzipPieces();
  readonly #waiting = new Map<string, Promise<Made | "tooLarge">>();
  /** Those that somebody reads, oldest first. */
  readonly #held = new Set<Made>();
  /** Those of who sees all, as long as nothing changes; few hold more than pages. */
  readonly #current = new Map<string, Made>();
  #currentVersion = -1;
  #last: Promise<unknown> = Promise.resolve();
  #made = 0;

  constructor(state: MasterState, limits: Partial<SharedAnswerLimits> = {}, pages = new StatePages()) {
    this.#state = state;
    this.#pages = pages;
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** How many answers were made, for however many readers. */
  get made(): number {
    return this.#made;
  }

  async answer({ headers }: Pick<HttpRequest, "headers">, wanted: Wanted): Promise<PlainAnswer> {
    const type = { "content-type": wanted.mediaType ?? "application/json" };
    const made = await this.#joined(wanted);
    if (made === "tooLarge") return parts(this.#afresh(wanted), type);
    const isZipped = acceptsGzip(headers) && made.bytes >= this.#gzip.bytesMin;
    const sent = isZipped ? await this.#zipped(made) : made;
    return parts(this.#read(sent), {
      ...type,
      ...(isZipped ? { "content-encoding": "gzip" } : {}),
      "content-length": String(sent.bytes),
    });
  }

  /** Brings the pages of an answer up to date, so that it can be had `atOnce` soon after. */
  async prepare(wanted: Wanted): Promise<void> {
    if ((await this.#joined(wanted)) === "tooLarge") throw tooLarge(this.#limits.answerBytes);
  }

  /** An answer of this very turn of the loop, for who must not miss what comes after it. */
  atOnce(wanted: Wanted): readonly Buffer[] {
    return [...wanted.render(this.#view(wanted, this.#pages))];
  }

  #joined(wanted: Wanted): Promise<Made | "tooLarge"> {
    const key = `${wanted.viewer().key} ${wanted.name}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    if (this.#waiting.size >= this.#limits.waiting) {
      throw new CodedError<ErrorCode>(
        "Overloaded",
        `${this.#waiting.size} large answers wait to be made; ask again in a moment`,
      );
    }
    const job = this.#last.then(async () => {
      // Whoever asks in this turn of the loop is in time.
      await nextTurn();
      this.#waiting.delete(key);
      const known = this.#known(key);
      if (known !== undefined) return known;
      const { version } = this.#state;
      const made = await this.#make(wanted);
      if (version === this.#state.version && wanted.viewer().seesAll) this.#remember(key, made);
      return made;
    });
    this.#last = job.catch(() => undefined);
    this.#waiting.set(key, job);
    return job;
  }

  #known(key: string): Made | undefined {
    if (this.#currentVersion !== this.#state.version) this.#current.clear();
    const known = this.#current.get(key);
    return known?.pieces === undefined ? undefined : known;
  }

  #remember(key: string, made: Made | "tooLarge"): void {
    if (made === "tooLarge" || made.ownBytes > ownBytesKept || this.#current.size >= this.#limits.waiting)
      return;
    this.#currentVersion = this.#state.version;
    this.#current.set(key, made);
  }

  async #make(wanted: Wanted): Promise<Made | "tooLarge"> {
    this.#made += 1;
    this.#shed();
    const droppedBefore = this.#pages.budget.droppedBytes;
    let collected = await this.#collect(wanted, this.#limits.sliceMs);
    if (collected !== undefined && collected.slices > 1)
      collected = await this.#collect(wanted, this.#limits.finalSliceMs);
    this.#pages.retain(this.#state);
    return collected === undefined ? "tooLarge" : { ...collected.done(), droppedBefore, readers: 0 };
  }

  async #collect(wanted: Wanted, sliceMs: number): Promise<Collected | undefined> {
    const collected = new Collected(this.#pages);
    let until = performance.now() + sliceMs;
    for (const piece of wanted.render(this.#view(wanted, this.#pages))) {
      collected.add(piece);
      if (collected.bytes > this.#limits.answerBytes) return undefined;
      if (performance.now() < until) continue;
      collected.slices += 1;
      await nextTurn();
      until = performance.now() + sliceMs;
    }
    return collected;
  }

  /** For one reader, as it takes it. */
  async *#afresh(wanted: Wanted): AsyncGenerator<Buffer> {
    for (const piece of wanted.render(this.#view(wanted, new StatePages(0)))) {
      yield piece;
      await nextTurn();
    }
  }

  #view = ({ viewer }: Wanted, pages: StatePages): StateView => ({
    state: this.#state,
    viewer: viewer(),
    pages,
    heldBytesMax: this.#limits.answerBytes,
  });

  #zipped(made: Made): Promise<Made> {
    const { pieces = [], droppedBefore } = made;
    made.zipped ??= this.#gzip.zip(pieces, this.#limits.sliceMs).then((zipped) => ({
      pieces: zipped,
      bytes: zipped.reduce((sum, { length }) => sum + length, 0),
      ownBytes: 0,
      droppedBefore,
      readers: 0,
    }));
    return made.zipped;
  }

  async *#read(made: Made): AsyncGenerator<readonly Buffer[]> {
    made.readers += 1;
    this.#held.add(made);
    try {
      for (let at = 0; ; ) {
        const { pieces } = made;
        if (pieces === undefined) throw new Error("read too slowly: the answer is no longer kept");
        if (at === pieces.length) return;
        let end = at;
        for (let bytes = 0; end < pieces.length && bytes < this.#limits.writeBytes; end += 1)
          bytes += pieces[end]?.length ?? 0;
        yield pieces.slice(at, end);
        at = end;
      }
    } finally {
      made.readers -= 1;
      if (made.readers === 0) this.#held.delete(made);
    }
  }

  /** Cuts off those who hold on to the oldest, until what is held is within its bound. */
  #shed(): void {
    let own = [...this.#held].reduce((sum, { ownBytes }) => sum + ownBytes, 0);
    for (const made of this.#held) {
      const dropped = this.#pages.budget.droppedBytes - made.droppedBefore;
      if (dropped + own <= this.#limits.heldBytes) return;
      own -= made.ownBytes;
      made.pieces = undefined;
      this.#held.delete(made);
    }
  }
}

const tooLarge = (bytesMax: number): CodedError<ErrorCode> =>
  new CodedError(
    "Overloaded",
    `the state has more than ${bytesMax} bytes, which is as much as is sent at once`,
  );

/** Of an answer that is kept, in no page. */
const ownBytesKept = 1_048_576;

const smallBytes = 4_096;

/** Pieces as they are made; small ones next to each other are joined. */
class Collected {
  slices = 1;
  bytes = 0;
  readonly #pages: StatePages;
  readonly #pieces: Buffer[] = [];
  #ownBytes = 0;
  #small: Buffer[] = [];

  constructor(pages: StatePages) {
    this.#pages = pages;
  }

  add(piece: Buffer): void {
    this.bytes += piece.length;
    if (!this.#pages.budget.isInPage(piece)) this.#ownBytes += piece.length;
    if (piece.length < smallBytes) {
      this.#small.push(piece);
      return;
    }
    this.#flush();
    this.#pieces.push(piece);
  }

  done(): Pick<Made, "pieces" | "bytes" | "ownBytes"> {
    this.#flush();
    return { pieces: this.#pieces, bytes: this.bytes, ownBytes: this.#ownBytes };
  }

  #flush(): void {
    if (this.#small.length > 0) this.#pieces.push(Buffer.concat(this.#small));
    this.#small = [];
  }
}
