/** The door as a daemon. */
import { timingSafeEqual } from "node:crypto";
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import {
  type Answer,
  createHttpClient,
  createHttpServer,
  empty,
  type HttpRequest,
  json,
  takeOver,
  text,
} from "#foundation/http/index.ts";
import { createLogger, type Logger } from "#foundation/telemetry/index.ts";
import { cookieName, passedHeaders, routeOf, tokenOf, type Upstream } from "./core/routes.ts";
import { pagePolicy, renderPage } from "./shell/page.ts";

export interface DoorEnvironment {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly upstreams: Readonly<Record<Upstream, string>>;
  readonly log?: Logger;
}

export interface RunningDoor {
  readonly info: { readonly url: string };
  close(): Promise<void>;
}

/** Uploads through the door; larger ones are refused. */
const bodyBytesMax = 67_108_864;
const agentsKnownForMs = 1_000;
const upstreamConnectTimeoutMs = 10_000;

interface AgentEntry {
  readonly id: string;
  readonly pid: string;
  readonly hostname: string;
  readonly active: boolean;
}

export async function start({
  host,
  port,
  token,
  upstreams,
  log = createLogger("admin-router"),
}: DoorEnvironment): Promise<RunningDoor> {
  const client = createHttpClient();
  const server = createHttpServer({
    host,
    port,
    bodyBytesMax,
    commonHeaders: { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" },
  });
  let agents: { readonly at: number; readonly entries: readonly AgentEntry[] } = {
    at: Number.NEGATIVE_INFINITY,
    entries: [],
  };

  const isToken = (given: string | undefined): boolean => {
    const one = Buffer.from(given ?? "");
    const other = Buffer.from(token);
    return one.length === other.length && timingSafeEqual(one, other);
  };
  const read = async (url: string): Promise<unknown> =>
    JSON.parse((await client.send({ method: "GET", url }, 5_000)).body.toString("utf8"));
  const listAgents = async (): Promise<readonly AgentEntry[]> => {
    if (performance.now() - agents.at > agentsKnownForMs) {
      const { slaves } = (await read(`${upstreams.kernel}/slaves`)) as {
        readonly slaves: readonly AgentEntry[];
      };
      agents = { at: performance.now(), entries: slaves };
    }
    return agents.entries;
  };

  const handle = async (request: HttpRequest): Promise<Answer> => {
    const { headers, query, path } = request;
    if (path === "/" && query.has("token")) return logIn(query.get("token"));
    if (!isToken(tokenOf(headers.authorization, headers.cookie))) {
      return json({ code: "Unauthorized", message: "a token is wanted: Authorization: token=…" }, 401, {
        "www-authenticate": 'Bearer realm="keelson"',
      });
    }
    const destination = routeOf(path);
    switch (destination.kind) {
      case "page":
        return page(request);
      case "refused":
        return json({ code: "InvalidRequest", message: destination.problem }, 400);
      case "unknown":
        return json({ code: "NotFound", message: `nothing is at ${path.slice(0, 200)}` }, 404);
      case "upstream":
        return pass(request, upstreams[destination.upstream], destination.path);
      case "agent": {
        const agent = (await listAgents()).find(({ id }) => id === destination.agentId);
        if (agent === undefined)
          return json(
            { code: "NotFound", message: `there is no agent ${destination.agentId.slice(0, 200)}` },
            404,
          );
        return pass(request, `http://${agent.pid.slice(agent.pid.indexOf("@") + 1)}`, destination.path);
      }
    }
  };

  function logIn(given: string | null): Answer {
    if (!isToken(given ?? undefined))
      return text("This link is not valid for this cluster. `keelson up` prints the right one.", 401);
    return empty(303, {
      location: "/",
      "set-cookie": `${cookieName}=${given}; HttpOnly; SameSite=Strict; Path=/`,
    });
  }

  async function page({ headers }: HttpRequest): Promise<Answer> {
    const apps = (await read(`${upstreams.services}/v2/apps?embed=apps.tasks`)) as {
      readonly apps: readonly {
        id: string;
        instances: number;
        tasksRunning: number;
        tasks: readonly { host: string; ports: readonly number[] }[];
      }[];
    };
    const language = headers["accept-language"]?.toLowerCase().startsWith("zh") === true ? "zh" : "en";
    const shown = apps.apps.map(({ id, instances, tasksRunning, tasks }) => {
      const first = tasks.find(({ ports }) => ports.length > 0);
      return {
        id,
        instances,
        tasksRunning,
        address: first === undefined ? undefined : `http://${first.host}:${first.ports[0]}/`,
      };
    });
    return {
      ...text(renderPage({ agents: await listAgents(), apps: shown }, language)),
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": pagePolicy,
        "cache-control": "no-store",
      },
    };
  }

  function pass(request: HttpRequest, upstream: string, path: string): Answer {
    const at = request.raw.url?.indexOf("?") ?? -1;
    const url = new URL(path + (at === -1 ? "" : (request.raw.url ?? "").slice(at)), upstream);
    return takeOver((response) => forward(request, url, response));
  }

  function forward(request: HttpRequest, url: URL, response: ServerResponse): void {
    const headers = passedHeaders(request.headers, "in");
    const passed = httpRequest(url, { method: request.method, headers, timeout: upstreamConnectTimeoutMs });
    passed.once("socket", (socket) => socket.once("connect", () => passed.setTimeout(0)));
    passed.once("timeout", () => passed.destroy(new Error("no connection in time")));
    passed.once("response", (answer: IncomingMessage) => {
      response.writeHead(answer.statusCode ?? 502, passedHeaders(answer.headers, "out"));
      response.flushHeaders();
      answer.pipe(response);
      answer.once("error", () => response.destroy());
    });
    passed.once("error", (error) => {
      log.warn("door.upstreamFailed", { url: url.origin, error: error.message });
      if (response.headersSent) response.destroy();
      else
        response
          .writeHead(502, { "content-type": "application/json" })
          .end(JSON.stringify({ code: "Unreachable", message: `${url.origin} does not answer` }));
    });
    response.once("close", () => passed.destroy());
    passed.end(request.body);
  }

  for (const path of ["/", "/*"])
    server.route({
      method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
      path,
      handler: handle,
      form: true,
    });
  const { url } = await server.listen();
  log.info("door.listening", { url });
  return {
    info: { url },
    close: async () => {
      await server.close();
      await client.close();
    },
  };
}
