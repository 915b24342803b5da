/** ATTACH_CONTAINER_INPUT: records of input for a nested container, as they come. Source: contract mesos.md section 3.4. */
import type { IncomingMessage } from "node:http";
import type { ErrorCode } from "#contracts/errors.ts";
import { type MessageEncoding, readMessage } from "#contracts/kernel/encoding.ts";
import type { AgentCall, AgentProcessIO, ContainerID } from "#contracts/kernel/messages.gen.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { parseJson, RecordDecoder, RecordInvalid } from "#foundation/http/index.ts";
import type { NestedContainer, NestedContainers } from "./nested-containers.ts";

const recordBytesMax = 1_048_576;

/**
 * Resolves when the sender is done or the container ended. Throws CodedError `NotFound`, `Conflict` (somebody else
 * writes) or `InvalidRequest`, and what `demand` throws for who may not write to a container.
 */
export async function takeInput(
  body: IncomingMessage,
  encoding: MessageEncoding,
  containers: NestedContainers,
  demand: (id: ContainerID) => void,
): Promise<void> {
  const decoder = new RecordDecoder(recordBytesMax);
  let container: NestedContainer | undefined;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      for (const record of records(decoder, piece)) {
        const call = readMessage("AgentCall", { encoding, bytes: record, parse: () => parseJson(record) });
        if (container === undefined) container = target(call, containers, demand);
        else await feed(container, ioOf(call));
      }
      if (container?.exit !== undefined) break;
    }
    if (container === undefined) throw invalid("Expecting a record with 'container_id' first");
  } finally {
    if (container !== undefined) container.hasWriter = false;
  }
}

function records(decoder: RecordDecoder, piece: Buffer): readonly Buffer[] {
  try {
    return decoder.push(piece);
  } catch (error) {
    if (error instanceof RecordInvalid) throw invalid(error.message);
    throw error;
  }
}

function target(
  { type, attach_container_input: input }: AgentCall,
  containers: NestedContainers,
  demand: (id: ContainerID) => void,
): NestedContainer {
  if (type !== "ATTACH_CONTAINER_INPUT" || input?.type !== "CONTAINER_ID" || input.container_id === undefined)
    throw invalid("Expecting 'attach_container_input.type' to be CONTAINER_ID in the first record");
  demand(input.container_id);
  const container = containers.get(input.container_id);
  if (container === undefined)
    throw new CodedError<ErrorCode>("NotFound", `Container ${input.container_id.value} cannot be found`);
  if (container.hasWriter)
    throw new CodedError<ErrorCode>("Conflict", "Multiple input connections are not allowed");
  container.hasWriter = true;
  return container;
}

function ioOf({ type, attach_container_input: input }: AgentCall): AgentProcessIO {
  if (type !== "ATTACH_CONTAINER_INPUT" || input?.type !== "PROCESS_IO" || input.process_io === undefined)
    throw invalid("Expecting 'attach_container_input.type' to be PROCESS_IO in every later record");
  return input.process_io;
}

/** Waits while the command does not read. */
async function feed(
  { session, hasTerminal }: NestedContainer,
  { type, data, control }: AgentProcessIO,
): Promise<void> {
  if (type === "DATA") {
    if (data?.type !== "STDIN") throw invalid("Expecting 'process_io.data.type' to be STDIN");
    const bytes = Buffer.from(data.data ?? "", "base64");
    // With a terminal its end is a byte that the client sends.
    if (bytes.length === 0 && !hasTerminal) session.stdin.end();
    else if (session.stdin.writable && !session.stdin.write(bytes)) await drained(session);
  } else if (type === "CONTROL" && control?.type === "TTY_INFO") {
    const size = control.tty_info?.window_size;
    if (size === undefined || size.rows < 1 || size.columns < 1 || !hasTerminal)
      throw invalid("Expecting 'process_io.control.tty_info' with a size, for a container with a terminal");
    session.resize(Math.min(size.rows, 10_000), Math.min(size.columns, 10_000));
  } else if (type !== "CONTROL" || control?.type !== "HEARTBEAT") {
    throw invalid("Expecting 'process_io.type' to be DATA, or CONTROL with TTY_INFO or HEARTBEAT");
  }
}

function drained({ stdin, ended }: NestedContainer["session"]): Promise<unknown> {
  return Promise.race([ended, new Promise((resolve) => stdin.once("drain", resolve))]);
}

const invalid = (message: string): CodedError<ErrorCode> => new CodedError("InvalidRequest", message);
