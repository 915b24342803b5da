/** Events of a stream of the scheduler or the executor API, as their bytes come. */
import { decodeMessage, MessageInvalid } from "#contracts/kernel/json-codec.ts";
import type { MessageTypes } from "#contracts/kernel/messages.gen.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { parseJson, type RecordDecoder } from "#foundation/http/index.ts";

/** Tells each event in order. Answers why the stream can't be read any more; undefined while it can. */
export function readEvents<Name extends "SchedulerEvent" | "ExecutorEvent">(
  name: Name,
  decoder: RecordDecoder,
  piece: Buffer,
  tell: (event: MessageTypes[Name]) => void,
): string | undefined {
  try {
    for (const record of decoder.push(piece)) tell(decodeMessage(name, parseJson(record)));
    return undefined;
  } catch (error) {
    return error instanceof MessageInvalid ? `unreadable event: ${error.message}` : errorMessage(error);
  }
}
