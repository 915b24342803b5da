/** Output of one nested container for all who are attached to it, as ProcessIO records. */
import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { type MessageEncoding, writeMessage } from "#contracts/kernel/encoding.ts";
import type { AgentProcessIO } from "#contracts/kernel/messages.gen.ts";
import { encodeRecord } from "#foundation/http/index.ts";
import type { Session } from "#kernel/containerizer/index.ts";

/** Kept for the first reader; what is older is dropped while nobody reads. */
const backlogBytesMax = 65_536;
/** A reader with more than this before it holds the command up. */
const waitingBytesMax = 1_048_576;
/** Source: Mesos agent, heartbeats of its I/O switchboard. */
export const heartbeatMs = 30_000;
export const heartbeat: AgentProcessIO = {
  type: "CONTROL",
  control: { type: "HEARTBEAT", heartbeat: { interval: { nanoseconds: heartbeatMs * 1_000_000 } } },
};

interface Piece {
  readonly channel: "STDOUT" | "STDERR";
  readonly bytes: Buffer;
}

export class ProcessOutput {
  readonly #readers = new Map<ServerResponse, MessageEncoding>();
  readonly #streams: readonly Readable[];
  readonly #backlog: Piece[] = [];
  readonly #heartbeat: NodeJS.Timeout;
  #backlogBytes = 0;
  #hadReader = false;
  #isOver = false;

  constructor({ stdout, stderr, ended }: Session) {
    this.#streams = stderr === undefined ? [stdout] : [stdout, stderr];
    stdout.on("data", (bytes: Buffer) => this.#take({ channel: "STDOUT", bytes }));
    stderr?.on("data", (bytes: Buffer) => this.#take({ channel: "STDERR", bytes }));
    this.#heartbeat = setInterval(() => this.#send(heartbeat), heartbeatMs);
    this.#heartbeat.unref();
    void ended.then(() => {
      this.#isOver = true;
      clearInterval(this.#heartbeat);
      for (const reader of this.#readers.keys()) reader.end();
    });
  }

  /** Sends what comes to this response too, until the container ends; the head is out already. */
  attach(response: ServerResponse, encoding: MessageEncoding): void {
    for (const piece of this.#hadReader ? [] : this.#backlog) this.#write(response, encoding, dataOf(piece));
    this.#hadReader = true;
    this.#backlog.length = 0;
    if (this.#isOver) {
      response.end();
      return;
    }
    this.#readers.set(response, encoding);
    response.on("drain", () => this.#flow());
    response.on("close", () => {
      this.#readers.delete(response);
      this.#flow();
    });
  }

  #take(piece: Piece): void {
    if (this.#hadReader) return this.#send(dataOf(piece));
    this.#backlog.push(piece);
    this.#backlogBytes += piece.bytes.length;
    while (this.#backlogBytes > backlogBytesMax && this.#backlog.length > 1)
      this.#backlogBytes -= this.#backlog.shift()?.bytes.length ?? 0;
    return undefined;
  }

  #send(message: AgentProcessIO): void {
    for (const [response, encoding] of this.#readers) this.#write(response, encoding, message);
    this.#flow();
  }

  #write(response: ServerResponse, encoding: MessageEncoding, message: AgentProcessIO): void {
    response.write(encodeRecord(Buffer.from(writeMessage("AgentProcessIO", message, encoding))));
  }

  #flow(): void {
    const isBlocked = [...this.#readers.keys()].some(
      ({ writableLength }) => writableLength > waitingBytesMax,
    );
    for (const stream of this.#streams) {
      if (isBlocked) stream.pause();
      else if (stream.isPaused()) stream.resume();
    }
  }
}

const dataOf = ({ channel, bytes }: Piece): AgentProcessIO => ({
  type: "DATA",
  data: { type: channel, data: bytes.toString("base64") },
});
