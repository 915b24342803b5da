/** What the identity service has below `/keelson/v1`, and what only the door asks it. */
import { randomBytes } from "node:crypto";
import { createLoginLink } from "#contracts/iam/own-endpoints.ts";
import { listAudit } from "#contracts/observe/audit.ts";
import { isAction } from "#domain/permissions/index.ts";
import type { AuditEntry, AuditLog } from "#foundation/audit/index.ts";
import { CodedError } from "#foundation/base/errors.ts";
import {
  EndpointSet,
  EventFanOut,
  empty,
  type HttpRequest,
  json,
  parseJson,
} from "#foundation/http/index.ts";
import { isService, type User } from "../core/user.ts";
import { IamRefused, type Routes } from "./answers.ts";
import { digestOf } from "./auth-routes.ts";
import { demandAuditor, demandCaller, demandDoor, type IamContext } from "./context.ts";

const internal = "/acs/api/v1/internal";
const auditBytesMax = 65_536;

export function addOwnRoutes(routes: Routes, context: IamContext, log: AuditLog): void {
  new EndpointSet("Keelson identity")
    .add(createLoginLink, async ({ body, request }) => makeLink(context, body.uid, request))
    .add(listAudit, async ({ query, request }) => {
      demandAuditor(context, await demandCaller(context, request));
      return log.list(query);
    })
    .serveOn(routes);
}

async function makeLink(
  context: IamContext,
  wanted: string | undefined,
  request: HttpRequest,
): Promise<{ path: string; uid: string; expiresAt: number }> {
  const caller = await demandCaller(context, request);
  const uid = wanted ?? caller.user;
  const refusal = linkRefusal(context, caller.user, uid);
  const token = randomBytes(24).toString("base64url");
  const result =
    refusal === undefined
      ? await context.ask({ kind: "createLink", digest: digestOf(token), uid })
      : undefined;
  await context.audit({
    ...caller,
    action: "user.createLoginLink",
    object: uid,
    method: "POST",
    path: request.path,
    status: refusal?.code === "Forbidden" ? 403 : refusal === undefined ? 200 : 422,
    changes: [],
  });
  if (refusal !== undefined) throw refusal;
  if (result?.kind !== "link") throw new CodedError("NotFound", `there is no user ${uid}`);
  return { path: `/?login=${token}`, uid, expiresAt: result.expiresAt };
}

function linkRefusal({ core }: IamContext, user: string, uid: string): CodedError | undefined {
  if (!core.directory.isSuperuser(user))
    return new CodedError("Forbidden", `${user} is not a superuser; only superusers make login links`);
  const wanted = core.user(uid);
  if (wanted !== undefined && isService(wanted))
    return new CodedError("Invalid", `${uid} is a service account: no browser logs in as it`);
  return undefined;
}

/** The door's own questions; to everybody else they are not there. */
export function addInternalRoutes(routes: Routes, context: IamContext, log: AuditLog): EventFanOut {
  const { core } = context;
  const events = new EventFanOut();
  routes.route({
    method: "GET",
    path: `${internal}/policyquery`,
    handler: (request) => {
      demandDoor(context, request);
      const { uid } = demandKnown(context, request);
      const action = request.query.get("action") ?? "full";
      if (!isAction(action)) throw new IamRefused(400, "ERR_INVALID_ACTION", "there is no such action");
      return json({ allowed: core.directory.allows(uid, request.query.get("rid") ?? "", action) });
    },
  });
  routes.route({
    method: "GET",
    path: `${internal}/grants`,
    handler: (request) => {
      demandDoor(context, request);
      return json({ grants: core.directory.grants(demandKnown(context, request).uid) });
    },
  });
  routes.route({
    method: "POST",
    path: `${internal}/audit`,
    bodyBytesMax: auditBytesMax,
    handler: async (request) => {
      demandDoor(context, request);
      const { source, ...entry } = parseJson(request.body) as AuditEntry & { readonly source: string };
      await log.append(entry, source);
      return empty(204);
    },
  });
  routes.route({
    method: "GET",
    path: `${internal}/events`,
    handler: (request) => {
      demandDoor(context, request);
      return events.answer();
    },
  });
  return events;
}

function demandKnown({ core }: IamContext, { query }: HttpRequest): User {
  const user = core.user(query.get("uid") ?? "");
  if (user === undefined) throw new IamRefused(400, "ERR_UNKNOWN_USER_ID", "there is no such user");
  return user;
}
