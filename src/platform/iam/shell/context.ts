/** What the routes of the identity service work with. */
import { identityHeaders } from "#contracts/identity.ts";
import { missingPermission } from "#domain/permissions/index.ts";
import type { AuditEntry } from "#foundation/audit/index.ts";
import { type Caller, callerOf, type HttpRequest, isSameSecret } from "#foundation/http/index.ts";
import type { IamCore, IamEvent, IamResult } from "../core/iam-core.ts";
import { IamRefused } from "./answers.ts";
import type { Passwords } from "./passwords.ts";
import type { SigningKey } from "./signing-key.ts";

type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;
/** An event that wants a reply, without its number. */
export type RequestEvent = DistributiveOmit<Extract<IamEvent, { request: number }>, "request">;

export interface IamContext {
  readonly core: IamCore;
  readonly key: SigningKey;
  readonly passwords: Passwords;
  readonly doorSecret: string | undefined;
  readonly secureCookies: boolean;
  readonly tokenLifeMs: number;
  readonly now: () => number;
  /** Resolves when what it changed is durable. */
  ask(event: RequestEvent): Promise<IamResult>;
  /** Durable before the answer leaves. */
  audit(entry: AuditEntry): Promise<void>;
}

/** Who may see all users, groups and permissions. */
const acs = "dcos:adminrouter:acs";
/** Who may see who changed what. */
const auditTrail = "dcos:adminrouter:ops:audit";

const statusOf: Readonly<Record<string, number>> = {
  ERR_USER_EXISTS: 409,
  ERR_GROUP_EXISTS: 409,
  ERR_RESOURCE_EXISTS: 409,
  ERR_USER_ALREADY_MEMBER: 409,
};

/** Throws the refusal of a result as the API answers it. */
export function demandDone(result: IamResult): Exclude<IamResult, { kind: "refused" }> {
  if (result.kind !== "refused") return result;
  throw new IamRefused(statusOf[result.code] ?? 400, result.code, result.problem);
}

/** Who asks: as the door says, or by a token of ours. Throws 401 for nobody, and for who no longer exists. */
export async function demandCaller(context: IamContext, request: HttpRequest): Promise<Caller> {
  const said = callerOf(request, context.doorSecret);
  const uid = context.core.user(said.user)?.uid ?? (await uidOfHeader(context, request));
  if (uid === undefined || context.core.user(uid) === undefined)
    throw new IamRefused(401, "ERR_UNAUTHORIZED", "a token is wanted: Authorization: token=…", {
      "www-authenticate": "oauthjwt",
    });
  return { user: uid, from: said.from };
}

async function uidOfHeader({ key }: IamContext, { headers }: HttpRequest): Promise<string | undefined> {
  const token = /^\s*(?:token=|bearer\s+)(\S+)\s*$/i.exec(headers.authorization ?? "")?.[1];
  return token === undefined ? undefined : key.uidOf(token);
}

/** Throws 404 for everybody but the door: its own questions are not there for others. */
export function demandDoor({ doorSecret }: IamContext, { headers }: HttpRequest): void {
  const given = headers[identityHeaders.door];
  if (doorSecret === undefined || typeof given !== "string" || !isSameSecret(given, doorSecret))
    throw new IamRefused(404, "ERR_NOT_FOUND", "there is nothing here");
}

/** Throws 403 for those who may not see users, groups and permissions. Everybody may see what is about themselves. */
export function demandReader({ core }: IamContext, { user }: Caller, about?: string): void {
  if (about === user || core.directory.allows(user, acs, "full")) return;
  throw new IamRefused(403, "ERR_FORBIDDEN", missingPermission(user, acs, "full"));
}

/** Throws 403 for those who may not read, at the door, who changed what. */
export function demandAuditor({ core }: IamContext, { user }: Caller): void {
  if (core.directory.allows(user, auditTrail, "read")) return;
  throw new IamRefused(403, "ERR_FORBIDDEN", missingPermission(user, auditTrail, "read"));
}

/** Throws 403 for everybody but superusers. */
export function demandSuperuser({ core }: IamContext, { user }: Caller): void {
  if (!core.directory.isSuperuser(user))
    throw new IamRefused(
      403,
      "ERR_FORBIDDEN",
      `${user} is not a superuser; only superusers may do this, and make one: keelson group member add superusers ${user}`,
    );
}
