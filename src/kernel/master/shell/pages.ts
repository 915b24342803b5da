/**
 * Long lists of records as bytes, in pages of about a hundred: made on first read, kept outside of the heap, and made
 * again when a record in them is another. Nobody has to say that something changed: a page remembers the values that
 * its text was made of, and looking whether they are the same costs a hundredth of writing them.
 */

/** How a kind of record is written. */
export interface PageKind<Item> {
  readonly write: (item: Item) => string | Uint8Array;
  /** The byte before every item; a comma if it is not said. */
  readonly lead?: number;
  /** Adds all that the text depends on and that may change. Values that never change inside, compared with `===`. */
  readonly stamp: (item: Item, into: unknown[]) => void;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** The text of every item, each with the lead of its kind before it. */
  readonly bytes: Buffer;
  /** The same without the first lead: for the first page of a list. */
  readonly first: Buffer;
  /** Where the lead of each item is in `bytes`, and where they end. */
  readonly starts: Uint32Array;
  readonly stamps: readonly unknown[];
  readonly stampStarts: Uint32Array;
}

/** Bytes kept in pages of all kinds; what is over is made anew for each reader. */
export class PageBudget {
  readonly bytesMax: number;
  bytes = 0;
  /** Of pages that were dropped, since the start: who still holds on to some of them holds at most what was dropped since. */
  droppedBytes = 0;
  readonly #inPages = new WeakSet<Buffer>();

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  made({ bytes, first }: Page<unknown>): void {
    this.#inPages.add(bytes).add(first);
  }

  /** Whether these bytes are a whole page. */
  isInPage(bytes: Buffer): boolean {
    return this.#inPages.has(bytes);
  }
}

const itemsPerPageDefault = 100;

/** The pages of lists of one kind. One walk at a time. */
export class Pages<Item extends object> {
  readonly #kind: PageKind<Item>;
  readonly #budget: PageBudget;
  readonly #lists = new Map<object, readonly Page<Item>[]>();
  readonly #itemsPerPage: number;
  readonly #scratch: unknown[] = [];

  constructor(kind: PageKind<Item>, budget: PageBudget, itemsPerPage = itemsPerPageDefault) {
    this.#kind = kind;
    this.#budget = budget;
    this.#itemsPerPage = itemsPerPage;
  }

  /** The pages of a list as it is now; `list` is who it is, such as the map that holds the records. */
  *of(list: object, records: Iterable<Item>): Generator<Page<Item>> {
    const items = [...records];
    const before = new Map(this.#lists.get(list)?.map((page) => [page.items[0], page]));
    const pages: Page<Item>[] = [];
    const { bytesMax } = this.#budget;
    let room = bytesMax - this.#budget.bytes + sizeOf(this.#lists.get(list) ?? []);
    for (let at = 0; at < items.length; ) {
      const page = this.#next(items, at, before);
      room -= page.bytes.length;
      if (room >= 0) pages.push(page);
      else this.#budget.droppedBytes += page.bytes.length;
      at += page.items.length;
      yield page;
    }
    this.#keep(list, pages);
  }

  /** Lets go of all lists but these. */
  retain(lists: ReadonlySet<object>): void {
    for (const list of this.#lists.keys()) if (!lists.has(list)) this.#keep(list, []);
  }

  /**
   * The page that begins at an item. Where pages begin stays as it was, so that what is added or removed changes one
   * page only; two short pages next to each other become one.
   */
  #next(items: readonly Item[], at: number, before: ReadonlyMap<Item | undefined, Page<Item>>): Page<Item> {
    const known = before.get(items[at]);
    const itemsMax = this.#itemsPerPage;
    const isShort = (from: number): boolean => (before.get(items[from])?.items.length ?? 0) < itemsMax / 2;
    if (known !== undefined && this.#isCurrent(known, items, at)) {
      const end = at + known.items.length;
      if (end === items.length || !(isShort(at) && isShort(end))) return known;
    }
    let end = at + 1;
    while (end < items.length && end - at < itemsMax) {
      if (before.has(items[end]) && !(end - at < itemsMax / 2 && isShort(end))) break;
      end += 1;
    }
    return this.#make(items.slice(at, end), known);
  }

  #isCurrent(page: Page<Item>, items: readonly Item[], at: number): boolean {
    const scratch = this.#scratch;
    scratch.length = 0;
    for (let index = 0; index < page.items.length; index += 1) {
      const item = page.items[index];
      if (item === undefined || items[at + index] !== item) return false;
      this.#kind.stamp(item, scratch);
    }
    return areSame(page.stamps, 0, page.stamps.length, scratch);
  }

