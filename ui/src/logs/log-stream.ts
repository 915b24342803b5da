/** Reads the log of one task from its agent. */

import { csrfHeader } from "#contracts/identity.ts";
import { agentStreamPaths, type LogEvents, type LogQuery } from "#contracts/kernel/agent-streams.ts";
import { EventParser, type StreamEvent } from "../data/event-parser.ts";
import { daemonPaths, queryText, RequestFailed } from "../data/request.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { NewLine, OutputStream } from "./log-buffer.ts";

export interface LogTarget {
  readonly agentId: string;
  readonly taskId: string;
  readonly stream: OutputStream;
}

export type LogEnd = LogEvents["end"] | { readonly cause: "broken" };

/** Addresses are those of the door that served the page. */
export const logUrl = ({ agentId, taskId, stream }: LogTarget, query: LogQuery): string =>
  `${daemonPaths.agent(agentId)}${agentStreamPaths.log(taskId)}${queryText({ ...query, file: stream })}`;

/** The last lines as they are now. Throws `RequestFailed`. */
export async function readLogTail(
  target: LogTarget,
  lines: number,
  signal: AbortSignal,
): Promise<readonly NewLine[]> {
  const splitter = new LineSplitter();
  const read: NewLine[] = [];
  await readLog(
    target,
    { lines },
    { splitter, onLines: (more) => read.push(...more), onCursor: () => undefined },
    signal,
  );
  return [...read, ...splitter.end()];
}

export interface LogReader {
  /** Holds the unfinished line between two readings of one stream. */
  readonly splitter: LineSplitter;
  readonly onLines: (lines: readonly NewLine[]) => void;
  /** Behind what has been told; a later reading goes on there. */
  readonly onCursor: (cursor: string) => void;
}

/**
 * Reads what is there, from a cursor or the last lines, to the end. Readings are short and asked for again: a browser has
 * six connections to one address, and a stream held open for each of many instances would leave none.
 * Throws `RequestFailed` where asking again would not help.
 */
export async function readLog(
  target: LogTarget,
  query: LogQuery,
  reader: LogReader,
  signal: AbortSignal,
): Promise<LogEnd> {
  let answer: Response;
  try {
    answer = await fetch(logUrl(target, query), {
      headers: { accept: "text/event-stream", [csrfHeader]: "1" },
      credentials: "same-origin",
      cache: "no-store",
      signal,
    });
  } catch {
    return { cause: "broken" };
  }
  if (!answer.ok || answer.body === null) return refuse(answer);
  const parser = new EventParser();
  const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await pieces.read();
      if (done) return { cause: "broken" };
      for (const event of parser.push(value)) {
        const end = take(event, reader);
        if (event.id !== undefined) reader.onCursor(event.id);
        if (end !== undefined) return end;
      }
    }
  } catch {
    return { cause: "broken" };
  } finally {
    void pieces.cancel().catch(() => undefined);
  }
}

/** The events of `contracts/kernel/agent-streams.ts`. Gives the end when it is one. */
function take({ name, data }: StreamEvent, { splitter, onLines }: LogReader): LogEnd | undefined {
  // The agent is of the same release as this page and follows the same contract.
  const value: unknown = JSON.parse(data);
  if (name === "output") {
    const output = value as LogEvents["output"];
    onLines(splitter.push("text" in output ? output.text : fromBase64(output.base64), output.offset));
  } else if (name === "rotated") onLines(splitter.end());
  else if (name === "end") return value as LogEvents["end"];
  return undefined;
}

/** Bytes that are no text; what can be read of them. */
const fromBase64 = (base64: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));

/** Those that may pass are tried again; others are for the reader to see. */
async function refuse(answer: Response): Promise<LogEnd> {
  const body: unknown = await answer.json().catch(() => undefined);
  if ([429, 502, 503, 504].includes(answer.status)) return { cause: "broken" };
  const message =
    typeof body === "object" && body !== null && "message" in body
      ? String(body.message)
      : `HTTP ${answer.status}`;
  throw new RequestFailed({ status: answer.status, body, message });
}
