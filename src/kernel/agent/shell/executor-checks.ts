/**
 * The checks of `POST /api/v1/executor` in the contract's order, as a function of values.
 * Source: contract mesos.md section 2.1.
 */
import { readCallBody } from "#contracts/kernel/call-body.ts";
import {
  acceptedEncoding,
  encodingOf,
  type MessageEncoding,
  mediaTypes,
} from "#contracts/kernel/encoding.ts";
import type { ExecutorCall } from "#contracts/kernel/messages.gen.ts";
import { parseJson } from "#foundation/http/index.ts";
import type { ExecutorClaims } from "./executor-tokens.ts";

export interface ExecutorCallHead {
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
}

/** What is known of the executor that a call names. */
export interface ExecutorStanding {
  readonly containerId: string;
  readonly isSubscribed: boolean;
}

export interface ExecutorCheckPorts {
  /** Recovery is over: calls of any kind are taken. */
  readonly isRecovered: boolean;
  readonly standingOf: (frameworkId: string, executorId: string) => ExecutorStanding | undefined;
  /** What the caller proved; undefined when executors need not prove anything. */
  readonly claims: ExecutorClaims | undefined;
}

export type ExecutorCallVerdict =
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  | { readonly kind: "subscribe"; readonly call: ExecutorCall; readonly encoding: MessageEncoding }
  | { readonly kind: "heartbeat" }
  | { readonly kind: "accepted"; readonly call: ExecutorCall };

const refused = (status: number, message: string): ExecutorCallVerdict => ({
  kind: "refused",
  status,
  message,
});

/** The sub-message each type must bring. */
const required: ReadonlyMap<string, keyof ExecutorCall> = new Map([
  ["SUBSCRIBE", "subscribe"],
  ["UPDATE", "update"],
  ["MESSAGE", "message"],
]);

export function checkExecutorCall(
  head: ExecutorCallHead,
  body: Buffer,
  ports: ExecutorCheckPorts,
): ExecutorCallVerdict {
  if (head.contentType === undefined) return refused(400, "Expecting 'Content-Type' to be present");
  const encoding = encodingOf(head.contentType);
  if (encoding === undefined)
    return refused(
      415,
      `Expecting 'Content-Type' of ${mediaTypes.json} or ${mediaTypes.protobuf}, not ${head.contentType}`,
    );
  const call = readCallBody("ExecutorCall", { encoding, bytes: body, parse: () => parseJson(body) });
  if (typeof call === "string") return refused(400, call);
  const problem = callProblem(call);
  if (problem !== undefined) return refused(400, `Failed to validate executor::Call: ${problem}`);
  const accepted = acceptedEncoding(head.accept);
  if (call.type === "SUBSCRIBE" && accepted === undefined)
    return refused(
      406,
      `Expecting 'Accept' to allow ${mediaTypes.json} or ${mediaTypes.protobuf}, which "${head.accept}" does not`,
    );
  if (call.type === "HEARTBEAT") return { kind: "heartbeat" };
  if (call.type === "UNKNOWN") return refused(501, "Received 'UNKNOWN' call");
  if (call.type !== "SUBSCRIBE" && !ports.isRecovered) return refused(503, "Agent has not finished recovery");
  return checkStanding(call, accepted ?? "json", ports);
}

function checkStanding(
  call: ExecutorCall,
  encoding: MessageEncoding,
  { standingOf, claims }: ExecutorCheckPorts,
): ExecutorCallVerdict {
  const { framework_id, executor_id } = call;
  const standing = standingOf(framework_id.value, executor_id.value);
  if (standing === undefined) return refused(400, "Framework or executor cannot be found");
  if (
    claims !== undefined &&
    (claims.fid !== framework_id.value ||
      claims.eid !== executor_id.value ||
      claims.cid !== standing.containerId)
  )
    return refused(403, "The token is of another executor");
  if (call.type === "SUBSCRIBE") return { kind: "subscribe", call, encoding };
  return standing.isSubscribed ? { kind: "accepted", call } : refused(403, "Executor is not subscribed");
}

function callProblem(call: ExecutorCall): string | undefined {
  const { type, update, subscribe } = call;
  if (type === undefined) return "Expecting 'type' to be present";
  const body = required.get(type);
  if (body !== undefined && call[body] === undefined) return `Expecting '${body}' to be present`;
  const updates = [
    ...(update === undefined || type !== "UPDATE" ? [] : [update]),
    ...(type === "SUBSCRIBE" ? (subscribe?.unacknowledged_updates ?? []) : []),
  ];
  for (const { status } of updates) {
    if (Buffer.from(status.uuid ?? "", "base64").length !== 16)
      return "'status.uuid' is not a UUID of 16 bytes";
    if (status.source !== "SOURCE_EXECUTOR") return "'status.source' is not SOURCE_EXECUTOR";
    if (status.executor_id !== undefined && status.executor_id.value !== call.executor_id.value)
      return "'status.executor_id' is of another executor";
  }
  return undefined;
}
