/** `/v2/apps`: one wildcard route, since ids have slashes; what follows an id is told by its known suffixes. */

import {
  type AppDefinition,
  absolutePath,
  instantOf,
  parseApp,
  parseChange,
  parseSelector,
  rollbackVersion,
} from "#domain/definitions/index.ts";
import {
  type Handler,
  type HttpRequest,
  type HttpServer,
  json,
  type PlainAnswer,
} from "#foundation/http/index.ts";
import type { AppUpsert, TaskJson } from "../core/index.ts";
import {
  AppVersionUnknown,
  answerFor,
  appUnknown,
  deploymentAnswer,
  deploymentHeader,
  failure,
  groupUnknown,
  message,
  RequestRefused,
  readBody,
} from "./answers.ts";
import { appJson, appWindow, readEmbeds, taskOfApp } from "./app-json.ts";
import type { OwnContext } from "./context.ts";
import { acceptsJson, noTextOfTasks } from "./http-face.ts";
import { killedAnswer, killMode } from "./kill-mode.ts";
import { eachInList, readApps } from "./many-apps.ts";
import { flag, pathParts } from "./path-parts.ts";
import { whyOf } from "./why-embed.ts";

/** What a path below `/v2/apps/` means. */
export type AppTarget =
  | { readonly kind: "app"; readonly id: string }
  | { readonly kind: "group"; readonly id: string }
  | { readonly kind: "restart" | "tasks" | "versions"; readonly id: string }
  | { readonly kind: "groupTasks"; readonly id: string }
  | { readonly kind: "task"; readonly id: string; readonly taskId: string }
  | { readonly kind: "version"; readonly id: string; readonly version: string };

/** `exists` tells an app that is really called `/a/tasks` from the tasks of `/a`. */
export function readTarget(rest: string, exists: (id: string) => boolean): AppTarget {
  const parts = pathParts(rest);
  const whole = absolutePath(parts.join("/"));
  if (exists(whole)) return { kind: "app", id: whole };
  const last = parts.at(-1) ?? "";
  const above = absolutePath(parts.slice(0, -1).join("/"));
  if (last === "*") return { kind: "group", id: above };
  if (last === "restart" || last === "versions") return { kind: last, id: above };
  if (last === "tasks") {
    if (parts.at(-2) === "*") return { kind: "groupTasks", id: absolutePath(parts.slice(0, -2).join("/")) };
    return { kind: "tasks", id: above };
  }
  const before = absolutePath(parts.slice(0, -2).join("/"));
  if (parts.at(-2) === "tasks") return { kind: "task", id: before, taskId: last };
  if (parts.at(-2) === "versions") return { kind: "version", id: before, version: last };
  return { kind: "app", id: whole };
}

export function addAppRoutes(server: HttpServer, context: OwnContext): void {
  const routes = new AppRoutes(context);
  const add = (
    method: string,
    path: string,
    handler: (request: HttpRequest) => PlainAnswer | Promise<PlainAnswer>,
  ): void => server.route({ method, path, handler: guarded(handler) });
  add("GET", "/v2/apps", (request) => routes.list(request));
  add("POST", "/v2/apps", (request) => routes.create(request));
  add("PUT", "/v2/apps", (request) => routes.changeMany(request, "any"));
  add("PATCH", "/v2/apps", (request) => routes.changeMany(request, "present"));
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
    add(method, "/v2/apps/*", (request) => routes.below(method, request));
  }
}

/** Answers what the client can mend; throws on what is ours. */
export function guarded(handler: (request: HttpRequest) => PlainAnswer | Promise<PlainAnswer>): Handler {
  return async (request) => {
    try {
      return await handler(request);
    } catch (error) {
      const answer = answerFor(error);
      if (answer === undefined) throw error;
      return answer;
    }
  };
}

class AppRoutes {
  readonly #context: OwnContext;

  constructor(context: OwnContext) {
    this.#context = context;
  }

