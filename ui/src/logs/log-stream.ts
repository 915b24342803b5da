/** Reads the logs of tasks: what is there from its agent, what comes from the door, many in one stream. */

import { csrfHeader } from "#contracts/identity.ts";
import { agentStreamPaths, type LogEvents, type LogQuery } from "#contracts/kernel/agent-streams.ts";
import { type MergedLogEvent, type MergedLogRequest, mergedLogPath } from "#contracts/observe/merged-log.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { EventParser } from "../data/event-parser.ts";
import { daemonPaths, queryText, RequestFailed } from "../data/request.ts";
import { readServerEvents, type ServerEventsEnd } from "../data/server-events.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { NewLine, OutputStream } from "./log-buffer.ts";

export interface LogTarget {
  readonly agentId: string;
  readonly taskId: string;
  readonly stream: OutputStream;
}

/** Addresses are those of the door that served the page. */
export const logUrl = ({ agentId, taskId, stream }: LogTarget, query: LogQuery): string =>
  `${daemonPaths.agent(agentId)}${agentStreamPaths.log(taskId)}${queryText({ ...query, file: stream })}`;

/** The last lines as they are now. Throws `RequestFailed`. */
export async function readLogTail(
  target: LogTarget,
  lines: number,
  signal: AbortSignal,
): Promise<readonly NewLine[]> {
  const answer = await fetch(logUrl(target, { lines }), {
    headers: { accept: "text/event-stream", [csrfHeader]: "1" },
    credentials: "same-origin",
    cache: "no-store",
    signal,
  });
  if (!answer.ok || answer.body === null)
    throw refusalOf({ status: answer.status, body: await answer.json().catch(() => undefined) });
  const splitter = new LineSplitter();
  const parser = new EventParser();
  const read: NewLine[] = [];
  const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await pieces.read();
    if (done) return [...read, ...splitter.end()];
    for (const { name, data } of parser.push(value)) {
      // The agent is of the same release as this page and follows the same contract.
      if (name === "output") read.push(...splitOutput(splitter, JSON.parse(data) as LogEvents["output"]));
      else if (name === "rotated") read.push(...splitter.end());
    }
  }
}

/**
 * Follows many logs in one stream, each from a cursor or with so many of its last lines. A browser has six connections to one
 * address; one for each log would leave none for anything else.
 */
export function followLogs(
  logs: readonly { readonly target: LogTarget; readonly from: string | number }[],
  onEvent: (event: MergedLogEvent) => void,
  closed: AbortSignal,
): Promise<ServerEventsEnd> {
  const body: MergedLogRequest = {
    sources: logs.map(({ target: { agentId, taskId, stream }, from }) => ({
      agentId,
      taskId,
      file: stream,
      ...(typeof from === "string" ? { cursor: from } : { lines: from }),
    })),
  };
  return readServerEvents({
    url: mergedLogPath,
    method: "POST",
    body,
    closed,
    onOpen: () => undefined,
    // The door is of the same release as this page and follows the same contract.
    onEvents: (events) => {
      for (const { data } of events) onEvent(JSON.parse(data) as MergedLogEvent);
    },
  });
}

export function refusalOf({
  status,
  body,
}: {
  readonly status: number;
  readonly body: unknown;
}): RequestFailed {
  const message =
    isJsonObject(body) && typeof body["message"] === "string" ? body["message"] : `HTTP ${status}`;
  return new RequestFailed({ status, body, message });
}

/** Whole lines of a piece of output. */
export const splitOutput = (splitter: LineSplitter, output: LogEvents["output"]): readonly NewLine[] =>
  splitter.push("text" in output ? output.text : fromBase64(output.base64), output.offset);

/** Bytes that are no text; what can be read of them. */
const fromBase64 = (base64: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
