/**
 * The checks of `POST /api/v1/scheduler` in the contract's order, as a function of values.
 * Source: contract mesos.md section 1.1.
 */
import { readCallBody } from "#contracts/kernel/call-body.ts";
import {
  acceptedEncoding,
  encodingOf,
  type MessageEncoding,
  mediaTypes,
} from "#contracts/kernel/encoding.ts";
import type { SchedulerCall } from "#contracts/kernel/messages.gen.ts";
import { parseJson } from "#foundation/http/index.ts";

export interface CallHead {
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly streamId: string | undefined;
  /** Whom the call's own credential names. */
  readonly principal: string | undefined;
}

/** What is known of the framework a call names. */
export type FrameworkStanding =
  | { readonly kind: "unknown" }
  | { readonly kind: "disconnected"; readonly principal: string | undefined }
  | { readonly kind: "connected"; readonly principal: string | undefined; readonly streamId: string };

export type CallVerdict =
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  | { readonly kind: "subscribe"; readonly call: SchedulerCall; readonly encoding: MessageEncoding }
  | { readonly kind: "accepted"; readonly call: SchedulerCall; readonly frameworkId: string };

const refused = (status: number, message: string): CallVerdict => ({ kind: "refused", status, message });

/** The sub-message each type must bring. */
const required: ReadonlyMap<string, keyof SchedulerCall> = new Map([
  ["SUBSCRIBE", "subscribe"],
  ["ACCEPT", "accept"],
  ["DECLINE", "decline"],
  ["ACCEPT_INVERSE_OFFERS", "accept_inverse_offers"],
  ["DECLINE_INVERSE_OFFERS", "decline_inverse_offers"],
  ["KILL", "kill"],
  ["SHUTDOWN", "shutdown"],
  ["ACKNOWLEDGE", "acknowledge"],
  ["ACKNOWLEDGE_OPERATION_STATUS", "acknowledge_operation_status"],
  ["RECONCILE", "reconcile"],
  ["RECONCILE_OPERATIONS", "reconcile_operations"],
  ["MESSAGE", "message"],
  ["REQUEST", "request"],
  ["UPDATE_FRAMEWORK", "update_framework"],
]);

export function checkCall(
  head: CallHead,
  body: Buffer,
  standingOf: (frameworkId: string) => FrameworkStanding,
): CallVerdict {
  if (head.contentType === undefined) return refused(400, "Expecting 'Content-Type' to be present");
  const encoding = encodingOf(head.contentType);
  if (encoding === undefined)
    return refused(
      415,
      `Expecting 'Content-Type' of ${mediaTypes.json} or ${mediaTypes.protobuf}, not ${head.contentType}`,
    );
  const read = readCallBody("SchedulerCall", { encoding, bytes: body, parse: () => parseJson(body) });
  if (typeof read === "string") return refused(400, read);
  const problem = callProblem(read);
  if (problem !== undefined) return refused(400, `Failed to validate scheduler::Call: ${problem}`);
  const mismatch = infoMismatch(head.principal, read);
  if (mismatch !== undefined) return refused(400, `Failed to validate scheduler::Call: ${mismatch}`);
  const accepted = acceptedEncoding(head.accept);
  if ((read.type === "SUBSCRIBE" || read.type === "RECONCILE_OPERATIONS") && accepted === undefined)
    return refused(
      406,
      `Expecting 'Accept' to allow ${mediaTypes.json} or ${mediaTypes.protobuf}, which "${head.accept}" does not`,
    );
  if (read.type === "SUBSCRIBE") return checkSubscribe(head, read, accepted ?? "json");
  if (read.type === "UNKNOWN") return refused(501, "Received 'UNKNOWN' call");
  const frameworkId = read.framework_id?.value ?? "";
  const standing = standingOf(frameworkId);
  if (standing.kind === "unknown") return refused(400, "Framework cannot be found");
  if (head.principal !== undefined && head.principal !== standing.principal)
    return refused(400, `Principal '${head.principal}' is not that of the framework`);
  if (standing.kind === "disconnected") return refused(403, "Framework is not subscribed");
  if (head.streamId === undefined)
    return refused(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header");
  if (head.streamId !== standing.streamId)
    return refused(
      400,
      "The stream ID included in this request didn't match the stream ID currently associated with framework ID",
    );
  return { kind: "accepted", call: read, frameworkId };
}

/** A framework says of itself what its credential says, or nothing. */
function infoMismatch(principal: string | undefined, call: SchedulerCall): string | undefined {
  const info = (call.subscribe ?? call.update_framework)?.framework_info;
  if (principal === undefined || info?.principal === undefined || info.principal === principal)
    return undefined;
  return `'framework_info.principal' is '${info.principal}', the call is of principal '${principal}'`;
}

function callProblem(call: SchedulerCall): string | undefined {
  const { type, framework_id: id, subscribe } = call;
  if (type === undefined) return "Expecting 'type' to be present";
  const body = required.get(type);
  if (body !== undefined && call[body] === undefined) return `Expecting '${body}' to be present`;
  if (type === "SUBSCRIBE") {
    const inner = subscribe?.framework_info.id?.value;
    return (id?.value ?? "") === (inner ?? "")
      ? undefined
      : "'framework_id' differs from 'subscribe.framework_info.id'";
  }
  if (id === undefined) return "Expecting 'framework_id' to be present";
  if (type === "UPDATE_FRAMEWORK" && call.update_framework?.framework_info.id?.value !== id.value)
    return "'framework_id' differs from 'update_framework.framework_info.id'";
  if (type === "ACKNOWLEDGE" && Buffer.from(call.acknowledge?.uuid ?? "", "base64").length !== 16) {
    return "'acknowledge.uuid' is not a UUID of 16 bytes";
  }
  if (type === "ACKNOWLEDGE_OPERATION_STATUS" && call.acknowledge_operation_status?.agent_id === undefined)
    return "Expecting 'acknowledge_operation_status.agent_id' to be present";
  return undefined;
}

function checkSubscribe({ streamId }: CallHead, call: SchedulerCall, encoding: MessageEncoding): CallVerdict {
  if (streamId !== undefined)
    return refused(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header");
  return { kind: "subscribe", call, encoding };
}
