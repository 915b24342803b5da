/**
 * The sending end of a stream that stays open. Each record is written as one chunk. A reader that does not keep
 * up is let go once more waits for it than the bound, so that one slow client costs a bounded amount. What is sent in
 * one turn of the loop that began with nothing waiting does not count: nobody can read while it is written, and a first
 * snapshot may be larger than the bound.
 */
import type { ServerResponse } from "node:http";

export interface StreamWriter {
  /** Answers false when the stream is over, also because this record was one too many. */
  send(record: Buffer | string): boolean;
  /** Bytes accepted and not yet taken by the system. */
  readonly bufferedBytes: number;
  close(): void;
  /** Called once, when either side ended it. */
  onClose(listener: (cause: "reader" | "server" | "slow") => void): void;
}

export interface StreamBounds {
  /** Bytes that may wait behind a turn that began with nothing waiting. */
  readonly bufferedBytesMax: number;
  /** For readers who ask for more at once than the bound: so much may wait for so long. Default: nothing may. */
  readonly burst?: { readonly bytesMax: number; readonly forMs: number };
}

export const defaultStreamBounds: StreamBounds = { bufferedBytesMax: 8_388_608 };

/** So much is handed to the system's side at a time: a small record that waits there takes four times its size. */
const handedBytesMax = 262_144;

/** Sends the head of a chunked answer and takes the response over. */
export function openStream(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  bounds: StreamBounds = defaultStreamBounds,
): StreamWriter {
  response.writeHead(200, { "cache-control": "no-cache", ...headers, "transfer-encoding": "chunked" });
  response.flushHeaders();
  response.socket?.setNoDelay(true);
  response.socket?.setTimeout(0);
  const listeners: ((cause: "reader" | "server" | "slow") => void)[] = [];
  const waiting = new Waiting(bounds);
  const held = new Held();
  const waitingBytes = (): number => response.writableLength + held.bytes;
  const handOn = (): void => {
    while (response.writableLength < handedBytesMax) {
      const record = held.take();
      if (record === undefined) return;
      response.write(record);
    }
  };
  response.on("drain", handOn);
  let ended: "reader" | "server" | "slow" | undefined;
  const end = (cause: "reader" | "server" | "slow"): void => {
    if (ended !== undefined) return;
    ended = cause;
    for (let record = held.take(); record !== undefined; record = held.take())
      if (cause === "server") response.write(record);
    if (cause === "server") response.end();
    else response.destroy();
    for (const listener of listeners) listener(cause);
  };
  response.on("close", () => end("reader"));
  response.on("error", () => end("reader"));
  // Whoever went while its answer was made is not told of any more.
  if (response.closed) end("reader");
  return {
    send: (record) => {
      if (ended !== undefined) return false;
      waiting.sends(waitingBytes(), record);
      held.add(record);
      handOn();
      if (!waiting.isTooMuch(waitingBytes())) return true;
      end("slow");
      return false;
    },
    get bufferedBytes() {
      return waitingBytes();
    },
    close: () => end("server"),
    onClose: (listener) => {
      if (ended === undefined) listeners.push(listener);
      else listener(ended);
    },
  };
}

/** Records that the system was not given yet, in their order. */
class Held {
  #records: (Buffer | string)[] = [];
  #next = 0;
  bytes = 0;

  add(record: Buffer | string): void {
    this.#records.push(record);
    this.bytes += Buffer.byteLength(record);
  }

  take(): Buffer | string | undefined {
    const record = this.#records[this.#next];
    if (record === undefined) return undefined;
    this.#next += 1;
    this.bytes -= Buffer.byteLength(record);
    if (this.#next === this.#records.length || this.#next > 4_096) {
      this.#records = this.#records.slice(this.#next);
      this.#next = 0;
    }
    return record;
  }
}

/** Judges what waits for one reader. */
class Waiting {
  readonly #bounds: StreamBounds;
  #bytesMax: number;
  #isTurnFree = false;
  /** When more began to wait than the bound. */
  #overSince: number | undefined;

  constructor(bounds: StreamBounds) {
    this.#bounds = bounds;
    this.#bytesMax = bounds.bufferedBytesMax;
  }

  sends(waitingBytes: number, record: Buffer | string): void {
    if (waitingBytes === 0 && !this.#isTurnFree) {
      this.#bytesMax = this.#bounds.bufferedBytesMax;
      this.#isTurnFree = true;
      process.nextTick(() => {
        this.#isTurnFree = false;
      });
    }
    if (this.#isTurnFree) this.#bytesMax += Buffer.byteLength(record);
  }

  isTooMuch(waitingBytes: number): boolean {
    if (waitingBytes <= this.#bytesMax) {
      this.#overSince = undefined;
      return false;
    }
    const { burst } = this.#bounds;
    if (burst === undefined || waitingBytes > burst.bytesMax) return true;
    this.#overSince ??= performance.now();
    return performance.now() - this.#overSince > burst.forMs;
  }
}
