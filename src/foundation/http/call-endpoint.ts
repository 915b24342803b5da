/** The client of declared endpoints. A file of its own: a command that asks something loads no server. */
import type { BodyOf, Endpoint, ParamsOf, QueryOf, ReplyOf } from "#contracts/endpoint.ts";
import type { ErrorCode } from "#contracts/errors.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { HttpClient } from "./client.ts";
import { buildPath, endpointPrefix as prefix } from "./endpoint-paths.ts";

const callTimeoutMs = 30_000;

export interface CallInput<E> {
  readonly params?: ParamsOf<E>;
  readonly query?: QueryOf<E>;
  readonly body?: BodyOf<E>;
}

/** Calls declared endpoints of one server; its refusals come back as the `CodedError` they were. */
export async function callEndpoint<E extends Endpoint>(
  client: HttpClient,
  target: {
    readonly url: string;
    /** Beside those of every call, such as who asks. */
    readonly headers?: Readonly<Record<string, string>>;
    /** Default: 30 s. */
    readonly timeoutMs?: number;
  },
  endpoint: E,
  input: CallInput<E> = {},
): Promise<ReplyOf<E>> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries((input.query ?? {}) as Record<string, unknown>)) {
    if (value !== undefined) query.set(name, String(value));
  }
  const path = buildPath(endpoint.path, (input.params ?? {}) as Record<string, unknown>);
  const answer = await client.send(
    {
      method: endpoint.method,
      url: `${target.url}${prefix}${path}${query.size === 0 ? "" : `?${query}`}`,
      headers: {
        accept: "application/json",
        ...(input.body === undefined ? {} : { "content-type": "application/json" }),
        ...target.headers,
      },
      ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    },
    target.timeoutMs ?? callTimeoutMs,
  );
  const reply = jsonOf(answer.body);
  if (answer.status === 200 && reply !== undefined) return reply as ReplyOf<E>;
  // What stands between may answer anything: only our own shape is taken at its word.
  const { code, message, details } = isJsonObject(reply) ? reply : {};
  throw new CodedError<ErrorCode>(
    typeof code === "string" ? (code as ErrorCode) : "Internal",
    typeof message === "string"
      ? message
      : `${endpoint.method} ${path} of ${target.url}: HTTP ${answer.status}${reply === undefined ? ", not JSON" : ""}`,
    details === undefined ? {} : { details },
  );
}

function jsonOf(body: Buffer): JsonValue | undefined {
  try {
    return JSON.parse(body.toString("utf8")) as JsonValue;
  } catch {
    return undefined;
  }
}
