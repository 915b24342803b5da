/** Reads a server-sent stream of an agent as a client does. */
import { createHttpClient, EventDecoder } from "#foundation/http/index.ts";

export interface ReadEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a client gets is looked at by tests
  readonly data: any;
  readonly id: string | undefined;
  /** When it came, ms. */
  readonly at: number;
}

const waitMs = 60_000;

export class StreamReader {
  readonly events: ReadEvent[] = [];
  status: number | undefined;
  isOver = false;
  readonly #client = createHttpClient();
  readonly #decoder = new EventDecoder();
  readonly #waiting = new Set<() => void>();
  readonly #abort: () => void;

  constructor(url: string) {
    const stream = this.#client.stream(
      { method: "GET", url },
      {
        onHead: (status) => {
          this.status = status;
        },
        onData: (piece) => {
          for (const { event, data, id } of this.#decoder.push(piece))
            this.events.push({ event, data: JSON.parse(data), id, at: Date.now() });
          this.#look();
        },
        onEnd: () => {
          this.isOver = true;
          this.#look();
        },
      },
    );
    this.#abort = () => stream.abort();
  }

  get text(): string {
    return this.events
      .filter(({ event }) => event === "output")
      .map(({ data }) => data.text ?? Buffer.from(data.base64, "base64").toString("latin1"))
      .join("");
  }

  until(what: string, look: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!look()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`never came: ${what}; there was ${JSON.stringify(this.events).slice(0, 2_000)}`));
      }, waitMs);
      this.#waiting.add(check);
      check();
    });
  }

  untilOver(): Promise<void> {
    return this.until("the end of the stream", () => this.isOver);
  }

  async close(): Promise<void> {
    this.#abort();
    await this.#client.close();
  }

  #look(): void {
    for (const check of [...this.#waiting]) check();
  }
}
