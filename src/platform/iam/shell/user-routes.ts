/** Users and service accounts. Source: contract platform.md section 2.2, `/users`. */
import { fieldChanges } from "#domain/changes/index.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { type Caller, type HttpRequest, json, type PlainAnswer, parseJson } from "#foundation/http/index.ts";
import { isService, isUid, shownUser, type User } from "../core/user.ts";
import { type Parsed, parseNewUser, parseUserChange } from "../core/user-body.ts";
import { demandSight } from "./access-calls.ts";
import { demandJsonAccepted, demandJsonBody, IamRefused, noStore, type Routes } from "./answers.ts";
import { audited } from "./audited.ts";
import { demandCaller, demandDone, demandReader, demandSuperuser, type IamContext } from "./context.ts";
import { shownGroupsOf, shownUserPermissions } from "./shown-access.ts";
import { readPublicKey } from "./signing-key.ts";

const path = "/acs/api/v1/users";

export function addUserRoutes(routes: Routes, context: IamContext): void {
  const { core } = context;
  routes.route({
    method: "GET",
    path,
    handler: async (request) => {
      demandReader(context, await demandCaller(context, request));
      demandJsonAccepted(request);
      const wantsServices = request.query.get("type") === "service";
      const users = core.users().filter((user) => isService(user) === wantsServices);
      return json({ array: users.map(shownUser) }, 200, noStore);
    },
  });
  routes.route({
    method: "GET",
    path: `${path}/:uid`,
    handler: async (request) => {
      demandReader(context, await demandCaller(context, request), uidOf(request));
      demandJsonAccepted(request);
      return json(shownUser(demandUser(context, uidOf(request))), 200, noStore);
    },
  });
  const about = (below: string, shown: (uid: string) => object): void =>
    routes.route({
      method: "GET",
      path: `${path}/:uid/${below}`,
      handler: async (request) => {
        await demandSight(context, request, uidOf(request));
        return json(shown(demandUser(context, uidOf(request)).uid), 200, noStore);
      },
    });
  about("groups", (uid) => ({ array: shownGroupsOf(core.directory, uid) }));
  about("permissions", (uid) => shownUserPermissions(core.directory, uid));
  const changes = new UserChanges(context);
  routes.route({ method: "PUT", path: `${path}/:uid`, handler: (request) => changes.create(request) });
  routes.route({ method: "PATCH", path: `${path}/:uid`, handler: (request) => changes.change(request) });
  routes.route({ method: "DELETE", path: `${path}/:uid`, handler: (request) => changes.remove(request) });
}

const uidOf = ({ params }: HttpRequest): string => params["uid"] ?? "";

function demandUser({ core }: IamContext, uid: string): User {
  const user = core.user(uid);
  if (user === undefined)
    throw new IamRefused(400, "ERR_UNKNOWN_USER_ID", `there is no user ${uid.slice(0, 100)}`);
  return user;
}

class UserChanges {
  readonly #context: IamContext;

  constructor(context: IamContext) {
    this.#context = context;
  }

  async create(request: HttpRequest): Promise<PlainAnswer> {
    return this.#audited(request, "user.create", async (caller) => {
      demandSuperuser(this.#context, caller);
      demandJsonBody(request);
      const uid = uidOf(request);
      if (!isUid(uid))
        throw new IamRefused(400, "ERR_INVALID_USER_ID", "a uid has 1 to 96 letters, digits and - _ @ .");
      const { description, secret } = demand(parseNewUser(parseJson(request.body)));
      if (secret.kind === "key") readPublicKey(secret.publicKey);
      if (this.#context.core.user(uid) !== undefined)
        throw new IamRefused(409, "ERR_USER_EXISTS", `${uid} exists already`);
      const credential =
        secret.kind === "key"
          ? secret
          : ({ kind: "password", hash: await this.#context.passwords.hash(secret.password) } as const);
      await this.#apply({ kind: "createUser", uid, description, credential });
      return 201;
    });
  }

  async change(request: HttpRequest): Promise<PlainAnswer> {
    return this.#audited(request, "user.update", async (caller) => {
      const uid = uidOf(request);
      // Everybody may change their own password and description.
      if (caller.user !== uid) demandSuperuser(this.#context, caller);
      demandJsonBody(request);
      const { description, password } = demand(parseUserChange(parseJson(request.body)));
      const user = demandUser(this.#context, uid);
      if (password !== undefined && isService(user))
        throw new IamRefused(400, "ERR_INVALID_DATA", `${uid} is a service account: it has no password`);
      const passwordHash = password === undefined ? undefined : await this.#context.passwords.hash(password);
      await this.#apply({ kind: "changeUser", uid, description, passwordHash });
      return 204;
    });
  }

  async remove(request: HttpRequest): Promise<PlainAnswer> {
    return this.#audited(request, "user.delete", async (caller) => {
      demandSuperuser(this.#context, caller);
      await this.#apply({ kind: "removeUser", uid: uidOf(request) });
      return 204;
    });
  }

  async #apply(event: Parameters<IamContext["ask"]>[0]): Promise<void> {
    demandDone(await this.#context.ask(event));
  }

  #audited(
    request: HttpRequest,
    action: string,
    work: (caller: Caller) => Promise<number>,
  ): Promise<PlainAnswer> {
    const uid = uidOf(request);
    const user = (): User | undefined => this.#context.core.user(uid);
    return audited(
      this.#context,
      request,
      { action, object: uid, state: user, changes: changesBetween },
      work,
    );
  }
}

/** A password that changed is told as such; neither it nor its hash is ever shown. */
function changesBetween(before: User | undefined, after: User | undefined): ReturnType<typeof fieldChanges> {
  const shown = (user: User | undefined): JsonValue | undefined =>
    user === undefined ? undefined : shownUser(user);
  const changes = fieldChanges(shown(before), shown(after));
  const hash = (user: User | undefined): string | undefined =>
    user?.credential.kind === "password" ? user.credential.hash : undefined;
  const isNewPassword = after !== undefined && hash(before) !== hash(after);
  return isNewPassword ? [...changes, { path: "/password" }] : changes;
}

function demand<Value>(parsed: Parsed<Value>): Value {
  if (parsed.kind === "ok") return parsed.value;
  throw new IamRefused(400, parsed.code, parsed.problem);
}
