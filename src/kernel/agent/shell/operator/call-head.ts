/** What the headers of a call of the agent's operator API say, as a function of values. Source: contract mesos.md section 0.3. */
import { acceptedEncoding, encodingOf, type MessageEncoding } from "#contracts/kernel/encoding.ts";
import type { AgentCallType } from "#contracts/kernel/messages.gen.ts";

export interface CallHeaders {
  readonly contentType: string | undefined;
  readonly messageContentType: string | undefined;
  readonly accept: string | undefined;
  readonly messageAccept: string | undefined;
}

export type CallHead =
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  | {
      readonly kind: "taken";
      /** Of the body, or of the messages in its records. */
      readonly encoding: MessageEncoding;
      readonly isStreamIn: boolean;
      /** Of the answer, or of the messages in its records. */
      readonly answerEncoding: MessageEncoding;
      /** The answer may only be a stream of records. */
      readonly isStreamOut: boolean;
    };

export const recordioType = "application/recordio";
const known = "application/json, application/x-protobuf";

const refused = (status: number, message: string): CallHead => ({ kind: "refused", status, message });

export function readHead(headers: CallHeaders): CallHead {
  const { contentType, messageContentType, accept, messageAccept } = headers;
  if (contentType === undefined) return refused(400, "Expecting 'Content-Type' to be present");
  const isStreamIn = contentType.split(";")[0]?.trim().toLowerCase() === recordioType;
  if (isStreamIn && messageContentType === undefined)
    return refused(400, "Expecting 'Message-Content-Type' to be set for streaming requests");
  if (!isStreamIn && messageContentType !== undefined)
    return refused(415, "Expecting 'Message-Content-Type' to be not set for non-streaming requests");
  const encoding = encodingOf(isStreamIn ? (messageContentType ?? "") : contentType);
  if (encoding === undefined) {
    const header = isStreamIn ? "Message-Content-Type" : "Content-Type";
    return refused(415, `Expecting '${header}' of ${known}${isStreamIn ? "" : ` or ${recordioType}`}`);
  }
  const accepted = acceptedEncoding(accept);
  if (accepted !== undefined) {
    if (messageAccept !== undefined)
      return refused(406, "Expecting 'Message-Accept' to be not set for non-streaming responses");
    return { kind: "taken", encoding, isStreamIn, answerEncoding: accepted, isStreamOut: false };
  }
  const takesRecords = accept?.split(",").some((range) => range.split(";")[0]?.trim() === recordioType);
  if (takesRecords !== true) return refused(406, `Expecting 'Accept' to allow ${known} or ${recordioType}`);
  const inner = acceptedEncoding(messageAccept);
  if (inner === undefined) return refused(406, `Expecting 'Message-Accept' to allow ${known}`);
  return { kind: "taken", encoding, isStreamIn, answerEncoding: inner, isStreamOut: true };
}

const streamAnswers: ReadonlySet<AgentCallType> = new Set([
  "LAUNCH_NESTED_CONTAINER_SESSION",
  "ATTACH_CONTAINER_OUTPUT",
]);

/** What of a call does not go with its headers. */
export function headProblem(
  type: AgentCallType | undefined,
  head: Extract<CallHead, { kind: "taken" }>,
): { readonly status: number; readonly message: string } | undefined {
  if (head.isStreamIn !== (type === "ATTACH_CONTAINER_INPUT")) {
    return {
      status: 415,
      message: head.isStreamIn
        ? `Streaming 'Content-Type' ${recordioType} is not supported for ${type} call`
        : `Expecting 'Content-Type' of ${recordioType} for ATTACH_CONTAINER_INPUT call`,
    };
  }
  if (head.isStreamOut && type !== undefined && !streamAnswers.has(type))
    return { status: 406, message: `Streaming response is not supported for ${type} call` };
  return undefined;
}
