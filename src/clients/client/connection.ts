/** Calls of declared endpoints of one cluster, over one client that is opened on first use. */
import type { Endpoint, ReplyOf } from "#contracts/endpoint.ts";
import type { CallInput, HttpClient, OpenStream, StreamHandlers } from "#foundation/http/index.ts";
import {
  type ClusterAddresses,
  type Door,
  RequestFailed,
  type RequestOptions,
  request,
  throughDoor,
  withToken,
} from "./cluster.ts";

/** Who of the cluster is asked: a daemon behind the door, the door, or an agent by its address. */
export type Side = "services" | "jobs" | "kernel" | "door" | { readonly agent: string };

export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export class Connection {
  readonly #addresses: ClusterAddresses;
  #client: Promise<{ readonly client: HttpClient; readonly call: Call }> | undefined;

  constructor(addresses: ClusterAddresses) {
    this.#addresses = addresses;
  }

  get addresses(): ClusterAddresses {
    return this.#addresses;
  }

  /** Throws `CodedError` for refusals and `NoAnswer` when nothing answered. */
  async call<E extends Endpoint>(side: Side, endpoint: E, input: CallInput<E> = {}): Promise<ReplyOf<E>> {
    const { client, call } = await this.#open();
    return call(client, this.#target(side, endpoint.method !== "GET"), endpoint, input);
  }

  /**
   * Where something is done at an agent: at the door when there is one, also for a cluster on this machine. Agents and
   * the kernel keep no trail that is read with the cluster's; the door tells what passes it.
   */
  doingAt({ id, url }: { readonly id: string; readonly url: string }): Target {
    const { credentials, door } = this.#addresses;
    if (door === undefined) return { url, headers: credentials };
    return { url: throughDoor(door.url, door.token).agent(id, url), headers: this.#doorHeaders(door) };
  }

  /** What the door answers that no endpoint declares. Throws `RequestFailed`. */
  async atDoor(path: string, options: RequestOptions = {}): Promise<unknown> {
    const { url, headers } = this.#target("door");
    return (await request({ credentials: headers }, `${url}${path}`, options)).body;
  }

  /** An answer that goes on; `path` is below the side's address. */
  async stream(
    side: Side,
    path: string,
    handlers: StreamHandlers,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<OpenStream> {
    const { client } = await this.#open();
    const { url, headers: credentials } = this.#target(side);
    return client.stream(
      {
        method: "GET",
        url: `${url}${path}`,
        headers: { ...headers, ...credentials },
      },
      handlers,
    );
  }

  async close(): Promise<void> {
    const opened = this.#client;
    this.#client = undefined;
    if (opened !== undefined) await (await opened).client.close();
  }

  #target(side: Side, changes = false): Target {
    const { services, jobs, kernel, credentials: headers, door } = this.#addresses;
    if (side === "services") return { url: services, headers };
    if (side === "jobs") return { url: jobs, headers };
    if (typeof side === "object") return { url: side.agent, headers };
    if (side === "kernel") {
      if (!changes || door === undefined) return { url: kernel, headers };
      return { url: throughDoor(door.url, door.token).kernel, headers: this.#doorHeaders(door) };
    }
    if (door === undefined)
      throw new RequestFailed({ url: kernel, status: 0, body: undefined, message: "no door is known" });
    return { url: door.url, headers: this.#doorHeaders(door) };
  }

  /** On this machine the token is the cluster's own: who asks stands beside it. */
  #doorHeaders({ token }: Door): Readonly<Record<string, string>> {
    return { ...this.#addresses.credentials, ...withToken(token) };
  }

  #open(): Promise<{ readonly client: HttpClient; readonly call: Call }> {
    // Loaded when the first call is made: help and completion need none of it. Of the component only what calls: its
    // servers take longer to load than a call takes.
    this.#client ??= Promise.all([
      import("#foundation/http/client.ts"),
      import("#foundation/http/call-endpoint.ts"),
    ]).then(([{ createHttpClient }, { callEndpoint }]) => ({
      client: createHttpClient(),
      call: callEndpoint,
    }));
    return this.#client;
  }
}

type Call = typeof import("#foundation/http/call-endpoint.ts").callEndpoint;
