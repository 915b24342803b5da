/**
 * `/v2/pods`: one wildcard route, since ids have slashes; what follows an id begins with two colons.
 * Source: contract marathon.md sections 2.4 and 7.
 */
import { InstanceIdsInput } from "#contracts/services/task-ids.ts";
import {
  absolutePath,
  instantOf,
  parsePod,
  podOf,
  RequestInvalid,
  ShapeInvalid,
  shapeProblems,
} from "#domain/definitions/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { empty, type HttpRequest, type HttpServer, json, type PlainAnswer } from "#foundation/http/index.ts";
import { listWindow } from "#frameworks/base/shell/list-window.ts";
import { type PodView, parseTaskId } from "../core/index.ts";
import { type Deployed, deploymentHeader, message, podUnknown, readBody } from "./answers.ts";
import { guarded, notPossible } from "./app-routes.ts";
import type { ApiContext } from "./context.ts";
import { flag, pathParts } from "./path-parts.ts";

/** What a path below `/v2/pods` means; without an id it is about all. */
export type PodTarget =
  | { readonly kind: "pods" | "allStatus" }
  | { readonly kind: "pod" | "status" | "versions" | "instances"; readonly id: string }
  | { readonly kind: "version"; readonly id: string; readonly version: string }
  | { readonly kind: "instance"; readonly id: string; readonly instanceId: string };

/** Undefined for a suffix that there isn't. */
export function readPodTarget(rest: string): PodTarget | undefined {
  const [path = "", ...suffixes] = pathParts(rest).join("/").split("::");
  const id = absolutePath(path);
  const [suffix, more] = suffixes;
  if (more !== undefined) return undefined;
  if (suffix === undefined) return path === "" ? { kind: "pods" } : { kind: "pod", id };
  if (path === "") return suffix === "status" ? { kind: "allStatus" } : undefined;
  const [word = "", ...names] = suffix.split("/");
  const [name] = names;
  if (names.length > 1) return undefined;
  switch (word) {
    case "status":
      return name === undefined ? { kind: "status", id } : undefined;
    case "versions":
      return name === undefined ? { kind: "versions", id } : { kind: "version", id, version: name };
    case "instances":
      return name === undefined ? { kind: "instances", id } : { kind: "instance", id, instanceId: name };
    default:
      return undefined;
  }
}

export function addPodRoutes(server: HttpServer, context: ApiContext): void {
  const routes = new PodRoutes(context);
  for (const path of ["/v2/pods", "/v2/pods/*"]) {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      server.route({ method, path, handler: guarded((request) => routes.answer(method, request)) });
    }
  }
}

class PodRoutes {
  readonly #context: ApiContext;

  constructor(context: ApiContext) {
    this.#context = context;
  }

  answer(method: string, request: HttpRequest): PlainAnswer | Promise<PlainAnswer> {
    const target = readPodTarget(request.params["*"] ?? "");
    if (target === undefined) return message("URI not found", 404);
    const { now } = this.#context;
    switch (`${method} ${target.kind}`) {
      case "GET pods":
        // Asked by clients that want to know whether there are pods here at all.
        if (request.method === "HEAD") return empty(200);
        return this.#list(request, ({ definition }) => definition);
      case "POST pods":
        return this.#create(request);
      case "GET allStatus":
        return this.#list(request, (pod) => pod.status(now()));
    }
    if (!("id" in target)) return notPossible(method, request);
    return this.#ofPod(method, target, request);
  }

