/** The last events of the stream, newest first, bounded; readers are told at most four times a second. */
import type { ClusterEvent } from "#contracts/observe/events.ts";

const tellEveryMs = 250;

export class EventLog {
  static readonly sizeMax = 5_000;
  #events: ClusterEvent[] = [];
  #shown: readonly ClusterEvent[] = [];
  readonly #readers = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  add(event: ClusterEvent): void {
    if (event.kind === "reset") return;
    this.#events.push(event);
    // Dropped in batches, so that adding stays cheap in a burst.
    if (this.#events.length > 2 * EventLog.sizeMax) this.#events = this.#events.slice(-EventLog.sizeMax);
    this.#timer ??= setTimeout(() => this.#tell(), tellEveryMs);
  }

  readonly subscribe = (reader: () => void): (() => void) => {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  };

  readonly snapshot = (): readonly ClusterEvent[] => this.#shown;

  #tell(): void {
    this.#timer = undefined;
    this.#shown = this.#events.slice(-EventLog.sizeMax).reverse();
    for (const reader of this.#readers) reader();
  }
}
