/** Requests in flight: each is given to the core and answered by one `reply` effect, once its writes are durable. */
import type { RequestId, RequestResult, ServicesEvent } from "../core/index.ts";
import { type Deployed, RequestRefused } from "./answers.ts";

/** An event that wants a reply, without its number. */
export type RequestEvent = DistributiveOmit<Extract<ServicesEvent, { request: RequestId }>, "request">;
type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

type Settled = Exclude<RequestResult, { kind: "refused" }>;

/** Sees each request on its way to the core, and what became of it. */
export type RequestWatch = (event: RequestEvent) => {
  /** The event as it shall go on. */
  readonly event: RequestEvent;
  readonly settled: (result: RequestResult) => void;
};

export class Requests {
  readonly #dispatch: (event: ServicesEvent) => void;
  readonly #watch: RequestWatch;
  readonly #waiting = new Map<RequestId, (result: RequestResult) => void>();
  #last = 0;

  constructor(
    dispatch: (event: ServicesEvent) => void,
    watch: RequestWatch = (event) => ({ event, settled: () => undefined }),
  ) {
    this.#dispatch = dispatch;
    this.#watch = watch;
  }

  /** Throws `RequestRefused`. */
  async send(event: RequestEvent): Promise<Settled> {
    this.#last += 1;
    const request = this.#last;
    const watched = this.#watch(event);
    const result = await new Promise<RequestResult>((resolve) => {
      this.#waiting.set(request, resolve);
      this.#dispatch({ ...watched.event, request } as ServicesEvent);
    });
    watched.settled(result);
    if (result.kind === "refused") throw new RequestRefused(result.refusal);
    return result;
  }

  /** A request that can only end in a deployment. */
  async deploy(event: RequestEvent): Promise<Deployed> {
    const result = await this.send(event);
    if (result.kind === "deployed") return result;
    throw new Error(`a deployment was expected, not ${result.kind}`);
  }

  settle(request: RequestId, result: RequestResult): void {
    const resolve = this.#waiting.get(request);
    this.#waiting.delete(request);
    resolve?.(result);
  }
}
