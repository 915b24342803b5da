/** `/v2/groups`: one wildcard route, as for apps. Source: contract marathon.md sections 2.3 and 8. */

import { GroupPatchInput } from "#contracts/services/group.ts";
import {
  absolutePath,
  DefinitionInvalid,
  type GroupRequest,
  instantOf,
  parseGroup,
  ShapeInvalid,
  shapeProblems,
} from "#domain/definitions/index.ts";
import { empty, type HttpRequest, type HttpServer, json, type PlainAnswer } from "#foundation/http/index.ts";
import { fieldChooser } from "#frameworks/base/shell/list-window.ts";
import { type GroupChange, parseInstant } from "../core/index.ts";
import { deploymentAnswer, groupUnknown, readBody } from "./answers.ts";
import { appWindow } from "./app-json.ts";
import { guarded, notPossible } from "./app-routes.ts";
import type { ApiContext } from "./context.ts";
import { groupJson, groupThenJson, readGroupEmbeds } from "./group-json.ts";
import { flag, pathParts } from "./path-parts.ts";

/** What a GET below `/v2/groups` means. */
export type GroupTarget =
  | { readonly kind: "group" | "apps" | "versions"; readonly id: string }
  | { readonly kind: "version"; readonly id: string; readonly version: string };

/** `exists` tells a group that is really called `/a/apps` from the apps of `/a`. */
export function readGroupTarget(rest: string, exists: (id: string) => boolean): GroupTarget {
  const parts = pathParts(rest);
  const whole = absolutePath(parts.join("/"));
  if (exists(whole)) return { kind: "group", id: whole };
  const above = (count: number): string => absolutePath(parts.slice(0, -count).join("/"));
  const last = parts.at(-1);
  if (last === "apps" || last === "versions") return { kind: last, id: above(1) };
  if (parts.at(-2) === "versions") return { kind: "version", id: above(2), version: last ?? "" };
  return { kind: "group", id: whole };
}

export function addGroupRoutes(server: HttpServer, context: ApiContext): void {
  const routes = new GroupRoutes(context);
  for (const path of ["/v2/groups", "/v2/groups/*"]) {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      server.route({ method, path, handler: guarded((request) => routes.answer(method, request)) });
    }
  }
}

class GroupRoutes {
  readonly #context: ApiContext;

  constructor(context: ApiContext) {
    this.#context = context;
  }

  answer(method: string, request: HttpRequest): PlainAnswer | Promise<PlainAnswer> {
    const rest = request.params["*"] ?? "";
    const id = absolutePath(pathParts(rest).join("/"));
    switch (method) {
      case "GET":
        return this.#show(rest, request);
      case "POST":
        return this.#create(id, request);
      case "PUT":
        return this.#change(id, request);
      case "PATCH":
        return this.#patch(id, request);
      case "DELETE":
        return this.#remove(id, request);
      default:
        return notPossible(method, request);
    }
  }

  #show(rest: string, request: HttpRequest): PlainAnswer {
    const { queries, now } = this.#context;
    const target = readGroupTarget(rest, (id) => queries.hasGroup(id));
    const embeds = readGroupEmbeds(request.query.getAll("embed"));
    switch (target.kind) {
      case "group": {
        const group = queries.group(target.id);
        return group === undefined
          ? groupUnknown(target.id)
          : json(groupJson(group, embeds, { now: now(), choose: fieldChooser(request.query) }));
      }
      case "apps": {
        const apps = queries.appsBelow(target.id);
        if (apps === undefined) return groupUnknown(target.id);
        const { items, headers } = appWindow(request, apps, { embeds: embeds.app, now: now() });
        return json(items, 200, headers);
      }
      case "versions": {
        const versions = queries.groupVersions(target.id);
        return versions === undefined ? groupUnknown(target.id) : json(versions);
      }
      case "version": {
        const version = instantOf(target.version);
        const group = queries.groupThen(target.id, version);
        return group === undefined ? groupUnknown(target.id, version) : json(groupThenJson(group, embeds));
      }
    }
  }

  async #create(base: string, request: HttpRequest): Promise<PlainAnswer> {
    const { groupId, change } = this.#wanted(base, request, "absent");
    const deployed = await this.#context.requests.deploy({
      kind: "changeGroup",
      groupId,
      change,
      force: flag(request.query, "force", false),
      isDryRun: false,
    });
    const answer = deploymentAnswer(deployed, 201);
    return { ...answer, headers: { ...answer.headers, location: `/v2/groups${groupId}` } };
  }

  async #change(base: string, request: HttpRequest): Promise<PlainAnswer> {
    const { groupId, change } = this.#wanted(base, request, "any");
    const result = await this.#context.requests.send({
      kind: "changeGroup",
      groupId,
      change,
      force: flag(request.query, "force", false),
      isDryRun: flag(request.query, "dryRun", false),
    });
    if (result.kind === "planned") return json({ steps: result.steps });
    if (result.kind === "deployed") return deploymentAnswer(result);
    throw new Error(`a deployment or a plan was expected, not ${result.kind}`);
  }

  #wanted(
    base: string,
    request: HttpRequest,
    expect: "absent" | "any",
  ): { readonly groupId: string; readonly change: GroupChange } {
    const wanted = parseGroup(readBody(request.body), base, this.#context.options);
    return { groupId: wanted.groupId, change: changeOf(wanted, expect) };
  }

  /** Only whether the role is enforced, and only at the top: nothing is deployed. */
  async #patch(groupId: string, request: HttpRequest): Promise<PlainAnswer> {
    const body = readBody(request.body);
    const problems = shapeProblems(GroupPatchInput, body);
    if (problems.length > 0) throw new ShapeInvalid(problems);
    if (groupId === "/" || groupId.includes("/", 1)) {
      throw new DefinitionInvalid([{ path: "/", errors: [`${groupId} is not a top-level group`] }]);
    }
    const { enforceRole } = body as GroupPatchInput; // its shape was checked
    await this.#context.requests.send({ kind: "patchGroup", groupId, enforceRole });
    return empty(200);
  }

  async #remove(groupId: string, request: HttpRequest): Promise<PlainAnswer> {
    return deploymentAnswer(
      await this.#context.requests.deploy({
        kind: "changeGroup",
        groupId,
        change: { kind: "remove" },
        force: flag(request.query, "force", false),
        isDryRun: false,
      }),
    );
  }
}

function changeOf(wanted: GroupRequest, expect: "absent" | "any"): GroupChange {
  switch (wanted.kind) {
    case "define":
      return { kind: "define", tree: wanted.tree, expect };
    case "scale":
      return { kind: "scale", factor: wanted.factor };
    case "restore":
      return { kind: "restore", version: parseInstant(wanted.version) ?? 0 };
  }
}
