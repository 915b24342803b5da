/** Everything under `/v2` that is not apps, pods or groups, and `/ping`, `/metrics`. Source: contract marathon.md section 2.5. */

import { TaskIdsInput } from "#contracts/services/task-ids.ts";
import { ArgumentInvalid, RequestInvalid, ShapeInvalid, shapeProblems } from "#domain/definitions/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { empty, type HttpServer, json, takeOver, text } from "#foundation/http/index.ts";
import type { Verbosity } from "#foundation/telemetry/index.ts";
import { listWindow } from "#frameworks/base/shell/list-window.ts";
import type { MarathonMetrics } from "#frameworks/base/shell/marathon-metrics.ts";
import { parseTaskId } from "../core/index.ts";
import { deploymentAnswer, failure, readBody } from "./answers.ts";
import { guarded } from "./app-routes.ts";
import type { OwnContext } from "./context.ts";
import type { EventStreams } from "./event-streams.ts";
import { acceptsJson, noTextOfTasks } from "./http-face.ts";
import { killedAnswer, killMode } from "./kill-mode.ts";
import { addLoggingRoutes } from "./logging-routes.ts";
import { flag } from "./path-parts.ts";
import { whyOf } from "./why-embed.ts";

export interface SystemContext extends OwnContext {
  readonly streams: EventStreams;
  readonly info: () => JsonObject;
  readonly metrics: Pick<MarathonMetrics, "snapshot" | "prometheus">;
  /** What this daemon goes by, for `/config`. */
  readonly config: object;
  readonly verbosity: Verbosity;
}

/** An id of ours, or one that an older Marathon gave: a path, a separator and a UUID, and perhaps a number. */
const olderTaskId = /^.+[._][0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.\d+)?$/i;

/** Throws `RequestInvalid` for what looks like no id, and `ArgumentInvalid` for one without its UUID. */
function checkTaskId(id: string): void {
  if (!/^.+[._].+$/.test(id)) throw new RequestInvalid(`"${id}" is not the id of a task`);
  if (parseTaskId(id) === undefined && !olderTaskId.test(id))
    throw new ArgumentInvalid(`"${id}" is not the id of a task: it has no UUID`);
}

export function addSystemRoutes(server: HttpServer, context: SystemContext): void {
  const { queries, requests, now } = context;
  const get = (path: string, handler: Parameters<typeof guarded>[0]): void =>
    server.route({ method: "GET", path, handler: guarded(handler) });

  get("/v2/tasks", (request) => {
    const { query } = request;
    if (!acceptsJson(request)) return failure(406, noTextOfTasks);
    const wanted = [...query.getAll("status"), ...query.getAll("status[]")].map((value) =>
      value.toLowerCase(),
    );
    const states = new Set(
      wanted.flatMap((value) =>
        value === "running" ? ["TASK_RUNNING"] : value === "staging" ? ["TASK_STAGING"] : [],
      ),
    );
    const tasks = queries.allTasks().filter(({ state }) => states.size === 0 || states.has(state));
    const { items, headers } = listWindow(request, tasks, { idOf: ({ id }) => id, show: (task) => task });
    return json({ tasks: items }, 200, headers);
  });
  server.route({
    method: "POST",
    path: "/v2/tasks/delete",
    handler: guarded(async ({ body, query }) => {
      const read = readBody(body);
      const problems = shapeProblems(TaskIdsInput, read);
      if (problems.length > 0) throw new ShapeInvalid(problems);
      const { ids } = read as TaskIdsInput; // its shape was checked
      for (const id of ids) checkTaskId(id);
      const result = await requests.send({ kind: "killTasks", ids, ...killMode(query) });
      return killedAnswer(result, (tasks) => ({ tasks }));
    }),
  });

  get("/v2/deployments", () => json(queries.deployments()));
  server.route({
    method: "DELETE",
    path: "/v2/deployments/:id",
    handler: guarded(async ({ params, query }) => {
      const force = flag(query, "force", false);
      const result = await requests.send({
        kind: "cancelDeployment",
        deploymentId: params["id"] ?? "",
        force,
      });
      return result.kind === "deployed" ? deploymentAnswer(result) : empty(202);
    }),
  });

  get("/v2/queue", async ({ query }) => {
    const why = await whyOf(context, query);
    const lastUnusedOffers = query.getAll("embed").includes("lastUnusedOffers");
    const queue = queries.queue(now(), { lastUnusedOffers });
    return json({ queue: queue.map((item) => ({ ...item, ...why((item.app ?? item.pod)?.id ?? "") })) });
  });
  server.route({
    method: "DELETE",
    path: "/v2/queue/*",
    handler: guarded(async ({ params, path }) => {
      const match = /^(.*)\/delay\/?$/.exec(params["*"] ?? "");
      if (match === null) return failure(405, `DELETE is not possible at ${path}`);
      await requests.send({
        kind: "resetDelay",
        appId: `/${(match[1] ?? "").replace(/^\/+|(?<!\/)\/+$/g, "")}`,
      });
      return empty(204);
    }),
  });

  get("/v2/info", () => json(context.info()));
  get("/config", () => json(context.config));
  get("/v2/plugins", () => json({ plugins: [] }));
  addLoggingRoutes(server, context.verbosity);

  server.route({
    method: "GET",
    path: "/v2/events",
    handler: ({ headers, query, remoteAddress }) => {
      if (headers.accept?.trim() !== "text/event-stream")
        return failure(405, "the Accept header must be text/event-stream");
      const types = query.getAll("event_type");
      const given = headers["last-event-id"];
      const lastEventId = Array.isArray(given) ? given[0] : given;
      return takeOver((response) =>
        context.streams.open(response, {
          remoteAddress,
          types: types.length === 0 ? undefined : new Set(types),
          wantsIds: lastEventId !== undefined || flag(query, "ids", false),
          ...(lastEventId === undefined ? {} : { lastEventId }),
        }),
      );
    },
  });

  server.route({
    method: "GET",
    path: "/ping",
    access: "open",
    handler: ({ headers }) => {
      const accept = headers.accept ?? "*/*";
      if (/text\/(plain|\*)|\*\/\*/.test(accept)) return text("pong");
      return accept.includes("application/json") ? json("pong") : empty(204);
    },
  });
  get("/metrics", () => json(context.metrics.snapshot()));
  get("/metrics/prometheus", () => ({
    ...text(context.metrics.prometheus()),
    headers: { "content-type": "text/plain; version=0.0.4" },
  }));
}
