/** Calls of the browser to the cluster, through the door that served this page: cookie and CSRF header go along. */
import type { BodyOf, Endpoint, ParamsOf, QueryOf, ReplyOf } from "#contracts/endpoint.ts";
import { csrfHeader } from "#contracts/identity.ts";
import { isJsonObject } from "#foundation/base/json.ts";

/** Which daemon answers, as the path the door has for it. */
export const daemonPaths = {
  door: "",
  kernel: "/mesos",
  services: "/service/marathon",
  jobs: "/service/metronome",
  agent: (agentId: string): string => `/agent/${encodeURIComponent(agentId)}`,
} as const;

/** An answer that is not 2xx, or none at all (`status` 0). `code` is one of `contracts/errors.ts` where the daemon is ours. */
export class RequestFailed extends Error {
  override readonly name = "RequestFailed";
  readonly status: number;
  readonly code: string | undefined;
  readonly body: unknown;

  constructor(failure: { readonly status: number; readonly body: unknown; readonly message: string }) {
    super(failure.message);
    this.status = failure.status;
    this.body = failure.body;
    this.code =
      isJsonObject(failure.body) && typeof failure.body["code"] === "string"
        ? failure.body["code"]
        : undefined;
  }
}

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

const timeoutMs = 30_000;

/** One request; JSON both ways. An empty answer is `undefined`. Throws `RequestFailed`. */
export async function requestJson(url: string, options: RequestOptions = {}): Promise<unknown> {
  const { method = "GET", body, signal } = options;
  const limit = AbortSignal.timeout(timeoutMs);
  let answer: Response;
  let read: string;
  try {
    answer = await fetch(url, {
      method,
      headers: {
        accept: "application/json",
        [csrfHeader]: "1",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      credentials: "same-origin",
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    read = await answer.text();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new RequestFailed({ status: 0, body: undefined, message: String(error) });
  }
  const parsed = parse(read);
  if (answer.ok) return parsed;
  throw new RequestFailed({ status: answer.status, body: parsed, message: messageOf(parsed, answer.status) });
}

type WithDefault<Value> = unknown extends Value ? Record<never, never> : Value;

/** What a call of `E` takes. */
export interface CallInput<E extends Endpoint> {
  readonly params?: WithDefault<ParamsOf<E>>;
  readonly query?: Partial<WithDefault<QueryOf<E>>>;
  readonly body?: BodyOf<E>;
  readonly signal?: AbortSignal;
}

/** Calls a declared endpoint of the daemon at `daemonPath`. Throws `RequestFailed`. */
export async function callEndpoint<E extends Endpoint>(
  daemonPath: string,
  endpoint: E,
  input: CallInput<E> = {},
): Promise<ReplyOf<E>> {
  const path = fillPath(endpoint.path, { ...input.params });
  const url = `${daemonPath}/keelson/v1${path}${queryText({ ...input.query })}`;
  const reply = await requestJson(url, {
    method: endpoint.method,
    ...(input.body === undefined ? {} : { body: input.body }),
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  });
  // The daemon is of the same release as this page and checked by the same contract.
  return reply as ReplyOf<E>;
}

/** `{id}` is one segment; `{id...}` keeps its slashes. */
export function fillPath(path: string, params: Readonly<Record<string, unknown>>): string {
  return path.replace(/\{(\w+)(\.\.\.)?\}/g, (_whole, name: string, rest: string | undefined) => {
    const value = String(params[name] ?? "");
    if (rest === undefined) return encodeURIComponent(value);
    return value.replace(/^\//, "").split("/").map(encodeURIComponent).join("/");
  });
}

/** `?a=1&b=x` without what is undefined or empty; nothing when nothing is left. */
export function queryText(query: Readonly<Record<string, unknown>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function messageOf(body: unknown, status: number): string {
  if (isJsonObject(body) && typeof body["message"] === "string") return body["message"];
  return typeof body === "string" && body !== "" && body.length < 500 && !body.startsWith("<")
    ? body
    : `HTTP ${status}`;
}
