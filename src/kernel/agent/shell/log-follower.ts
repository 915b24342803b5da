/**
 * Reads a task's output as it is written, across rotations, each byte once.
 *
 * Nothing is polled: the system tells when the folder changes. Only where it can't (no watches left) is it looked at
 * four times a second.
 */
import { isUtf8 } from "node:buffer";
import { type FSWatcher, watch } from "node:fs";
import type { LogEvents } from "#contracts/kernel/agent-streams.ts";
import {
  closeParts,
  type OpenedPart,
  type Place,
  placeOf,
  placeOfLastLines,
  type RotatedFile,
} from "./rotated-file.ts";
import { wholeCharacters } from "./utf8.ts";

export type FollowedEvent = {
  readonly [Name in "output" | "rotated" | "missed" | "end"]: {
    readonly event: Name;
    readonly data: LogEvents[Name];
    /** Behind this event. */
    readonly cursor: string;
  };
}["output" | "rotated" | "missed" | "end"];

export interface FollowOptions {
  readonly file: RotatedFile;
  readonly from:
    | { readonly kind: "offset"; readonly offset: number }
    | { readonly kind: "lines"; readonly lines: number }
    | { readonly kind: "cursor"; readonly place: Place };
  readonly follow: boolean;
  /** How it stands with the task; asked when everything was read. Undefined: it goes on. */
  readonly ended: () => LogEvents["end"] | undefined;
  /** Registers what is called when `ended` may answer differently; the answer takes it away. */
  readonly onMayHaveEnded: (listener: () => void) => () => void;
  /** Aborted when the reader goes. */
  readonly signal: AbortSignal;
  /** Nothing came for this long: the empty event is yielded. */
  readonly idleMs: number;
}

const pieceBytesMax = 65_536;
const pollMs = 250;

export const cursorOf = ({ inode, offset }: Place): string => `${inode}-${offset}`;

/** Undefined for what is no cursor. */
export function parseCursor(text: string): Place | undefined {
  const match = /^(\d{1,20})-(\d{1,15})$/.exec(text);
  return match === null ? undefined : { inode: Number(match[1]), offset: Number(match[2]) };
}

/** `idle` is yielded when nothing came for a while. */
export async function* followFile(options: FollowOptions): AsyncGenerator<FollowedEvent | "idle"> {
  const changes = new Changes(options.file.folder);
  options.signal.addEventListener("abort", changes.tell, { once: true });
  const stopListening = options.onMayHaveEnded(changes.tell);
  const reading: Reading = { part: undefined, offset: 0 };
  try {
    const start = await findStart(options);
    reading.part = start.part;
    reading.offset = start.offset;
    // Who does not follow gets what was there when they came, however fast more is written.
    const limit = options.follow ? undefined : start.end;
    if (start.missed) yield { event: "missed", data: {}, cursor: cursorAt(reading) };
    while (!options.signal.aborted) {
      // Read first: what is said of the task here is true of everything that was written before.
      const ended = options.ended();
      const isLast = ended !== undefined || !options.follow;
      if (!options.follow && isPast(reading, limit)) {
        yield { event: "end", data: ended ?? { cause: "atEnd" }, cursor: cursorAt(reading) };
        return;
      }
      const piece = await readPiece(reading, isLast, limit);
      if (piece !== undefined) {
        yield { event: "output", data: piece, cursor: cursorAt(reading) };
        continue;
      }
      const moved = await moveOn(options.file, reading);
      if (moved === "missed" && !options.follow) {
        // What was there when they came has been rotated away meanwhile.
        yield { event: "missed", data: {}, cursor: cursorAt(reading) };
        yield { event: "end", data: ended ?? { cause: "atEnd" }, cursor: cursorAt(reading) };
        return;
      }
      if (moved === "moved" || moved === "missed") {
        yield { event: moved === "moved" ? "rotated" : "missed", data: {}, cursor: cursorAt(reading) };
        continue;
      }
      if (moved === "more") continue;
      if (isLast || moved === "gone") {
        yield { event: "end", data: endOf(ended, moved), cursor: cursorAt(reading) };
        return;
      }
      if (!(await changes.next(options.idleMs))) yield "idle";
    }
  } finally {
    stopListening();
    changes.close();
    if (reading.part !== undefined) await closeParts([reading.part]);
  }
}

interface Reading {
  part: OpenedPart | undefined;
  offset: number;
}

const cursorAt = ({ part, offset }: Reading): string => cursorOf({ inode: part?.inode ?? 0, offset });

function endOf(ended: LogEvents["end"] | undefined, moved: "none" | "gone"): LogEvents["end"] {
  if (ended !== undefined) return ended;
  return { cause: moved === "gone" ? "filesRemoved" : "atEnd" };
}

