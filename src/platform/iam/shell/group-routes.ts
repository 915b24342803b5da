/** Groups and who is in them. Source: contract platform.md section 2.2, `/groups`. */
import type { HttpRequest } from "#foundation/http/index.ts";
import type { Group } from "../core/access-records.ts";
import { sorted } from "../core/directory.ts";
import { changeAccess, descriptionOf, readsBelow } from "./access-calls.ts";
import { IamRefused, type Routes } from "./answers.ts";
import type { IamContext } from "./context.ts";
import { shownGroup, shownGroupPermissions, shownMembers } from "./shown-access.ts";

const path = "/acs/api/v1/groups";
const gidOf = ({ params }: HttpRequest): string => params["gid"] ?? "";
const uidOf = ({ params }: HttpRequest): string => params["uid"] ?? "";

export function addGroupRoutes(routes: Routes, context: IamContext): void {
  const { directory } = context.core;
  const get = readsBelow(routes, context, path);
  get("", () => ({ array: sorted(directory.groups).map(shownGroup) }));
  get("/:gid", (request) => shownGroup(demandGroup(context, request)));
  get("/:gid/users", (request) => ({
    array: shownMembers(directory, demandGroup(context, request), request.query.get("type") === "service"),
  }));
  get("/:gid/permissions", (request) => ({
    array: shownGroupPermissions(directory, demandGroup(context, request).gid),
  }));
  addChanges(routes, context);
}

function addChanges(routes: Routes, context: IamContext): void {
  const group = `${path}/:gid`;
  const member = `${group}/users/:uid`;
  routes.route({
    method: "PUT",
    path: group,
    handler: (request) => {
      const gid = gidOf(request);
      const event = () => ({ kind: "createGroup", gid, description: descriptionOf(request) }) as const;
      return changeAccess(context, request, { action: "group.create", object: gid, event, status: 201 });
    },
  });
  routes.route({
    method: "PATCH",
    path: group,
    handler: (request) => {
      const gid = gidOf(request);
      const event = () => ({ kind: "changeGroup", gid, description: descriptionOf(request) }) as const;
      return changeAccess(context, request, { action: "group.update", object: gid, event });
    },
  });
  routes.route({
    method: "DELETE",
    path: group,
    handler: (request) => {
      const gid = gidOf(request);
      const event = () => ({ kind: "removeGroup", gid }) as const;
      return changeAccess(context, request, { action: "group.delete", object: gid, event });
    },
  });
  for (const [method, kind, action] of [
    ["PUT", "addMember", "group.addUser"],
    ["DELETE", "removeMember", "group.removeUser"],
  ] as const)
    routes.route({
      method,
      path: member,
      handler: (request) => {
        const gid = gidOf(request);
        const event = () => ({ kind, gid, uid: uidOf(request) });
        return changeAccess(context, request, { action, object: gid, event });
      },
    });
}

function demandGroup({ core }: IamContext, request: HttpRequest): Group {
  const group = core.directory.groups.get(gidOf(request));
  if (group === undefined)
    throw new IamRefused(400, "ERR_UNKNOWN_GROUP_ID", `there is no group ${gidOf(request).slice(0, 100)}`);
  return group;
}
