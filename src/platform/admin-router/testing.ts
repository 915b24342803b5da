/** A door with a real identity service, and servers behind it that tell what they were asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { BroughtAddresses } from "#contracts/brought-parts.ts";
import { jobEventsPath } from "#contracts/jobs/job-events.ts";
import { nodeEventsPath } from "#contracts/kernel/node-events.ts";
import { encodeRecord } from "#foundation/http/index.ts";
import type { Clock } from "#foundation/runtime/index.ts";
import { createLogCapture, createLogger, type LogCapture } from "#foundation/telemetry/index.ts";
import { start as startDoor } from "./main.ts";

/** What a server behind the door saw of a request. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly bodyBytes: number;
}

export type Responder = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

export interface Upstream {
  readonly url: string;
  readonly port: number;
  /** Everything that was asked, but for what the door asks by itself. */
  readonly seen: Seen[];
  /** Of the paths the door reads by itself; others are answered with what was seen. */
  respond: Responder | undefined;
  /** Called for each piece of a body. */
  onBody: (() => void) | undefined;
  /** Called for upgrades. */
  onUpgrade: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined;
  /** How often the door read this path by itself. */
  reads(path: string): number;
  /** How many subscriptions to its events the door has open. */
  subscriptions(): number;
  /** Sends an event to them, as services or the kernel would. */
  tell(event: object): void;
  dropSubscriptions(): void;
  close(): Promise<void>;
}

const streamPaths: ReadonlySet<string> = new Set(["/v2/events", nodeEventsPath, jobEventsPath]);

export const testToken = "the-clusters-own-token-of-tests";

export interface TestDoorOptions {
  readonly iamUrl: string;
  readonly doorSecret: string;
  readonly consoleDir?: string;
  readonly clusterIdFile?: string;
  readonly kernel: Upstream;
  readonly services: Upstream;
  readonly secretsUrl: string;
  readonly clock?: Clock;
  readonly parts?: BroughtAddresses;
}

export interface TestDoor {
  readonly url: string;
  readonly port: number;
  readonly log: LogCapture;
  close(): Promise<void>;
}

export async function startTestDoor({
  iamUrl,
  kernel,
  services,
  secretsUrl,
  ...rest
}: TestDoorOptions): Promise<TestDoor> {
  const log = createLogCapture();
  const door = await startDoor({
    ...rest,
    host: "127.0.0.1",
    port: 0,
    token: testToken,
    // The stand-in of services stands in for jobs too.
    upstreams: {
      kernel: kernel.url,
      services: services.url,
      jobs: services.url,
      iam: iamUrl,
      secrets: secretsUrl,
    },
    log: createLogger("admin-router", { sink: log.sink, level: "debug" }),
  });
  return { url: door.info.url, port: Number(new URL(door.info.url).port), log, close: () => door.close() };
}

/** What a stand-in of the kernel or of services tells the door when it asks by itself. */
export interface Facts {
  apps: unknown;
  summary: unknown;
}

/** `facts` is read at each question; undefined parts answer 500. */
export async function startUpstream(facts: Partial<Facts> = {}): Promise<Upstream> {
  const seen: Seen[] = [];
  const reads = new Map<string, number>();
  const sockets = new Set<Socket>();
  /** The door's own subscriptions to events. */
  const streams = new Set<ServerResponse>();
  const own = (path: string): unknown => {
    if (path === "/v2/apps") return facts.apps;
    if (path === "/master/state-summary") return facts.summary;
    return undefined;
  };
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    const isDoors = request.headers["user-agent"] === "Master Admin Router";
    if (isDoors) {
      reads.set(path, (reads.get(path) ?? 0) + 1);
      const value = own(path) ?? (path.startsWith("/v2/apps/") ? namedApp(facts.apps, path) : undefined);
      const status = value === undefined ? 500 : value === "none" ? 404 : 200;
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value ?? {}));
      return;
    }
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => {
      pieces.push(piece);
      upstream.onBody?.();
    });
    request.on("end", () => {
      const body = Buffer.concat(pieces);
      const told = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        bodyBytes: body.length,
      };
      const isOwn = request.headers["x-forwarded-for"] === undefined;
      if (isOwn && streamPaths.has(path)) return open(response, "text/event-stream");
      if (isOwn && path === "/api/v1") return open(response, "application/json");
      seen.push(told);
      if (upstream.respond !== undefined) return upstream.respond(request, response, body);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(told));
    });
  });
  const open = (response: ServerResponse, type: string): void => {
    response.setHeader("content-type", type);
    response.flushHeaders();
    streams.add(response);
    response.on("close", () => streams.delete(response));
  };
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request, socket, head) => {
    seen.push({ method: "UPGRADE", url: request.url ?? "", headers: request.headers, bodyBytes: 0 });
    if (upstream.onUpgrade === undefined) socket.destroy();
    else upstream.onUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const upstream: Upstream = {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    respond: undefined,
    onBody: undefined,
    onUpgrade: undefined,
    subscriptions: () => streams.size,
    tell: (event) => {
      const text = JSON.stringify(event);
      for (const stream of streams) {
        const isServerSent = stream.getHeader("content-type") === "text/event-stream";
        stream.write(isServerSent ? `data: ${text}\n\n` : encodeRecord(text));
      }
    },
    dropSubscriptions: () => {
      for (const stream of streams) stream.destroy();
    },
    reads: (path) => reads.get(path) ?? 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return upstream;
}

function namedApp(apps: unknown, path: string): unknown {
  const id = decodeURIComponent(path.slice("/v2/apps".length));
  const list = (apps as { readonly apps?: readonly { readonly id: string }[] } | undefined)?.apps;
  if (list === undefined) return undefined;
  const app = list.find((each) => each.id === id);
  return app === undefined ? "none" : { app };
}

/** An app with one running task on a port of this machine, as services list it. */
export function listedApp(
  id: string,
  port: number,
  labels: Readonly<Record<string, string>> = {},
): { readonly id: string } & Readonly<Record<string, unknown>> {
  return {
    id,
    labels: { DCOS_SERVICE_SCHEME: "http", DCOS_SERVICE_PORT_INDEX: "0", ...labels },
    tasks: [{ state: "TASK_RUNNING", host: "127.0.0.1", ports: [port] }],
  };
}
