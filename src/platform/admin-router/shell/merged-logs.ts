/** `POST /keelson/v1/logs`: the logs of many tasks, each followed at its agent, in one stream. Contract: `contracts/observe/merged-log.ts`. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Ajv, type ValidateFunction } from "ajv";
import { agentStreamPaths } from "#contracts/kernel/agent-streams.ts";
import { type MergedLogEvent, MergedLogRequest } from "#contracts/observe/merged-log.ts";
import { CodedError } from "#foundation/base/errors.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import {
  EventDecoder,
  encodeEvent,
  type HttpClient,
  type OpenStream,
  openStream,
  parseJson,
  type ServerEvent,
} from "#foundation/http/index.ts";
import type { Who } from "./admission.ts";
import type { ClusterTables } from "./cluster-tables.ts";
import type { OpenWorks } from "./open-work.ts";
import { clientAddress } from "./passage.ts";
import { replyJson } from "./replies.ts";

export interface MergedLogsOptions {
  readonly client: HttpClient;
  readonly tables: Pick<ClusterTables, "agent">;
  readonly works: OpenWorks;
  readonly headersFor: (user: string, from: string) => Readonly<Record<string, string>>;
}

type Source = MergedLogRequest["sources"][number];

const readersMax = 500;
const requestBytesMax = 1_048_576;
const refusalBytesMax = 65_536;
const heartbeatMs = 10_000;
const heartbeat = ": still here\n\n";
const retryMs = [250, 500, 1_000, 2_000, 5_000];
/** What may pass: the agent or the kernel is starting or busy. */
const passing = new Set([429, 502, 503, 504]);

export class MergedLogs {
  readonly #options: MergedLogsOptions;
  #compiled: ValidateFunction<MergedLogRequest> | undefined;
  #readers = 0;

  constructor(options: MergedLogsOptions) {
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse, who: Who | undefined): Promise<void> {
    const refuse = (status: number, code: string, message: string): void =>
      replyJson(request, response, { code, message }, { status });
    if (this.#readers >= readersMax)
      return refuse(503, "Overloaded", "too many readers of logs; try again later");
    const body = await readBody(request);
    if (body === undefined)
      return refuse(413, "BodyTooLarge", `the body may have at most ${requestBytesMax} bytes`);
    let asked: unknown;
    try {
      asked = parseJson(body);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return refuse(400, error.code, error.message);
    }
    const isRequest = this.#requests();
    if (!isRequest(asked)) {
      const [problem] = isRequest.errors ?? [];
      return refuse(422, "Invalid", `${problem?.instancePath || "/"} ${problem?.message ?? "is not valid"}`);
    }
    this.#follow(request, response, asked.sources, who);
  }

  #requests(): ValidateFunction<MergedLogRequest> {
    this.#compiled ??= new Ajv({
      strict: false,
      meta: false,
      validateSchema: false,
    }).compile<MergedLogRequest>(MergedLogRequest);
    return this.#compiled;
  }

  #follow(
    request: IncomingMessage,
    response: ServerResponse,
    sources: readonly Source[],
    who: Who | undefined,
  ): void {
    const { client, tables, works, headersFor } = this.#options;
    const writer = openStream(response, {
      "content-type": "text/event-stream",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
    const headers = {
      ...headersFor(who?.uid ?? "", clientAddress(request)),
      accept: "text/event-stream",
      ...(who?.authorization === undefined ? {} : { authorization: who.authorization }),
    };
    let left = sources.length;
    const followed = sources.map(
      (source, at) =>
        new FollowedLog(source, {
          client,
          tables,
          headers,
          tell: (event) => void writer.send(encodeEvent({ data: JSON.stringify({ ...event, source: at }) })),
          onOver: () => {
            left -= 1;
            if (left === 0) writer.close();
          },
        }),
    );
    const beat = setInterval(() => writer.send(heartbeat), heartbeatMs);
    const over = who === undefined ? undefined : works.add({ ...who, end: () => writer.close() });
    this.#readers += 1;
    writer.onClose(() => {
      this.#readers -= 1;
      clearInterval(beat);
      over?.();
      for (const each of followed) each.close();
    });
    writer.send(heartbeat);
    for (const each of followed) void each.open();
  }
}

type Told = MergedLogEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, "source">
    : never
  : never;

interface FollowedOptions {
  readonly client: HttpClient;
  readonly tables: Pick<ClusterTables, "agent">;
  readonly headers: Readonly<Record<string, string>>;
  readonly tell: (event: Told) => void;
  /** Nothing more comes. */
  readonly onOver: () => void;
}

/** One log, followed until it is over or nobody reads it any more. */
class FollowedLog {
  readonly #source: Source;
  readonly #options: FollowedOptions;
  #cursor: string | undefined;
  #failures = 0;
  #stream: OpenStream | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(source: Source, options: FollowedOptions) {
    this.#source = source;
    this.#options = options;
    this.#cursor = source.cursor;
  }

  async open(): Promise<void> {
    const { client, tables, headers } = this.#options;
    const { agentId, taskId, file, lines } = this.#source;
    const address = await tables.agent(agentId);
    if (this.#isOver) return;
    if (address === undefined) return this.#retry();
    if (address === "unknown")
      return this.#refused(404, { code: "NotFound", message: `there is no agent ${agentId.slice(0, 200)}` });
    const query = new URLSearchParams({ file, follow: "true" });
    if (this.#cursor !== undefined) query.set("cursor", this.#cursor);
    else if (lines !== undefined) query.set("lines", String(lines));
    const decoder = new EventDecoder();
    let status = 0;
    let refusal = "";
    this.#stream = client.stream(
      { method: "GET", url: `http://${address}${agentStreamPaths.log(taskId)}?${query}`, headers },
      {
        onHead: (given) => {
          status = given;
        },
        onData: (piece) => {
          if (status === 200) for (const event of decoder.push(piece)) this.#take(event);
          else if (refusal.length < refusalBytesMax) refusal += piece.toString("utf8");
        },
        onEnd: () => {
          if (this.#isOver) return;
          if (status === 0 || status === 200 || passing.has(status)) this.#retry();
          else this.#refused(status, jsonOr(refusal));
        },
      },
    );
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#stream?.abort();
  }

  #take({ event, data, id }: ServerEvent): void {
    if (this.#isOver) return;
    this.#failures = 0;
    this.#cursor = id ?? this.#cursor;
    const value = JSON.parse(data) as JsonObject;
    // An agent that ends comes back: the log goes on there.
    if (event === "end" && value["cause"] === "agentEnding") return;
    this.#options.tell({ kind: event, cursor: id, value } as unknown as Told);
    if (event === "end") this.#end();
  }

  #refused(status: number, body: unknown): void {
    this.#options.tell({ kind: "refused", status, body });
    this.#end();
  }

  #end(): void {
    this.close();
    this.#options.onOver();
  }

  #retry(): void {
    this.#timer = setTimeout(
      () => void this.open(),
      retryMs[Math.min(this.#failures, retryMs.length - 1)] ?? 5_000,
    );
    this.#failures += 1;
  }
}

/** Undefined: larger than it may be. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > requestBytesMax) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { message: text.slice(0, 1_000) };
  }
}