  #list(request: HttpRequest, show: (pod: PodView) => unknown): PlainAnswer {
    const pods = this.#context.queries.listPods();
    const { items, headers } = listWindow(request, pods, { idOf: ({ definition }) => definition.id, show });
    return json(items, 200, headers);
  }

  #ofPod(
    method: string,
    target: Extract<PodTarget, { readonly id: string }>,
    request: HttpRequest,
  ): PlainAnswer | Promise<PlainAnswer> {
    const { queries, now } = this.#context;
    const { id, kind } = target;
    if (method === "PUT" && kind === "pod") return this.#change(id, request);
    if (method === "GET" && kind === "status") {
      const status = queries.podStatus(id, now());
      return status === undefined ? podUnknown(id) : json(status);
    }
    const pod = queries.pod(id);
    if (pod === undefined) return podUnknown(id);
    switch (`${method} ${kind}`) {
      case "GET pod":
        return json(pod.definition);
      case "DELETE pod":
        return this.#remove(id, request);
      case "GET versions":
        return json(queries.appVersions(id) ?? []);
      case "DELETE instances":
        return this.#killMany(id, request);
    }
    if (target.kind === "version" && method === "GET") return this.#version(id, target.version);
    if (target.kind === "instance" && method === "DELETE") return this.#kill(id, target.instanceId, request);
    return notPossible(method, request);
  }

  async #create(request: HttpRequest): Promise<PlainAnswer> {
    const { requests, options, publish } = this.#context;
    const definition = parsePod(readBody(request.body), options);
    const deployed = await requests.deploy({
      kind: "changeApps",
      upserts: [{ definition, expect: "absent" }],
      removals: [],
      force: flag(request.query, "force", false),
    });
    publish("pod_created_event", eventOf(request));
    return storedAnswer(deployed, 201, { location: `/v2/pods${definition.id}` });
  }

  async #change(id: string, request: HttpRequest): Promise<PlainAnswer> {
    const { requests, options, publish, queries } = this.#context;
    const existed = queries.pod(id) !== undefined;
    const definition = parsePod(readBody(request.body), options);
    if (definition.id !== id) {
      throw new RequestInvalid(`the id of the pod is "${definition.id}", the path says "${id}"`);
    }
    const deployed = await requests.deploy({
      kind: "changeApps",
      upserts: [{ definition, expect: "any" }],
      removals: [],
      force: flag(request.query, "force", false),
    });
    publish(existed ? "pod_updated_event" : "pod_created_event", eventOf(request));
    return storedAnswer(deployed, 200);
  }

  async #remove(id: string, request: HttpRequest): Promise<PlainAnswer> {
    const { requests, publish } = this.#context;
    const { deploymentId } = await requests.deploy({
      kind: "changeApps",
      upserts: [],
      removals: [id],
      force: flag(request.query, "force", false),
    });
    publish("pod_deleted_event", eventOf(request));
    const answer = empty(202);
    const headers = { ...answer.headers, ...deploymentHeader(deploymentId), location: deploymentId };
    return { ...answer, headers };
  }

  #version(id: string, version: string): PlainAnswer {
    const instant = instantOf(version);
    const definition = this.#context.queries.appVersion(id, instant);
    const pod = definition === undefined ? undefined : podOf(definition);
    return pod === undefined ? podUnknown(id, instant) : json(pod);
  }

  async #kill(id: string, instanceId: string, request: HttpRequest): Promise<PlainAnswer> {
    if (!isInstanceId(instanceId)) return message(`"${instanceId}" is not the id of an instance`, 422);
    const [killed] = await this.#killed(id, [instanceId], request);
    return killed === undefined ? message(`Instance '${instanceId}' does not exist`, 404) : json(killed);
  }

  async #killMany(id: string, request: HttpRequest): Promise<PlainAnswer> {
    const body = readBody(request.body);
    const problems = shapeProblems(InstanceIdsInput, body);
    if (problems.length > 0) throw new ShapeInvalid(problems);
    const ids = body as InstanceIdsInput; // its shape was checked
    const bad = ids.find((each) => !isInstanceId(each));
    if (bad !== undefined) return message(`"${bad}" is not the id of an instance`, 422);
    return json(await this.#killed(id, ids, request));
  }

  /** Instances of the pod as they were; ids of none are left out. */
  async #killed(id: string, ids: readonly string[], { query }: HttpRequest): Promise<readonly JsonObject[]> {
    const { queries, requests } = this.#context;
    const found = [...new Set(ids)].flatMap((instanceId) => {
      const instance = queries.podInstance(instanceId);
      return instance?.podId === id ? [{ instanceId, json: instance.json }] : [];
    });
    if (found.length === 0) return [];
    await requests.send({
      kind: "killTasks",
      ids: found.map(({ instanceId }) => instanceId),
      mode: flag(query, "wipe", false) ? "wipe" : "kill",
      force: false,
    });
    return found.map((instance) => instance.json);
  }
}

/** An instance's, not one of its tasks'. */
function isInstanceId(text: string): boolean {
  return parseTaskId(text)?.instanceId === text;
}

const eventOf = ({ remoteAddress, path }: HttpRequest): JsonObject => ({
  clientIp: remoteAddress,
  uri: path,
});

/** The pod as it was stored. */
function storedAnswer(
  { apps: [stored], deploymentId }: Deployed,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): PlainAnswer {
  return json(stored === undefined ? null : (podOf(stored) ?? null), status, {
    ...deploymentHeader(deploymentId),
    ...headers,
  });
}