  async list(request: HttpRequest): Promise<PlainAnswer> {
    const { query } = request;
    const why = await whyOf(this.#context, query);
    const { queries, now } = this.#context;
    const contains = (text: string | undefined, wanted: string | null): boolean =>
      wanted === null || (text ?? "").toLowerCase().includes(wanted.toLowerCase());
    const label = query.get("label");
    const selects = label === null ? () => true : parseSelector(label);
    const embeds = readEmbeds(query.getAll("embed"), ["counts", "deployments"]);
    const apps = queries
      .listApps()
      .filter(
        ({ definition }) =>
          contains(definition.id, query.get("id")) &&
          contains(commandOf(definition), query.get("cmd")) &&
          selects(definition.labels),
      );
    const { items, headers } = appWindow(request, apps, { embeds, now: now(), whyOf: why });
    return json({ apps: items }, 200, headers);
  }

  async create(request: HttpRequest): Promise<PlainAnswer> {
    const { requests, options } = this.#context;
    const body = readBody(request.body);
    const definition = parseApp(body, options);
    this.#publishRequest(request, definition);
    const deployed = await requests.deploy({
      kind: "changeApps",
      upserts: [{ definition, expect: "absent" }],
      removals: [],
      force: flag(request.query, "force", false),
    });
    const shown = {
      ...definition,
      version: deployed.version,
      tasksStaged: 0,
      tasksRunning: 0,
      tasksHealthy: 0,
      tasksUnhealthy: 0,
      deployments: [{ id: deployed.deploymentId }],
    };
    return json(shown, 201, {
      ...deploymentHeader(deployed.deploymentId),
      location: `/v2/apps${definition.id}`,
    });
  }

  async changeMany(request: HttpRequest, expect: "any" | "present"): Promise<PlainAnswer> {
    const { requests } = this.#context;
    const apps = readApps(readBody(request.body));
    const missing = apps.find(({ id }) => expect === "present" && !this.#context.queries.hasApp(id));
    if (missing !== undefined) return appUnknown(missing.id);
    const partial = expect === "present" || flag(request.query, "partialUpdate", true);
    const upserts = eachInList(apps, ({ id, body }): AppUpsert => {
      return { definition: this.#changed(body, id, partial), expect };
    });
    return deploymentAnswer(
      await requests.deploy({
        kind: "changeApps",
        upserts,
        removals: [],
        force: flag(request.query, "force", false),
      }),
    );
  }

  below(method: string, request: HttpRequest): PlainAnswer | Promise<PlainAnswer> {
    const target = readTarget(request.params["*"] ?? "", (id) => this.#context.queries.hasApp(id));
    switch (target.kind) {
      case "app":
        return this.#app(method, target.id, request);
      case "group":
        return method === "GET" ? this.#group(target.id, request) : notPossible(method, request);
      case "restart":
        return method === "POST"
          ? this.#restart(target.id, request)
          : this.#app(method, `${target.id}/restart`, request);
      case "tasks":
        return this.#tasks(method, target.id, request);
      case "groupTasks":
        return method === "GET" ? this.#groupTasks(target.id) : notPossible(method, request);
      case "task":
        return method === "DELETE"
          ? this.#killTask(target.id, target.taskId, request.query)
          : notPossible(method, request);
      case "versions":
        return method === "GET" ? this.#versions(target.id) : notPossible(method, request);
      case "version":
        return method === "GET" ? this.#version(target.id, target.version) : notPossible(method, request);
    }
  }

  #app(method: string, id: string, request: HttpRequest): PlainAnswer | Promise<PlainAnswer> {
    switch (method) {
      case "GET":
        return this.#show(id, request.query);
      case "PUT":
      case "PATCH":
        return this.#change(method, id, request);
      case "DELETE":
        return this.#remove(id, request.query);
      default:
        return notPossible(method, request);
    }
  }

  async #show(id: string, query: URLSearchParams): Promise<PlainAnswer> {
    const why = await whyOf(this.#context, query, id);
    const view = this.#context.queries.app(id);
    if (view === undefined) return appUnknown(id);
    const embeds = readEmbeds(query.getAll("embed"), ["counts", "tasks", "lastTaskFailure", "deployments"]);
    return json({ app: { ...appJson(view, embeds, this.#context.now()), ...why(id) } });
  }

  async #change(method: "PUT" | "PATCH", id: string, request: HttpRequest): Promise<PlainAnswer> {
    const { requests, queries } = this.#context;
    const existed = queries.app(id) !== undefined;
    if (method === "PATCH" && !existed) return appUnknown(id);
    const partial = method === "PATCH" || flag(request.query, "partialUpdate", true);
    const definition = this.#changed(readBody(request.body), id, partial);
    this.#publishRequest(request, definition);
    const deployed = await requests.deploy({
      kind: "changeApps",
      upserts: [{ definition, expect: method === "PATCH" ? "present" : "any" }],
      removals: [],
      force: flag(request.query, "force", false),
    });
    return deploymentAnswer(deployed, existed ? 200 : 201);
  }

  /** The definition that a change leads to; `{"version"}` alone goes back to that version. */
  #changed(body: unknown, id: string, partial: boolean): AppDefinition {
    const { queries, options } = this.#context;
    const current = queries.app(id)?.definition;
    const wanted = rollbackVersion(body);
    if (wanted !== undefined) {
      const earlier = queries.appVersion(id, wanted);
      if (earlier === undefined) throw new AppVersionUnknown(id, wanted);
      const { version: _version, versionInfo: _versionInfo, ...definition } = earlier;
      return definition;
    }
    return parseChange(body, partial ? current : undefined, id, options);
  }

  async #remove(id: string, query: URLSearchParams): Promise<PlainAnswer> {
    const { requests, queries } = this.#context;
    if (queries.app(id) === undefined) return appUnknown(id);
    // Unlike every other change, a deletion goes ahead of running deployments unless told otherwise.
    const force = flag(query, "force", true);
    return deploymentAnswer(
      await requests.deploy({ kind: "changeApps", upserts: [], removals: [id], force }),
    );
  }

  async #restart(appId: string, { query }: HttpRequest): Promise<PlainAnswer> {
    return deploymentAnswer(
      await this.#context.requests.deploy({ kind: "restartApp", appId, force: flag(query, "force", false) }),
    );
  }

  async #tasks(method: string, id: string, request: HttpRequest): Promise<PlainAnswer> {
    const { queries, requests } = this.#context;
    const tasks = queries.tasks(id);
    if (tasks === undefined) return appUnknown(id);
    if (method === "GET")
      return acceptsJson(request) ? json({ tasks: tasks.map(taskOfApp) }) : failure(406, noTextOfTasks);
    if (method !== "DELETE") return notPossible(method, request);
    const kill = killMode(request.query);
    if (kill.mode === "scale" && queries.app(id)?.instanceCount === 0)
      throw new RequestRefused({ code: "PathUnknown", path: id });
    const host = request.query.get("host");
    const victims = tasks.filter((task) => host === null || host === "*" || task.host === host);
    const result = await requests.send({
      kind: "killTasks",
      ids: victims.map((task) => task.id),
      ...kill,
    });
    return killedAnswer(result, (killed) => ({ tasks: killed }));
  }

  #groupTasks(group: string): PlainAnswer {
    const apps = this.#context.queries.appsBelow(group);
    if (apps === undefined) return groupUnknown(group);
    return json({ tasks: apps.flatMap((view): readonly TaskJson[] => view.tasks()).map(taskOfApp) });
  }

  async #killTask(id: string, taskId: string, query: URLSearchParams): Promise<PlainAnswer> {
    const { queries, requests } = this.#context;
    const kill = killMode(query);
    const tasks = queries.tasks(id);
    if (tasks === undefined) return appUnknown(id);
    if (!tasks.some((task) => task.id === taskId)) return message(`Task '${taskId}' does not exist`, 404);
    const result = await requests.send({ kind: "killTasks", ids: [taskId], ...kill });
    return killedAnswer(result, ([task]) => ({ task: task ?? null }));
  }

