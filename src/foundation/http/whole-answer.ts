/** One request and all of its answer: no stream, no signal and no iterator is made for what is mostly an empty body. */
import type { Dispatcher } from "undici";

export interface WholeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Rejects with whatever went wrong; `timeoutMs` is for everything, from the connection to the last byte. */
export function wholeAnswer(
  agent: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { timeoutMs, bytesMax }: { readonly timeoutMs: number; readonly bytesMax: number },
): Promise<WholeAnswer> {
  return new Promise((resolve, reject) => {
    // Its own limits of head and body would each start anew: there is one for all.
    agent.dispatch(
      { ...request, headersTimeout: 0, bodyTimeout: 0 },
      new Collector(resolve, reject, timeoutMs, bytesMax),
    );
  });
}

const noBytes = Buffer.alloc(0);

class Collector implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: WholeAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly #bytesMax: number;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #failure: Error | undefined;
  #status = 0;
  #headers: WholeAnswer["headers"] = {};
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(
    resolve: (answer: WholeAnswer) => void,
    reject: (error: Error) => void,
    timeoutMs: number,
    bytesMax: number,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#bytesMax = bytesMax;
    this.#timer = setTimeout(() => this.#fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    this.#timer.unref();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Its time was over while it waited for a connection.
    if (this.#failure !== undefined) controller.abort(this.#failure);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: WholeAnswer["headers"],
  ): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#bytesMax)
      return this.#fail(new Error(`the answer is larger than ${this.#bytesMax} bytes`));
    this.#pieces.push(piece);
  }

  onResponseEnd(): void {
    clearTimeout(this.#timer);
    const [first = noBytes] = this.#pieces;
    const body = this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : first;
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.#timer);
    this.#pieces = [];
    this.#reject(this.#failure ?? error);
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#reject(error);
    this.#controller?.abort(error);
  }
}
