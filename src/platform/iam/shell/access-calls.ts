/** What the routes of groups and of permissions have in common. */
import { fieldChanges } from "#domain/changes/index.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import { type HttpRequest, json, type PlainAnswer, parseJson } from "#foundation/http/index.ts";
import type { AccessEvent } from "../core/access-changes.ts";
import { type Acl, type Group, recordToJson } from "../core/access-records.ts";
import { demandJsonAccepted, demandJsonBody, IamRefused, noStore, type Routes } from "./answers.ts";
import { audited } from "./audited.ts";
import { demandCaller, demandDone, demandReader, demandSuperuser, type IamContext } from "./context.ts";

const descriptionMax = 1_024;

/** Judges who reads before anything is read. */
export async function demandSight(context: IamContext, request: HttpRequest, about?: string): Promise<void> {
  demandReader(context, await demandCaller(context, request), about);
  demandJsonAccepted(request);
}

/** Adds reads below a path, each judged before it is answered. */
export function readsBelow(
  routes: Routes,
  context: IamContext,
  path: string,
): (below: string, answer: (request: HttpRequest) => object) => void {
  return (below, answer) =>
    routes.route({
      method: "GET",
      path: `${path}${below}`,
      handler: async (request) => {
        await demandSight(context, request);
        return json(answer(request), 200, noStore);
      },
    });
}

/** A superuser's change of a group or of an access control list. */
export function changeAccess(
  context: IamContext,
  request: HttpRequest,
  {
    action,
    object,
    event,
    status = 204,
  }: {
    readonly action: string;
    readonly object: string;
    /** Made when the caller was judged. */
    readonly event: () => AccessEvent;
    readonly status?: number;
  },
): Promise<PlainAnswer> {
  const { directory } = context.core;
  const state = (): JsonValue | undefined => {
    const record: Group | Acl | undefined = directory.groups.get(object) ?? directory.acls.get(object);
    return record === undefined ? undefined : recordToJson(record);
  };
  return audited(context, request, { action, object, state, changes: fieldChanges }, async (caller) => {
    demandSuperuser(context, caller);
    demandDone(await context.ask(event()));
    return status;
  });
}

/** The only thing that can be said of a group or a resource. Throws 400 for anything else. */
export function descriptionOf(request: HttpRequest): string {
  if (request.body.length === 0 && request.method === "PUT") return "";
  demandJsonBody(request);
  const body = parseJson(request.body);
  const invalid = (problem: string): IamRefused => new IamRefused(400, "ERR_INVALID_DATA", problem);
  if (!isJsonObject(body)) throw invalid("the body is not a JSON object");
  for (const name of Object.keys(body))
    if (name !== "description") throw invalid(`unknown field "${name.slice(0, 100)}"`);
  const { description } = body;
  if (description === undefined && request.method === "PUT") return "";
  if (typeof description !== "string") throw invalid("description is not a text");
  if (description.length > descriptionMax)
    throw invalid(`description is longer than ${descriptionMax} characters`);
  return description;
}
