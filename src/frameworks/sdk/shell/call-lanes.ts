/**
 * Sends calls in an order the master can rely on, without one slow answer holding up everything.
 *
 * Calls about offers and tasks go one after the other: a KILL must not overtake the ACCEPT that launches its
 * task. Acknowledgements depend on nothing else and go several at a time.
 */

/** Acknowledgements on their way at once. */
const acknowledgementsMax = 8;
/** Calls that may wait; one more is refused. */
export const waitingCallsMax = 20_000;

interface Lane {
  readonly widthMax: number;
  readonly waiting: (() => Promise<void>)[];
  width: number;
}

export class CallLanes {
  readonly #ordered: Lane = { widthMax: 1, waiting: [], width: 0 };
  readonly #acknowledgements: Lane = { widthMax: acknowledgementsMax, waiting: [], width: 0 };

  #onIdle: (() => void)[] = [];

  /** False when too many wait. `send` must not throw. */
  add(lane: "ordered" | "acknowledgement", send: () => Promise<void>): boolean {
    const chosen = lane === "ordered" ? this.#ordered : this.#acknowledgements;
    if (chosen.waiting.length >= waitingCallsMax) return false;
    chosen.waiting.push(send);
    this.#pump(chosen);
    return true;
  }

  /** Waits until every call that was added has its answer. */
  async idle(): Promise<void> {
    while (this.#ordered.width > 0 || this.#acknowledgements.width > 0) {
      await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    }
  }

  /** Forgets what waits: it was meant for a stream that is gone. */
  clear(): void {
    this.#ordered.waiting.length = 0;
    this.#acknowledgements.waiting.length = 0;
  }

  #pump(lane: Lane): void {
    while (lane.width < lane.widthMax) {
      const send = lane.waiting.shift();
      if (send === undefined) return;
      lane.width += 1;
      void send().finally(() => {
        lane.width -= 1;
        this.#pump(lane);
        for (const wake of this.#onIdle.splice(0)) wake();
      });
    }
  }
}
