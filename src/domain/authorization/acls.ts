/**
 * Mesos' access control lists: for each action an ordered list, of which the first that is about the principal and the
 * object decides. Source: Mesos flag `--acls`, contract mesos.md section 7.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import { type AuthorizationAction, authorizationActions, ruleOf } from "./actions.ts";
import type { Authorizer } from "./authorizer.ts";

type Entity =
  | { readonly kind: "some"; readonly values: readonly string[] }
  | { readonly kind: "any" }
  | { readonly kind: "none" };

interface Acl {
  readonly principals: Entity;
  readonly objects: Entity;
}

export interface Acls {
  /** What is decided where no list says anything. */
  readonly permissive: boolean;
  readonly lists: ReadonlyMap<AuthorizationAction, readonly Acl[]>;
}

/** Names the field that is not as it must be. */
export class AclsInvalid extends Error {
  override readonly name = "AclsInvalid";
}

const entriesMax = 10_000;

const isActionName = (name: string): name is AuthorizationAction => Object.hasOwn(authorizationActions, name);

export function parseAcls(document: unknown): Acls {
  if (!isJsonObject(document)) throw new AclsInvalid("acls: a JSON object is wanted");
  const lists = new Map<AuthorizationAction, readonly Acl[]>();
  let permissive = true;
  for (const [name, value] of Object.entries(document)) {
    if (name === "permissive") {
      if (typeof value !== "boolean") throw new AclsInvalid("acls.permissive: true or false is wanted");
      permissive = value;
      continue;
    }
    if (!isActionName(name))
      throw new AclsInvalid(
        `acls.${name.slice(0, 100)}: there is no such action; there are ${Object.keys(authorizationActions).join(", ")}`,
      );
    if (!Array.isArray(value) || value.length > entriesMax)
      throw new AclsInvalid(`acls.${name}: a list of at most ${entriesMax} entries is wanted`);
    lists.set(
      name,
      value.map((each: JsonValue, index) => parseAcl(each, `acls.${name}[${index}]`, ruleOf(name).object)),
    );
  }
  return { permissive, lists };
}

function parseAcl(value: JsonValue, where: string, objectField: string): Acl {
  if (!isJsonObject(value)) throw new AclsInvalid(`${where}: an object is wanted`);
  for (const field of Object.keys(value))
    if (field !== "principals" && field !== objectField)
      throw new AclsInvalid(
        `${where}.${field.slice(0, 100)}: only principals and ${objectField} are known here`,
      );
  const entity = (field: string): Entity => parseEntity(value[field], `${where}.${field}`);
  return { principals: entity("principals"), objects: entity(objectField) };
}

function parseEntity(value: JsonValue | undefined, where: string): Entity {
  if (!isJsonObject(value)) throw new AclsInvalid(`${where}: {"type": "ANY"} or {"values": […]} is wanted`);
  const { type = "SOME", values = [] } = value as JsonObject;
  if (type === "ANY") return { kind: "any" };
  if (type === "NONE") return { kind: "none" };
  if (type !== "SOME") throw new AclsInvalid(`${where}.type: SOME, ANY or NONE is wanted`);
  if (!Array.isArray(values) || values.length === 0 || values.some((each) => typeof each !== "string"))
    throw new AclsInvalid(`${where}.values: a list of texts is wanted`);
  return { kind: "some", values: values as readonly string[] };
}

export function aclAuthorizer({ permissive, lists }: Acls): Authorizer {
  return {
    isPermissive: false,
    may: (principal, action, object) => {
      const areRoles = ruleOf(action).object === "roles";
      const found = (lists.get(action) ?? []).find(
        ({ principals, objects }) =>
          isAbout(principals, principal, false) && isAbout(objects, object, areRoles),
      );
      if (found === undefined) return permissive;
      return found.principals.kind !== "none" && found.objects.kind !== "none";
    },
  };
}

/** Whether an entry says anything of a value; without one, of any whatever. */
function isAbout(entity: Entity, value: string | undefined, isRole: boolean): boolean {
  if (entity.kind !== "some") return true;
  return value !== undefined && entity.values.some((each) => isValue(each, value, isRole));
}

/** `a/%` is every role below `a`, and not `a`. */
function isValue(listed: string, value: string, isRole: boolean): boolean {
  if (listed === value) return true;
  return isRole && listed.endsWith("/%") && value.startsWith(listed.slice(0, -1));
}