/** Nothing that was there at the beginning is left to read. */
const isPast = ({ part, offset }: Reading, limit: Place | undefined): boolean =>
  limit === undefined || (part?.inode === limit.inode && offset >= limit.offset);

async function findStart({
  file,
  from,
}: FollowOptions): Promise<Reading & { readonly missed: boolean; readonly end: Place | undefined }> {
  const parts = await file.open();
  try {
    const place =
      from.kind === "cursor"
        ? from.place
        : from.kind === "offset"
          ? placeOf(parts, from.offset)
          : await placeOfLastLines(parts, from.lines);
    const found = parts.find(({ inode }) => inode === place?.inode);
    const part = found ?? parts[0];
    const missed = from.kind === "cursor" && found === undefined && from.place.inode !== 0;
    await closeParts(parts.filter((each) => each !== part));
    const offset = found === undefined ? 0 : (place?.offset ?? 0);
    // A cursor behind the end is of a file that was cut: it is read from its end on.
    const last = parts.at(-1);
    const end = last === undefined ? undefined : { inode: last.inode, offset: last.opened.size };
    return { part, offset: Math.min(offset, part?.opened.size ?? 0), missed, end };
  } catch (error) {
    await closeParts(parts);
    throw error;
  }
}

/** What comes next, as text where it is; a character that is not whole yet waits unless nothing more comes. */
async function readPiece(
  reading: Reading,
  isLast: boolean,
  limit: Place | undefined,
): Promise<LogEvents["output"] | undefined> {
  const { part, offset } = reading;
  if (part === undefined) return undefined;
  const left = part.inode === limit?.inode ? Math.max(0, limit.offset - offset) : pieceBytesMax;
  const buffer = Buffer.alloc(Math.min(pieceBytesMax, left));
  const { bytesRead } = await part.opened.handle.read(buffer, 0, buffer.length, offset);
  const whole = wholeCharacters(buffer, bytesRead);
  const taken = whole === 0 && isLast ? bytesRead : whole;
  if (taken === 0) return undefined;
  reading.offset += taken;
  const bytes = buffer.subarray(0, taken);
  return isUtf8(bytes)
    ? { offset, text: bytes.toString("utf8") }
    : { offset, base64: bytes.toString("base64") };
}

/** At the end of one file: is there another one behind it? */
async function moveOn(
  file: RotatedFile,
  reading: Reading,
): Promise<"moved" | "missed" | "none" | "more" | "gone"> {
  const present = reading.part;
  const newest = await file.newest();
  if (newest === undefined) return present === undefined || (await isListed(file)) ? "none" : "gone";
  await closeParts([newest]);
  if (present === undefined) {
    // It began meanwhile, and may have been rotated since.
    const [oldest, ...rest] = await file.open();
    await closeParts(rest);
    reading.part = oldest;
    return "more";
  }
  if (newest.inode === present.inode) return "none";
  // It has been rotated away: what was written into it before is read to its end first.
  if ((await present.opened.handle.stat()).size > reading.offset && (await hasMoreCharacters(reading)))
    return "more";
  const parts = await file.open();
  const at = parts.findIndex(({ inode }) => inode === present.inode);
  const next = parts[at + 1] ?? parts.at(-1);
  await closeParts(parts.filter((part) => part !== next));
  await closeParts([present]);
  reading.part = next;
  reading.offset = 0;
  return at === -1 ? "missed" : "moved";
}

const isListed = async (file: RotatedFile): Promise<boolean> => {
  const parts = await file.open();
  await closeParts(parts);
  return parts.length > 0;
};

async function hasMoreCharacters({ part, offset }: Reading): Promise<boolean> {
  if (part === undefined) return false;
  const buffer = Buffer.alloc(pieceBytesMax);
  const { bytesRead } = await part.opened.handle.read(buffer, 0, buffer.length, offset);
  return wholeCharacters(buffer, bytesRead) > 0;
}

/** Tells when a folder changed. */
class Changes {
  readonly #watcher: FSWatcher | undefined;
  readonly #poll: NodeJS.Timeout | undefined;
  #changed = true;
  #wake: (() => void) | undefined;

  constructor(folder: string) {
    try {
      this.#watcher = watch(folder, { persistent: false }, this.tell);
      this.#watcher.on("error", this.tell);
    } catch {
      this.#poll = setInterval(this.tell, pollMs);
      this.#poll.unref();
    }
  }

  /** Something else happened that is worth a look. */
  readonly tell = (): void => {
    this.#changed = true;
    this.#wake?.();
  };

  /** False when nothing changed in this time. Changes since the last call count. */
  async next(ms: number): Promise<boolean> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#poll);
  }
}
