/** Users, groups and what they may do, asked of the identity service. Source: contract platform.md section 2.2. */
import type { Action } from "#domain/permissions/index.ts";
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import { RequestFailed, type RequestOptions } from "./cluster.ts";
import type { Connection } from "./connection.ts";
import { type User, userOf } from "./login.ts";

export interface Group {
  readonly gid: string;
  readonly description: string;
}

/** Whom a permission is for. */
export interface Subject {
  readonly kind: "user" | "group";
  readonly id: string;
}

/** What something may be done with. */
export interface Resource {
  readonly rid: string;
  readonly description: string;
}

export interface Permission extends Subject, Resource {
  readonly actions: readonly string[];
}

/** Resources whose holders are asked for at once. */
const asksAtOnce = 8;

/** Each function throws `RequestFailed`; `refusalCode` tells which refusal it was. */
export class People {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Those with a password and service accounts, by name. */
  async users(): Promise<readonly User[]> {
    const [people, services] = await Promise.all([
      this.#list(["users"]),
      this.#list(["users"], "?type=service"),
    ]);
    return [...people, ...services].map(userOf).sort((one, other) => (one.uid < other.uid ? -1 : 1));
  }

  async user(uid: string): Promise<User> {
    return userOf(await this.#ask(["users", uid]));
  }

  async createUser(
    uid: string,
    body: { readonly description: string; readonly password: string },
  ): Promise<void> {
    await this.#ask(["users", uid], { method: "PUT", body });
  }

  async groups(): Promise<readonly Group[]> {
    return (await this.#list(["groups"])).map(groupOf);
  }

  async group(gid: string): Promise<Group> {
    return groupOf(await this.#ask(["groups", gid]));
  }

  async groupsOf(uid: string): Promise<readonly string[]> {
    return (await this.#list(["users", uid, "groups"])).map(({ group }) => groupOf(group).gid);
  }

  async members(gid: string): Promise<readonly string[]> {
    const [people, services] = await Promise.all([
      this.#list(["groups", gid, "users"]),
      this.#list(["groups", gid, "users"], "?type=service"),
    ]);
    return [...people, ...services].map(({ user }) => userOf(user).uid).sort();
  }

  async createGroup(gid: string, description: string): Promise<void> {
    await this.#ask(["groups", gid], { method: "PUT", body: { description } });
  }

  /** A user, or a group; memberships and permissions go with it. */
  async remove({ kind, id }: Subject): Promise<void> {
    await this.#ask([`${kind}s`, id], { method: "DELETE" });
  }

  async setMember(gid: string, uid: string, isMember: boolean): Promise<void> {
    await this.#ask(["groups", gid, "users", uid], { method: isMember ? "PUT" : "DELETE" });
  }

  /** Of a user also those of the user's groups. */
  async permissionsOf({ kind, id }: Subject): Promise<readonly Permission[]> {
    if (kind === "group")
      return (await this.#list(["groups", id, "permissions"])).map((grant) =>
        permissionOf(grant, { kind, id }),
      );
    const answer = await this.#ask(["users", id, "permissions"]);
    return [
      ...objects(answer["direct"]).map((grant) => permissionOf(grant, { kind, id })),
      ...objects(answer["groups"]).map((grant) =>
        permissionOf(grant, { kind: "group", id: String(grant["gid"]) }),
      ),
    ];
  }

  async resources(): Promise<readonly Resource[]> {
    return (await this.#list(["acls"])).map(resourceOf);
  }

  /** Who holds what on these resources. */
  async holders(resources: readonly Resource[]): Promise<readonly Permission[]> {
    const found: Permission[] = [];
    for (let at = 0; at < resources.length; at += asksAtOnce) {
      const some = resources.slice(at, at + asksAtOnce);
      found.push(...(await Promise.all(some.map((resource) => this.#holdersOf(resource)))).flat());
    }
    return found;
  }

  async #holdersOf({ rid, description }: Resource): Promise<readonly Permission[]> {
    const answer = await this.#ask(["acls", rid, "permissions"]);
    return (["user", "group"] as const).flatMap((kind) =>
      objects(answer[`${kind}s`]).map((holder) =>
        permissionOf(
          { rid, description, actions: holder["actions"] ?? [] },
          { kind, id: String(holder[kind === "user" ? "uid" : "gid"]) },
        ),
      ),
    );
  }

  /** The resource is made where it is not there yet. */
  async grant(rid: string, { kind, id }: Subject, actions: readonly Action[]): Promise<void> {
    try {
      await this.#ask(["acls", rid]);
    } catch (error) {
      if (refusalCode(error) !== "ERR_UNKNOWN_RESOURCE_ID") throw error;
      await this.#ask(["acls", rid], { method: "PUT", body: { description: "" } });
    }
    for (const action of actions) await this.#ask(["acls", rid, `${kind}s`, id, action], { method: "PUT" });
  }

  async revoke(rid: string, { kind, id }: Subject, actions: readonly string[]): Promise<void> {
    for (const action of actions)
      await this.#ask(["acls", rid, `${kind}s`, id, action], { method: "DELETE" });
  }

  async #list(path: readonly string[], query = ""): Promise<readonly JsonObject[]> {
    return objects((await this.#ask(path, {}, query))["array"]);
  }

  async #ask(path: readonly string[], options: RequestOptions = {}, query = ""): Promise<JsonObject> {
    const address = `/acs/api/v1/${path.map(segment).join("/")}${query}`;
    const body = await this.#connection.atDoor(address, options);
    return isJsonObject(body) ? body : {};
  }
}

/** The identity service's own word for why not. */
export const refusalCode = (error: unknown): string | undefined =>
  error instanceof RequestFailed && isJsonObject(error.body) ? String(error.body["code"]) : undefined;

/** Slashes are encoded twice, as the API has it. Throws for what an address would take for another place. */
function segment(text: string): string {
  if (text === "" || text === "." || text === "..")
    throw new RequestFailed({ url: "", status: 400, body: undefined, message: `"${text}" is no name` });
  return encodeURIComponent(text).replaceAll("%2F", "%252F");
}

const objects = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter((each): each is JsonObject => isJsonObject(each)) : [];

function groupOf(value: unknown): Group {
  const group = isJsonObject(value) ? value : {};
  return { gid: String(group["gid"]), description: String(group["description"] ?? "") };
}

const resourceOf = ({
  rid,
  description,
}: JsonObject): { readonly rid: string; readonly description: string } => ({
  rid: String(rid),
  description: String(description ?? ""),
});

const permissionOf = (grant: JsonObject, subject: Subject): Permission => ({
  ...resourceOf(grant),
  actions: objects(grant["actions"]).map(({ name }) => String(name)),
  kind: subject.kind,
  id: subject.id,
});
