/**
 * A file that is rotated while it is read: `stdout.2`, `stdout.1` and `stdout` as one text, oldest first.
 *
 * A place in it is the inode of one of them and an offset: it stays true when files move on to other names.
 */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { hasCode } from "#foundation/base/errors.ts";
import { type OpenedFile, openInside } from "./sandbox-files.ts";

/** Of one file of the row. The caller closes `opened.handle`. */
export interface OpenedPart {
  readonly inode: number;
  readonly opened: OpenedFile;
}

export interface Place {
  readonly inode: number;
  readonly offset: number;
}

/** Read backwards at most this far for the last lines. */
const backwardsBytesMax = 33_554_432;
const blockBytes = 65_536;
const lineFeed = 0x0a;
/** A row that is rotated faster than it can be opened is taken as it was found at last. */
const triesMax = 50;

export class RotatedFile {
  readonly #root: string;
  readonly #path: string;

  /** `path` is inside of `root`; nothing leads out of it. */
  constructor(root: string, path: string) {
    this.#root = root;
    this.#path = path;
  }

  /** Folder that changes when the row does. */
  get folder(): string {
    return dirname(this.#path);
  }

  /** All parts, oldest first. Empty when there is none. Throws as `openInside` does for what is no file. */
  async open(): Promise<readonly OpenedPart[]> {
    // Names move on while they are opened one by one; the newest file tells whether they did.
    for (let tries = 1; ; tries += 1) {
      const before = await this.#newestInode();
      const parts = await this.#openAll();
      if (parts.at(-1)?.inode === before || tries === triesMax) return parts;
      await closeParts(parts);
    }
  }

  async #newestInode(): Promise<number | undefined> {
    const newest = await this.newest();
    if (newest !== undefined) await closeParts([newest]);
    return newest?.inode;
  }

  async #openAll(): Promise<readonly OpenedPart[]> {
    const parts: OpenedPart[] = [];
    for (const name of await this.#names()) {
      const part = await this.#openPart(name);
      // One that was renamed while we looked is seen twice.
      if (part !== undefined && parts.some(({ inode }) => inode === part.inode)) await closeParts([part]);
      else if (part !== undefined) parts.push(part);
    }
    return parts;
  }

  /** The newest part; undefined when there is none. */
  newest(): Promise<OpenedPart | undefined> {
    return this.#openPart(basename(this.#path));
  }

  async #openPart(name: string): Promise<OpenedPart | undefined> {
    try {
      const opened = await openInside(this.#root, join(this.folder, name));
      return { inode: (await opened.handle.stat()).ino, opened };
    } catch (error) {
      if (hasCode(error, "NotFound")) return undefined;
      throw error;
    }
  }

  async #names(): Promise<readonly string[]> {
    const name = basename(this.#path);
    const entries = await readdir(this.folder).catch(() => []);
    const numbers = entries.flatMap((entry) => {
      const suffix = entry.startsWith(`${name}.`) ? entry.slice(name.length + 1) : "";
      return /^[1-9]\d{0,3}$/.test(suffix) ? [Number(suffix)] : [];
    });
    numbers.sort((one, other) => other - one);
    return [...numbers.map((number) => `${name}.${number}`), name];
  }
}

export async function closeParts(parts: Iterable<OpenedPart>): Promise<void> {
  for (const { opened } of parts) await opened.handle.close();
}

/** Where byte `offset` of all parts together is; a negative one counts from the end. */
export function placeOf(parts: readonly OpenedPart[], offset: number): Place | undefined {
  const total = parts.reduce((sum, { opened }) => sum + opened.size, 0);
  let left = offset >= 0 ? offset : Math.max(0, total + offset);
  for (const { inode, opened } of parts) {
    if (left < opened.size) return { inode, offset: left };
    left -= opened.size;
  }
  const last = parts.at(-1);
  return last === undefined ? undefined : { inode: last.inode, offset: last.opened.size };
}

/** Where the last `lines` lines begin; an end without a line feed is a line too. */
export async function placeOfLastLines(
  parts: readonly OpenedPart[],
  lines: number,
): Promise<Place | undefined> {
  let wanted = lines;
  let budget = backwardsBytesMax;
  let isFirst = true;
  for (const { inode, opened } of parts.toReversed()) {
    for (let end = opened.size; end > 0; ) {
      const length = Math.min(blockBytes, end, budget);
      if (length === 0) return { inode, offset: end };
      const block = Buffer.alloc(length);
      const { bytesRead } = await opened.handle.read(block, 0, length, end - length);
      for (let at = bytesRead - 1; at >= 0; at -= 1) {
        // The line feed at the very end closes the last line, it does not begin one.
        const ends = isFirst;
        isFirst = false;
        if (block[at] !== lineFeed || ends) continue;
        wanted -= 1;
        if (wanted <= 0) return { inode, offset: end - length + at + 1 };
      }
      end -= length;
      budget -= length;
    }
  }
  const oldest = parts[0];
  return oldest === undefined ? undefined : { inode: oldest.inode, offset: 0 };
}