  /** Texts of the former page that are still right are taken over. */
  #make(items: readonly Item[], former: Page<Item> | undefined): Page<Item> {
    const texts: Buffer[] = [];
    const stamps: unknown[] = [];
    const stampStarts = new Uint32Array(items.length + 1);
    const starts = new Uint32Array(items.length + 1);
    let size = 0;
    let old = 0;
    for (const [index, item] of items.entries()) {
      const from = stamps.length;
      this.#kind.stamp(item, stamps);
      stampStarts[index + 1] = stamps.length;
      const found = former?.items.indexOf(item, old) ?? -1;
      if (found !== -1) old = found + 1;
      const text =
        (former === undefined || found === -1 ? undefined : textIn(former, found, stamps.slice(from))) ??
        bufferOf(this.#kind.write(item));
      texts.push(text);
      size += text.length + 1;
      starts[index + 1] = size;
    }
    // Of its own, not cut from the pool that small buffers share: a page may stay for hours.
    const bytes = Buffer.allocUnsafeSlow(size);
    for (const [index, text] of texts.entries()) {
      const start = starts[index] ?? 0;
      bytes[start] = this.#kind.lead ?? comma;
      bytes.set(text, start + 1);
    }
    const page = { items, bytes, first: bytes.subarray(1), starts, stamps, stampStarts };
    this.#budget.made(page);
    return page;
  }

  #keep(list: object, pages: readonly Page<Item>[]): void {
    const budget = this.#budget;
    const former = this.#lists.get(list) ?? [];
    const kept = new Set(pages);
    budget.bytes += sizeOf(pages) - sizeOf(former);
    budget.droppedBytes += sizeOf(former.filter((page) => !kept.has(page)));
    if (pages.length === 0) this.#lists.delete(list);
    else this.#lists.set(list, pages);
  }
}

const comma = 0x2c;

const bufferOf = (text: string | Uint8Array): Buffer =>
  typeof text === "string" ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.byteLength);

const sizeOf = (pages: readonly { readonly bytes: Buffer }[]): number =>
  pages.reduce((sum, { bytes }) => sum + bytes.length, 0);

function textIn<Item>(page: Page<Item>, index: number, stamp: readonly unknown[]): Buffer | undefined {
  const from = page.stampStarts[index] ?? 0;
  const to = page.stampStarts[index + 1] ?? 0;
  if (!areSame(page.stamps, from, to, stamp)) return undefined;
  return page.bytes.subarray((page.starts[index] ?? 0) + 1, page.starts[index + 1]);
}

function areSame(all: readonly unknown[], from: number, to: number, others: readonly unknown[]): boolean {
  if (to - from !== others.length) return false;
  for (let index = 0; index < others.length; index += 1)
    if (all[from + index] !== others[index]) return false;
  return true;
}

/** As it is, left out, or with a text of its own. */
export type Shown<Text = string> = boolean | Text;

/** Pages as the inside of a JSON array. `shown` says what a reader gets to see of an item; without it, all. */
export function* arrayOf<Item>(
  pages: Iterable<Page<Item>>,
  shown?: (item: Item) => Shown,
): Generator<Buffer> {
  let isFirst = true;
  for (const page of pages) {
    for (const piece of piecesOf(page, shown)) {
      const isEmpty = piece.length === 0;
      yield !isFirst || isEmpty ? piece : piece === page.bytes ? page.first : piece.subarray(1);
      isFirst &&= isEmpty;
    }
  }
}

/** Pages as they are, each item with its lead: a repeated field of a protobuf message. */
export function* fieldsOf<Item>(
  pages: Iterable<Page<Item>>,
  shown?: (item: Item) => Shown<Uint8Array>,
): Generator<Buffer> {
  for (const page of pages) yield* piecesOf(page, shown);
}

export const nothing = Buffer.alloc(0);

/**
 * What is shown of a page, in as few pieces as it goes; each begins with a lead. A page that is left out whole is an
 * empty piece, so that whoever writes may pause there.
 */
function piecesOf<Item>(
  { items, bytes, starts }: Page<Item>,
  shown: ((item: Item) => Shown<string | Uint8Array>) | undefined,
): readonly Buffer[] {
  if (shown === undefined) return [bytes];
  const lead = bytes.subarray(0, 1);
  const pieces: Buffer[] = [];
  let runStart = 0;
  const endRun = (end: number): void => {
    const [from = 0, to = 0] = [starts[runStart], starts[end]];
    if (to > from) pieces.push(runStart === 0 && end === items.length ? bytes : bytes.subarray(from, to));
    runStart = end + 1;
  };
  for (const [index, item] of items.entries()) {
    const how = shown(item);
    if (how === true) continue;
    endRun(index);
    if (how !== false) pieces.push(Buffer.concat([lead, Buffer.from(how)]));
  }
  endRun(items.length);
  return pieces.length === 0 ? [nothing] : pieces;
}
