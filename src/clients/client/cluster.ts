/**
 * Where a cluster answers and how to speak to it.
 *
 * From outside everything goes through the door (KEELSON_URL, KEELSON_TOKEN). For a cluster on this machine the
 * addresses stand in its data directory, and its ports on loopback need no token.
 */
import { identityHeaders } from "#contracts/identity.ts";
import type { JsonValue } from "#foundation/base/json.ts";

/** Answers that are not 2xx, or no answer at all. `status` 0: nothing was reached. */
export class RequestFailed extends Error {
  override readonly name = "RequestFailed";
  readonly status: number;
  readonly body: unknown;
  readonly url: string;

  constructor(failure: {
    readonly url: string;
    readonly status: number;
    readonly body: unknown;
    readonly message: string;
  }) {
    super(failure.message);
    this.url = failure.url;
    this.status = failure.status;
    this.body = failure.body;
  }
}

export interface ClusterAddresses {
  readonly kernel: string;
  readonly services: string;
  readonly jobs: string;
  /** Address of an agent, by id and by the address the kernel lists for it. */
  agent(id: string, url: string): string;
  readonly token: string | undefined;
  /** What each request carries: the token, or on this machine who asks. */
  readonly credentials: Readonly<Record<string, string>>;
  /** The door itself, for what only it answers: events, audit, logins. Absent: no door is known. */
  readonly door: Door | undefined;
}

export interface Door {
  readonly url: string;
  readonly token: string | undefined;
}

/** Addresses behind a door. */
export function throughDoor(url: string, token: string | undefined): ClusterAddresses {
  const base = url.replace(/\/+$/, "");
  return {
    kernel: `${base}/mesos`,
    services: `${base}/service/marathon`,
    jobs: `${base}/service/metronome`,
    agent: (id) => `${base}/agent/${encodeURIComponent(id)}`,
    token,
    credentials: withToken(token),
    door: { url: base, token },
  };
}

export const withToken = (token: string | undefined): Readonly<Record<string, string>> =>
  token === undefined ? {} : { authorization: `token=${token}` };

/**
 * Addresses of a cluster on this machine: its own ports, and its door for what only the door answers. Whoever can read
 * the door's secret says with it who asks, so that the audit trail has a name.
 */
export function onThisMachine(
  services: Readonly<Record<string, string>>,
  door: Door | undefined,
  caller: { readonly user: string; readonly secret: string } | undefined,
): ClusterAddresses {
  return {
    kernel: services["kernel"] ?? "",
    services: services["services"] ?? "",
    jobs: services["jobs"] ?? "",
    agent: (_id, url) => url.replace(/\/+$/, ""),
    token: undefined,
    credentials:
      caller === undefined
        ? {}
        : { [identityHeaders.door]: caller.secret, [identityHeaders.user]: caller.user },
    door,
  };
}

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly body?: JsonValue | object;
  /** In place of a body in JSON. */
  readonly bytes?: Uint8Array;
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

const requestTimeoutMs = 30_000;

/** One request; JSON both ways. Throws `RequestFailed`. */
export async function request(
  addresses: Pick<ClusterAddresses, "credentials">,
  url: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const { method = "GET", body, bytes, timeoutMs = requestTimeoutMs } = options;
  const headers: Record<string, string> = { accept: "application/json", ...addresses.credentials };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (bytes !== undefined) headers["content-type"] = "application/octet-stream";
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(url, {
      method,
      headers,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(bytes === undefined ? {} : { body: new Uint8Array(bytes) }),
    });
    text = await answer.text();
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new RequestFailed({ url, status: 0, body: undefined, message: cause });
  }
  const parsed = parse(text);
  if (answer.ok) return { status: answer.status, headers: answer.headers, body: parsed };
  throw new RequestFailed({
    url,
    status: answer.status,
    body: parsed,
    message: messageOf(parsed, answer.status),
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function messageOf(body: unknown, status: number): string {
  if (typeof body === "object" && body !== null) {
    if ("message" in body) return String(body.message);
    // The identity service's word for it.
    if ("description" in body) return String(body.description);
  }
  return typeof body === "string" && body !== "" && body.length < 500 ? body : `HTTP ${status}`;
}
