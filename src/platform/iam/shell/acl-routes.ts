/** Resources and who may do what with them. Source: contract platform.md section 2.2, `/acls`. */
import { allows, isAction } from "#domain/permissions/index.ts";
import type { HttpRequest } from "#foundation/http/index.ts";
import type { AccessEvent } from "../core/access-changes.ts";
import type { Acl, Subject } from "../core/access-records.ts";
import { sorted } from "../core/directory.ts";
import { changeAccess, descriptionOf, readsBelow } from "./access-calls.ts";
import { IamRefused, type Routes } from "./answers.ts";
import type { IamContext } from "./context.ts";
import { shownAcl, shownAclPermissions } from "./shown-access.ts";

const path = "/acs/api/v1/acls";

export function addAclRoutes(routes: Routes, context: IamContext): void {
  const { directory } = context.core;
  const get = readsBelow(routes, context, path);
  get("", () => ({ array: sorted(directory.acls).map(shownAcl) }));
  get("/:rid", (request) => shownAcl(demandAcl(context, request)));
  get("/:rid/permissions", (request) => shownAclPermissions(demandAcl(context, request)));
  addChanges(routes, context);
  for (const kind of ["user", "group"] as const) {
    get(`/:rid/${kind}s/:id/:action`, (request) => ({ allowed: isAllowed(context, request, kind) }));
    addGrants(routes, context, kind);
  }
}

function addChanges(routes: Routes, context: IamContext): void {
  for (const [method, kind, action, status] of [
    ["PUT", "createAcl", "acl.create", 201],
    ["PATCH", "changeAcl", "acl.update", 204],
  ] as const)
    routes.route({
      method,
      path: `${path}/:rid`,
      handler: (request) => {
        const rid = ridOf(request);
        const event = () => ({ kind, rid, description: descriptionOf(request) });
        return changeAccess(context, request, { action, object: rid, event, status });
      },
    });
  routes.route({
    method: "DELETE",
    path: `${path}/:rid`,
    handler: (request) => {
      const rid = ridOf(request);
      const event = () => ({ kind: "removeAcl", rid }) as const;
      return changeAccess(context, request, { action: "acl.delete", object: rid, event });
    },
  });
}

function addGrants(routes: Routes, context: IamContext, kind: Subject["kind"]): void {
  const one = `${path}/:rid/${kind}s/:id`;
  const add = (method: "PUT" | "DELETE", at: string): void =>
    routes.route({
      method,
      path: at,
      handler: (request) => {
        const rid = ridOf(request);
        const { id = "", action } = request.params;
        const subject: Subject = { kind, id };
        const event = (): AccessEvent =>
          method === "PUT"
            ? { kind: "grant", rid, subject, action: action ?? "" }
            : { kind: "revoke", rid, subject, action };
        const name = method === "PUT" ? "acl.grant" : "acl.revoke";
        return changeAccess(context, request, { action: name, object: rid, event });
      },
    });
  add("PUT", `${one}/:action`);
  add("DELETE", `${one}/:action`);
  add("DELETE", one);
}

/** A user's groups count too, as does `full`, and being a superuser. */
function isAllowed(context: IamContext, request: HttpRequest, kind: Subject["kind"]): boolean {
  const { directory } = context.core;
  const { rid } = demandAcl(context, request);
  const { id = "", action = "" } = request.params;
  if (!isAction(action))
    throw new IamRefused(400, "ERR_INVALID_ACTION", `"${action.slice(0, 50)}" is no action`);
  if (kind === "group") {
    if (!directory.groups.has(id))
      throw new IamRefused(400, "ERR_UNKNOWN_GROUP_ID", `there is no group ${id.slice(0, 100)}`);
    return allows(directory.grantsOfGroup(id), rid, action);
  }
  if (!directory.users.has(id))
    throw new IamRefused(400, "ERR_UNKNOWN_USER_ID", `there is no user ${id.slice(0, 100)}`);
  return directory.allows(id, rid, action);
}

/** Its slashes come encoded twice; the server took one of the codings off. */
function ridOf({ params }: HttpRequest): string {
  try {
    return decodeURIComponent(params["rid"] ?? "");
  } catch {
    throw new IamRefused(400, "ERR_INVALID_RESOURCE_ID", "the resource id is not encoded well");
  }
}

function demandAcl({ core }: IamContext, request: HttpRequest): Acl {
  const acl = core.directory.acls.get(ridOf(request));
  if (acl === undefined)
    throw new IamRefused(
      400,
      "ERR_UNKNOWN_RESOURCE_ID",
      `there is no resource ${ridOf(request).slice(0, 200)}; PUT it first`,
    );
  return acl;
}
