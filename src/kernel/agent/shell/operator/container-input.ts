/** ATTACH_CONTAINER_INPUT: records of input for a nested container or a task's terminal, as they come. Source: contract mesos.md section 3.4. */
import type { IncomingMessage } from "node:http";
import type { Writable } from "node:stream";
import type { ErrorCode } from "#contracts/errors.ts";
import { type MessageEncoding, readMessage } from "#contracts/kernel/encoding.ts";
import type { AgentCall, AgentProcessIO, ContainerID } from "#contracts/kernel/messages.gen.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { parseJson, RecordDecoder, RecordInvalid } from "#foundation/http/index.ts";
import type { NestedContainer, NestedContainers } from "./nested-containers.ts";
import type { TaskTerminals } from "./task-terminals.ts";

const recordBytesMax = 1_048_576;

/** What input goes to. */
export interface InputTarget {
  readonly hasTerminal: boolean;
  readonly stdin: Writable;
  readonly ended: Promise<unknown>;
  isOver(): boolean;
  resize(rows: number, cols: number): void;
  /** Somebody else may write now. */
  release(): void;
}

export interface InputTargets {
  readonly nested: NestedContainers;
  readonly terminals: TaskTerminals;
}

/**
 * Resolves when the sender is done or the container ended. Throws CodedError `NotFound`, `Conflict` (somebody else
 * writes) or `InvalidRequest`, and what `demand` throws for who may not write to a container.
 */
export async function takeInput(
  body: IncomingMessage,
  encoding: MessageEncoding,
  targets: InputTargets,
  demand: (id: ContainerID) => void,
): Promise<void> {
  const decoder = new RecordDecoder(recordBytesMax);
  let container: InputTarget | undefined;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      for (const record of records(decoder, piece)) {
        const call = readMessage("AgentCall", { encoding, bytes: record, parse: () => parseJson(record) });
        if (container === undefined) container = await target(call, targets, demand);
        else await feed(container, ioOf(call));
      }
      if (container?.isOver() === true) break;
    }
    if (container === undefined) throw invalid("Expecting a record with 'container_id' first");
  } finally {
    container?.release();
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

async function target(
  { type, attach_container_input: input }: AgentCall,
  { nested, terminals }: InputTargets,
  demand: (id: ContainerID) => void,
): Promise<InputTarget> {
  if (type !== "ATTACH_CONTAINER_INPUT" || input?.type !== "CONTAINER_ID" || input.container_id === undefined)
    throw invalid("Expecting 'attach_container_input.type' to be CONTAINER_ID in the first record");
  const { container_id: id } = input;
  demand(id);
  const terminal = terminals.find(id);
  if (terminal !== undefined) return terminals.input(terminal);
  const container = nested.get(id);
  if (container === undefined)
    throw new CodedError<ErrorCode>("NotFound", `Container ${id.value} cannot be found`);
  return nestedTarget(container);
}

function nestedTarget(container: NestedContainer): InputTarget {
  if (container.hasWriter)
    throw new CodedError<ErrorCode>("Conflict", "Multiple input connections are not allowed");
  container.hasWriter = true;
  const { session, hasTerminal } = container;
  return {
    hasTerminal,
    stdin: session.stdin,
    ended: session.ended,
    isOver: () => container.exit !== undefined,
    resize: (rows, cols) => session.resize(rows, cols),
    release: () => {
      container.hasWriter = false;
    },
  };
}

function ioOf({ type, attach_container_input: input }: AgentCall): AgentProcessIO {
  if (type !== "ATTACH_CONTAINER_INPUT" || input?.type !== "PROCESS_IO" || input.process_io === undefined)
    throw invalid("Expecting 'attach_container_input.type' to be PROCESS_IO in every later record");
  return input.process_io;
}

/** Waits while the command does not read. */
async function feed(container: InputTarget, { type, data, control }: AgentProcessIO): Promise<void> {
  const { stdin, hasTerminal } = container;
  if (type === "DATA") {
    if (data?.type !== "STDIN") throw invalid("Expecting 'process_io.data.type' to be STDIN");
    const bytes = Buffer.from(data.data ?? "", "base64");
    // With a terminal its end is a byte that the client sends.
    if (bytes.length === 0 && !hasTerminal) stdin.end();
    else if (stdin.writable && !stdin.write(bytes)) await drained(container);
  } else if (type === "CONTROL" && control?.type === "TTY_INFO") {
    const size = control.tty_info?.window_size;
    if (size === undefined || size.rows < 1 || size.columns < 1 || !hasTerminal)
      throw invalid("Expecting 'process_io.control.tty_info' with a size, for a container with a terminal");
    container.resize(Math.min(size.rows, 10_000), Math.min(size.columns, 10_000));
  } else if (type !== "CONTROL" || control?.type !== "HEARTBEAT") {
    throw invalid("Expecting 'process_io.type' to be DATA, or CONTROL with TTY_INFO or HEARTBEAT");
  }
}

function drained({ stdin, ended }: InputTarget): Promise<unknown> {
  return Promise.race([ended, new Promise((resolve) => stdin.once("drain", resolve))]);
}

const invalid = (message: string): CodedError<ErrorCode> => new CodedError("InvalidRequest", message);
