/** What the scheduler and the executor API make of a body. Source: contract mesos.md sections 1.1 and 2.1. */
import { CodedError, errorMessage } from "#foundation/base/errors.ts";
import { type MessageEncoding, readMessage } from "./encoding.ts";
import { MessageInvalid } from "./json-codec.ts";
import type { MessageTypes } from "./messages.gen.ts";

/** The call, or what is wrong with it. `parse` throws CodedError for what is no JSON. */
export function readCallBody<Name extends "SchedulerCall" | "ExecutorCall">(
  name: Name,
  body: { readonly encoding: MessageEncoding; readonly bytes: Uint8Array; readonly parse: () => unknown },
): MessageTypes[Name] | string {
  try {
    return readMessage(name, body);
  } catch (error) {
    if (error instanceof MessageInvalid && body.encoding === "protobuf")
      return `Failed to parse body into Call protobuf: ${error.message}`;
    if (error instanceof MessageInvalid) return `Failed to convert JSON into Call protobuf: ${error.message}`;
    if (error instanceof CodedError) return `Failed to parse body into JSON: ${errorMessage(error)}`;
    throw error;
  }
}
