/**
 * A toy to prove the simulation itself: senders that must get each of their entries into a ledger exactly
 * once, over calls that are lost and made twice, with crashes on both sides.
 */
import type { Core, InstantMs, Outcome } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";

/** Bugs planted to see them caught. */
export interface LedgerBugs {
  /** The ledger counts an entry it has seen already. */
  readonly countsTwice?: boolean;
  /** A sender does not send again what was not acknowledged. */
  readonly sendsOnce?: boolean;
}

export type LedgerEvent = { readonly kind: "entryReceived"; readonly entry: string; readonly call: number };
export type LedgerEffect = { readonly kind: "acknowledge"; readonly entry: string; readonly call: number };

/** Keeps entries, each once. */
export class LedgerCore implements Core<LedgerEvent, LedgerEffect> {
  readonly entries = new Set<string>();
  readonly #bugs: LedgerBugs;
  total = 0;

  constructor(records: ReadonlyMap<string, JsonValue>, bugs: LedgerBugs) {
    this.#bugs = bugs;
    for (const key of records.keys()) {
      this.entries.add(key.slice("entries/".length));
      this.total += 1;
    }
  }

  apply(event: LedgerEvent): Outcome<LedgerEffect> {
    const { entry, call } = event;
    const effects = [{ kind: "acknowledge" as const, entry, call }];
    const isKnown = this.entries.has(entry);
    if (isKnown && this.#bugs.countsTwice !== true) return { writes: [], effects };
    this.entries.add(entry);
    this.total += 1;
    return { writes: [{ kind: "put", key: `entries/${entry}`, value: true }], effects };
  }
  wakeAt(): undefined {
    return undefined;
  }
  wake(): Outcome<LedgerEffect> {
    return { writes: [], effects: [] };
  }
  snapshot(): JsonValue {
    return [...this.entries];
  }
  check(): readonly string[] {
    if (this.total === this.entries.size) return [];
    return [`counted ${this.total} for ${this.entries.size} entries`];
  }
}

export type SenderEvent = { readonly kind: "acknowledged"; readonly entry: string };
export type SenderEffect = { readonly kind: "send"; readonly entry: string };

const retryMs = 1_000;

/** Sends its entries one after the other, each until it is acknowledged. */
export class SenderCore implements Core<SenderEvent, SenderEffect> {
  readonly #waiting: string[];
  readonly #bugs: LedgerBugs;
  #nextAt: InstantMs | undefined;

  constructor(
    entries: readonly string[],
    records: ReadonlyMap<string, JsonValue>,
    now: InstantMs,
    bugs: LedgerBugs,
  ) {
    this.#waiting = entries.filter((entry) => !records.has(`done/${entry}`));
    this.#bugs = bugs;
    this.#nextAt = this.#waiting.length === 0 ? undefined : now;
  }

  get left(): number {
    return this.#waiting.length;
  }

  apply(event: SenderEvent, now: InstantMs): Outcome<SenderEffect> {
    if (this.#waiting[0] !== event.entry) return { writes: [], effects: [] };
    this.#waiting.shift();
    this.#nextAt = this.#waiting.length === 0 ? undefined : now + retryMs / 4;
    return { writes: [{ kind: "put", key: `done/${event.entry}`, value: true }], effects: [] };
  }
  wakeAt(): InstantMs | undefined {
    return this.#nextAt;
  }
  wake(now: InstantMs): Outcome<SenderEffect> {
    const entry = this.#waiting[0];
    this.#nextAt = this.#bugs.sendsOnce === true ? undefined : now + retryMs;
    return { writes: [], effects: entry === undefined ? [] : [{ kind: "send", entry }] };
  }
  snapshot(): JsonValue {
    return [...this.#waiting];
  }
  check(): readonly string[] {
    return [];
  }
}
