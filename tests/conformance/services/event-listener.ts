/** Reads `/v2/events` as a client of another make would: by hand, and only as long as it reads. */
import { type ClientRequest, request as httpRequest } from "node:http";
import { EventDecoder } from "#foundation/http/index.ts";

export interface Heard {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: { readonly [field: string]: unknown };
}

export class Listener {
  readonly heard: Heard[] = [];
  isClosed = false;
  readonly #request: ClientRequest;

  constructor(
    servicesUrl: string,
    query = "",
    { headers = {}, reads = true }: { headers?: Readonly<Record<string, string>>; reads?: boolean } = {},
  ) {
    const decoder = new EventDecoder();
    const accept = { accept: "text/event-stream", ...headers };
    this.#request = httpRequest(
      `${servicesUrl}/v2/events${query}`,
      { headers: accept, agent: false },
      (response) => {
        const end = (): void => {
          this.isClosed = true;
        };
        response.once("close", end);
        response.once("error", end);
        response.on("data", (piece: Buffer) => {
          for (const { event, id, data } of decoder.push(piece))
            this.heard.push({ event: event ?? "", id, data: JSON.parse(data) as Heard["data"] });
          if (!reads) response.pause();
        });
      },
    );
    this.#request.once("error", () => {
      this.isClosed = true;
    });
    this.#request.end();
  }

  of(event: string): readonly Heard[] {
    return this.heard.filter((each) => each.event === event);
  }

  close(): void {
    this.#request.destroy();
  }
}
