/**
 * The door as a page sees it, for one scenario: files of `ui/dist` with the door's content security policy, declared
 * endpoints answered from the scenario's data by the same rules as the daemons (filter, sort, window), and the stream of
 * events, which a test can feed.
 */
import { createReadStream, existsSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ClusterEvent, eventsSinceHeader } from "#contracts/observe/events.ts";
import { applyChange } from "#contracts/services/own-endpoints.ts";
import { hasCode } from "#foundation/base/errors.ts";
import { jobCallsOf } from "./job-calls.ts";
import { callsOf, type ScenarioCall } from "./scenario-calls.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { scenarioNow } from "./scenarios/shop.ts";
import { serviceCallsOf } from "./service-calls.ts";

const dist = fileURLToPath(new URL("../../ui/dist/", import.meta.url));
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
/** As the door sends it; a page that needs more fails here first. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export interface ScenarioServer {
  readonly url: string;
  /** Takes the place of what was served; pages read it as they would a changed cluster. */
  serve(scenario: Scenario): void;
  /** Sends an event to every page that follows. */
  send(event: ClusterEvent): void;
  /** True: ends every stream of events and takes no new one, as a lost connection does. */
  holdStreams(isHeld: boolean): void;
  /** What every stream begins with from now on, such as a reset. */
  onFollow(event: ClusterEvent): void;
  /** Calls that changed something, as `PUT /v2/apps/…`. */
  readonly changes: readonly string[];
  /** Bodies that `apply` was called with. */
  readonly applied: readonly unknown[];
  close(): Promise<void>;
}

const callsFor = (scenario: Scenario): readonly ScenarioCall[] => [
  ...serviceCallsOf(scenario),
  ...jobCallsOf(scenario),
  ...callsOf(scenario),
];

export async function startScenarioServer(first: Scenario): Promise<ScenarioServer> {
  let scenario = first;
  let calls = callsFor(scenario);
  const streams = new Set<ServerResponse>();
  const changes: string[] = [];
  const applied: unknown[] = [];
  let isHeld = false;
  let firstEvent: ClusterEvent | undefined;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://door");
    const { pathname } = url;
    if (pathname === "/keelson/v1/events")
      return url.searchParams.get("follow") === "false" ? tellKept(response) : follow(response);
    if (request.method === "GET" && serveFile(pathname, response)) return;
    if (request.method !== "GET") changes.push(`${request.method} ${pathname}`);
    void answerCall(calls, scenario, request, response, url).then((body) => {
      if (pathname.endsWith(applyChange.path)) applied.push(body);
    });
  });
  const tellKept = (response: ServerResponse): void => {
    if (scenario.mode === "loading") return;
    if (scenario.mode !== "ok")
      return void response.writeHead(scenario.mode === "error" ? 500 : 403).end("{}");
    response.writeHead(200, {
      "content-type": "text/event-stream",
      [eventsSinceHeader]: String(scenarioNow - 3_600_000),
    });
    response.end(scenario.events.map(frame).join(""));
  };
  const follow = (response: ServerResponse): void => {
    if (isHeld) return void response.destroy();
    if (scenario.mode === "forbidden") return void response.writeHead(403).end("{}");
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(": heartbeat\n\n");
    for (const event of firstEvent === undefined ? scenario.events : [firstEvent])
      response.write(frame(event));
    streams.add(response);
    response.on("close", () => streams.delete(response));
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    serve: (next) => {
      scenario = next;
      calls = callsFor(next);
    },
    send: (event) => {
      for (const stream of streams) stream.write(frame(event));
    },
    holdStreams: (held) => {
      isHeld = held;
      for (const stream of streams) if (held) stream.destroy();
    },
    onFollow: (event) => {
      firstEvent = event;
    },
    changes,
    applied,
    close: () => closeServer(server),
  };
}

const frame = (event: ClusterEvent): string => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`;

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function serveFile(pathname: string, response: ServerResponse): boolean {
  const path = join(dist, pathname === "/" ? "index.html" : pathname);
  if (!path.startsWith(dist) || extname(path) === "" || !existsSync(path)) return false;
  response.writeHead(200, {
    "content-type": types[extname(path)] ?? "application/octet-stream",
    "content-security-policy": policy,
    "cache-control": pathname.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  });
  createReadStream(path).pipe(response);
  return true;
}

async function answerCall(
  calls: readonly ScenarioCall[],
  scenario: Scenario,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<unknown> {
  const body = await readBody(request);
  answerBody(calls, scenario, request, response, url, body);
  return body;
}

function answerBody(
  calls: readonly ScenarioCall[],
  scenario: Scenario,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  body: unknown,
): void {
  const answer = (status: number, value: unknown): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(value === undefined ? "" : JSON.stringify(value));
  };
  if (url.pathname.startsWith("/acs/")) return answerLogin(url.pathname, body, answer);
  switch (scenario.mode) {
    case "loading":
      return; // Never answered; the page shows that it waits.
    case "error":
      return answer(500, { code: "Internal", message: "the store refused the read: disk I/O error" });
    case "forbidden":
      return answer(403, { code: "Forbidden", message: "dave may not view this" });
    case "loggedOut":
      return answer(401, { code: "Unauthorized", message: "log in first" });
    case "ok":
      break;
  }
  const call = calls.find(({ matches }) => matches(request.method ?? "GET", url.pathname));
  if (call === undefined)
    return answer(404, { code: "NotFound", message: `nothing answers ${url.pathname}` });
  try {
    const given = call.answer({ query: Object.fromEntries(url.searchParams), body, path: url.pathname });
    if (given.stream === undefined) answer(given.status, given.body);
    else response.writeHead(given.status, { "content-type": "text/event-stream" }).end(given.stream);
  } catch (error) {
    if (!hasCode(error, "Invalid")) throw error;
    answer(422, { code: "Invalid", message: String(error) });
  }
}

/** The one user of every scenario is `ada` with the password `keel`. */
function answerLogin(
  pathname: string,
  body: unknown,
  answer: (status: number, value: unknown) => void,
): void {
  if (pathname.endsWith("/logout")) return answer(200, {});
  const given = body as { uid?: string; password?: string; token?: string };
  const isKnown = (given.uid === "ada" && given.password === "keel") || given.token === "good-token";
  if (isKnown) return answer(200, { token: "x" });
  answer(401, { title: "Bad credentials", code: "ERR_INVALID_CREDENTIALS" });
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString();
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}
