/**
 * When to read again: as soon as the cluster's event stream says that something changed, and after a while all the same,
 * since not everything has an event. Where no stream can be heard, after the shorter while.
 */
import { followEvents } from "#clients/client/events.ts";
import type { Context } from "./context.ts";
import { pause } from "./pause.ts";

export interface HeardKinds {
  readonly kinds: readonly string[];
  /** Ids; none: all. */
  readonly objects?: readonly string[];
}

/** What comes together is read once. */
const gatherMs = 50;

export class HeardChanges {
  readonly #stop = new AbortController();
  #isHeard = false;
  #isDue = false;
  #wake: () => void = () => undefined;

  constructor(context: Pick<Context, "connection">, { kinds, objects = [] }: HeardKinds) {
    const tell = (): void => {
      this.#isDue = true;
      this.#wake();
    };
    void followEvents(
      context.connection,
      { kinds, objects },
      {
        // What happened before it was open was not heard: that is read too.
        onOpen: () => {
          this.#isHeard = true;
          tell();
        },
        onEvent: tell,
      },
      this.#stop.signal,
    ).catch(() => {
      // A door that refuses, or is not there: what is read goes on by the clock.
      this.#isHeard = false;
    });
  }

  /** Comes when something changed since the last time, or when so much time has passed. */
  async next({
    heardMs,
    unheardMs,
  }: {
    readonly heardMs: number;
    readonly unheardMs: number;
  }): Promise<void> {
    if (!this.#isDue)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#isHeard ? heardMs : unheardMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.#wake = () => undefined;
    if (!this.#isDue) return;
    await pause(gatherMs);
    this.#isDue = false;
  }

  close(): void {
    this.#stop.abort();
  }
}