  #versions(id: string): PlainAnswer {
    const { queries } = this.#context;
    if (queries.app(id) === undefined) return appUnknown(id);
    return json({ versions: queries.appVersions(id) ?? [] });
  }

  #version(id: string, version: string): PlainAnswer {
    const { queries } = this.#context;
    if (queries.app(id) === undefined) return appUnknown(id);
    const instant = instantOf(version);
    const definition = queries.appVersion(id, instant);
    return definition === undefined ? appUnknown(id, instant) : json(definition);
  }

  async #group(group: string, request: HttpRequest): Promise<PlainAnswer> {
    const why = await whyOf(this.#context, request.query);
    const apps = this.#context.queries.appsBelow(group);
    if (apps === undefined) return groupUnknown(group);
    const embeds = readEmbeds(request.query.getAll("embed"), ["counts", "deployments"]);
    const { items, headers } = appWindow(request, apps, { embeds, now: this.#context.now(), whyOf: why });
    return json({ "*": items }, 200, headers);
  }

  #publishRequest({ remoteAddress, path }: HttpRequest, appDefinition: AppDefinition): void {
    this.#context.publish("api_post_event", {
      clientIp: remoteAddress,
      uri: path,
      appDefinition: appDefinition as never,
    });
  }
}

const commandOf = ({ cmd, args }: AppDefinition): string | undefined => cmd ?? args?.join(" ");

/** 405, for a path that is known. */
export function notPossible(method: string, { path }: HttpRequest): PlainAnswer {
  return failure(405, `${method} is not possible at ${path}`);
}
