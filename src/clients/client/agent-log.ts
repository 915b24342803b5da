/** What a task writes, followed across rotations, broken connections and the end of the task. */

import { errorStatus } from "#contracts/errors.ts";
import { agentStreamPaths, type LogEvents, type LogQuery } from "#contracts/kernel/agent-streams.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import type { Connection } from "./connection.ts";

export type LogEvent = {
  readonly [Name in keyof LogEvents]: { readonly kind: Name } & LogEvents[Name];
}[keyof LogEvents];

export interface LogRequest extends LogQuery {
  /** Address of the task's agent. */
  readonly agent: string;
  readonly taskId: string;
}

const retryMs = 500;
/** A following that can't go on for this long is given up. */
const patienceMs = 60_000;

/**
 * Gives every event in order, each once: after a broken connection it goes on where it stood. Ends with the stream's
 * own end or with `signal`. Throws `CodedError` for a refusal, and what broke when nothing came for a minute.
 */
export async function readLog(
  connection: Connection,
  request: LogRequest,
  onEvent: (event: LogEvent) => void,
  signal?: AbortSignal,
): Promise<void> {
  let cursor = request.cursor;
  let lastHeard = Date.now();
  while (signal?.aborted !== true) {
    const outcome = await readOnce(
      connection,
      { ...request, ...(cursor === undefined ? {} : { cursor }) },
      (event, id) => {
        lastHeard = Date.now();
        if (id !== undefined) cursor = id;
        onEvent(event);
      },
      signal,
    );
    if (outcome === "ended") return;
    if (outcome instanceof CodedError) throw outcome;
    if (Date.now() - lastHeard > patienceMs) throw new Error(outcome);
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

/** `ended`, a refusal, or what broke it. */
async function readOnce(
  connection: Connection,
  request: LogRequest,
  onEvent: (event: LogEvent, id: string | undefined) => void,
  signal: AbortSignal | undefined,
): Promise<"ended" | CodedError | string> {
  const { EventDecoder } = await import("#foundation/http/sse.ts");
  const decoder = new EventDecoder();
  return await new Promise((resolve) => {
    let status = 0;
    let isOver = false;
    const refusal: Buffer[] = [];
    const opened = connection.stream({ agent: request.agent }, pathOf(request), {
      onHead: (head) => {
        status = head;
      },
      onData: (piece) => {
        if (status !== 200) {
          refusal.push(piece);
          return;
        }
        for (const { event, data, id } of decoder.push(piece)) {
          const parsed = parseEvent(event, data);
          if (parsed === undefined) continue;
          if (parsed.kind === "end") isOver = true;
          onEvent(parsed, id);
        }
      },
      onEnd: (cause) => {
        if (isOver || signal?.aborted === true) resolve("ended");
        else if (status !== 0 && status !== 200) resolve(refusalOf(status, Buffer.concat(refusal)));
        else resolve(cause);
      },
    });
    const stop = (): void => void opened.then((stream) => stream.abort());
    if (signal?.aborted === true) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function pathOf({ taskId, agent: _agent, ...query }: LogRequest): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return `${agentStreamPaths.log(taskId)}${search.size === 0 ? "" : `?${search}`}`;
}

const kinds: ReadonlySet<string> = new Set(["begin", "output", "rotated", "missed", "end"]);

function parseEvent(kind: string, data: string): LogEvent | undefined {
  if (!kinds.has(kind)) return undefined;
  const value: unknown = JSON.parse(data);
  // The agent writes these by the same contract.
  return isJsonObject(value) ? ({ ...value, kind } as unknown as LogEvent) : undefined;
}

/** What stands between may answer anything: only our own shape is taken at its word. */
export function refusalOf(status: number, body: Buffer): CodedError {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    value = undefined;
  }
  const { code, message, details } = isJsonObject(value) ? value : {};
  const fallback = Object.entries(errorStatus).find(([, each]) => each === status)?.[0] ?? "Internal";
  return new CodedError(
    typeof code === "string" ? code : fallback,
    typeof message === "string" ? message : `HTTP ${status}`,
    { details },
  );
}

/** Pieces of output put together to lines; a line that has not ended yet is kept back. */
export class LineReader {
  readonly #lineMax: number;
  #rest = "";
  readonly #utf8 = new TextDecoder();

  constructor(lineMax = 1_048_576) {
    this.#lineMax = lineMax;
  }

  /** Whole lines without their ends. A line above the bound comes in parts. */
  push(output: LogEvents["output"]): readonly string[] {
    const text =
      "text" in output
        ? output.text
        : this.#utf8.decode(Buffer.from(output.base64, "base64"), { stream: true });
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > this.#lineMax) {
      lines.push(this.#rest);
      this.#rest = "";
    }
    return lines.map((line) => line.replace(/\r$/, ""));
  }

  /** What was written last without a line end. */
  end(): readonly string[] {
    const rest = this.#rest;
    this.#rest = "";
    return rest === "" ? [] : [rest];
  }
}
