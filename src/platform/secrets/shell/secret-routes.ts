/** `/secrets/v1/secret/…`. Source: contract platform.md section 11.1. */
import type { ErrorCode } from "#contracts/errors.ts";
import { type Action, allows, type Grant, missingPermission } from "#domain/permissions/index.ts";
import { secretPathOf } from "#domain/secrets/index.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import {
  type Answer,
  empty,
  type HttpRequest,
  type HttpServer,
  json,
  nameOf,
  type PlainAnswer,
  parseJson,
} from "#foundation/http/index.ts";
import type { SecretRecord } from "../core/secrets-core.ts";
import { errorAnswer, Refused } from "./answers.ts";
import type { SecretsContext } from "./context.ts";

/** The one store there is. */
export const storeName = "default";
const valueBytesMax = 1_048_576;
/** A value in JSON may have every byte escaped. */
const bodyBytesMax = valueBytesMax * 6 + 65_536;
const descriptionMax = 4_096;
const binary = "application/octet-stream";
const root = "/secrets/v1/secret/:store";
const auditTrail = "dcos:adminrouter:ops:audit";

export function addSecretRoutes(server: HttpServer, context: SecretsContext): void {
  const add = (
    method: string,
    path: string,
    handler: (secret: AskedSecret) => Promise<PlainAnswer> | PlainAnswer,
  ): void =>
    server.route({
      method,
      path,
      bodyBytesMax,
      handler: (request) => answering(() => handler(askedSecret(request))),
    });
  const get = (asked: AskedSecret): PlainAnswer =>
    asked.request.query.get("list") === "true" ? list(context, asked) : read(context, asked);
  for (const path of [root, `${root}/*`]) add("GET", path, get);
  add("PUT", `${root}/*`, (asked) => create(context, asked));
  add("PATCH", `${root}/*`, (asked) => change(context, asked));
  add("DELETE", `${root}/*`, (asked) => remove(context, asked));
}

interface AskedSecret {
  readonly request: HttpRequest;
  /** As it was given, without a slash at either end. */
  readonly path: string;
}

function askedSecret(request: HttpRequest): AskedSecret {
  const { store, "*": rest = "" } = request.params;
  if (store !== storeName)
    throw new Refused(404, "ERR_UNKNOWN_STORE", `there is no store ${store}; there is ${storeName}`);
  return { request, path: rest.replace(/^\/|\/$/g, "") };
}

export async function answering(work: () => Promise<PlainAnswer> | PlainAnswer): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) return errorAnswer(error);
    throw error;
  }
}

/** Throws 403 before anybody learns whether the secret is there. Daemons of the cluster may read and nothing else. */
function demand(
  { grantsOf }: SecretsContext,
  { principal }: HttpRequest,
  resources: readonly string[],
  action: Action,
): string {
  if (principal.kind === "internal" && action === "read") return "";
  const name = nameOf(principal);
  if (name === undefined)
    throw new Refused(401, "ERR_UNAUTHORIZED", "a token is wanted: Authorization: token=…");
  const grants = grantsOf(name) as readonly Grant[];
  if (resources.some((resource) => allows(grants, resource, action))) return name;
  throw new Refused(403, "ERR_FORBIDDEN", missingPermission(name, resources[0] ?? "", action));
}

/** Who changed which secret is told to those who may read it at the door. Throws `CodedError`, as its API answers. */
export function demandAudit(context: SecretsContext, { principal }: HttpRequest): void {
  const name = nameOf(principal);
  if (principal.kind === "internal") return;
  if (name === undefined)
    throw new CodedError<ErrorCode>("Unauthorized", "a token is wanted: Authorization: token=…");
  if (!allows(context.grantsOf(name) as readonly Grant[], auditTrail, "read"))
    throw new CodedError<ErrorCode>("Forbidden", missingPermission(name, auditTrail, "read"));
}

/** One in no folder is also meant without a slash. */
const resourcesOf = (path: string): readonly string[] => [
  `dcos:secrets:${storeName}:/${path}`,
  `dcos:secrets:${storeName}:${path}`,
];

function demandSecret(context: SecretsContext, { request, path }: AskedSecret, action: Action): string {
  if (secretPathOf(path) === undefined)
    throw new Refused(
      400,
      "ERR_INVALID_PATH",
      "a path is names of letters, digits, dots, dashes and underscores between slashes, at most 500 characters",
    );
  return demand(context, request, resourcesOf(path), action);
}

function list(context: SecretsContext, { request, path }: AskedSecret): PlainAnswer {
  demand(context, request, [`dcos:secrets:list:${storeName}:/${path}`], "read");
  return json({ array: context.core.namesBelow(path) }, 200, { "cache-control": "no-store" });
}

function read(context: SecretsContext, asked: AskedSecret): PlainAnswer {
  demandSecret(context, asked, "read");
  const { path, request } = asked;
  const record = context.core.secret(path);
  if (record === undefined) throw unknown(path);
  const value = context.seal.open(path, record.sealed);
  const headers = { "cache-control": "no-store" };
  if ((request.headers.accept ?? "").includes(binary))
    return { kind: "plain", status: 200, headers: { ...headers, "content-type": binary }, body: value };
  const text = value.toString("utf8");
  if (!Buffer.from(text).equals(value))
    throw new Refused(406, "ERR_NOT_ACCEPTABLE", `${path} is no text; ask with Accept: ${binary}`);
  const { author, createdAt, description, labels } = record;
  return json(
    {
      value: text,
      author,
      created: new Date(createdAt).toISOString(),
      ...(description === undefined ? {} : { description }),
      ...(labels === undefined ? {} : { labels }),
    },
    200,
    headers,
  );
}

async function create(context: SecretsContext, asked: AskedSecret): Promise<PlainAnswer> {
  return audited(context, asked, "create", async (author) => {
    const { sealed, ...fields } = given(context, asked);
    if (sealed === undefined) throw new Refused(400, "ERR_INVALID_DATA", "value: a text is wanted");
    const record: SecretRecord = { sealed, author, createdAt: context.now(), ...fields };
    await done(context, asked.path, { kind: "create", path: asked.path, record });
    return 201;
  });
}

async function change(context: SecretsContext, asked: AskedSecret): Promise<PlainAnswer> {
  return audited(context, asked, "update", async () => {
    await done(context, asked.path, { kind: "change", path: asked.path, fields: given(context, asked) });
    return 204;
  });
}

async function remove(context: SecretsContext, asked: AskedSecret): Promise<PlainAnswer> {
  return audited(context, asked, "delete", async () => {
    await done(context, asked.path, { kind: "remove", path: asked.path });
    return 204;
  });
}

/** Refusals are kept in the trail too. */
async function audited(
  context: SecretsContext,
  asked: AskedSecret,
  action: "create" | "update" | "delete",
  work: (user: string) => Promise<number>,
): Promise<PlainAnswer> {
  const user = demandSecret(context, asked, action);
  const told = (status: number): Promise<void> =>
    context.audit(asked.request, `secret.${action}`, asked.path, status);
  try {
    const status = await work(user);
    await told(status);
    return empty(status);
  } catch (error) {
    if (error instanceof Refused) await told(error.status);
    throw error;
  }
}

async function done(
  { ask }: SecretsContext,
  path: string,
  event: Parameters<SecretsContext["ask"]>[0],
): Promise<void> {
  const result = await ask(event);
  if (result.kind === "done") return;
  switch (result.refusal) {
    case "exists":
      throw new Refused(409, "ERR_SECRET_EXISTS", `there is a secret ${path}; PATCH changes it`);
    case "missing":
      throw unknown(path);
    case "full":
      throw new Refused(507, "ERR_STORE_FULL", "the store of secrets is full; delete some first");
  }
}

const unknown = (path: string): Refused =>
  new Refused(404, "ERR_UNKNOWN_SECRET", `there is no secret ${path.slice(0, 500)}`);

/** Throws 400 naming the field, 413 for a value that is too long. */
function given({ seal }: SecretsContext, { request, path }: AskedSecret): Partial<SecretRecord> {
  const { headers, body } = request;
  const sealed = (value: Buffer): string => {
    if (value.length > valueBytesMax)
      throw new Refused(
        413,
        "ERR_TOO_LARGE",
        `a secret has at most ${valueBytesMax} bytes, this one ${value.length}`,
      );
    return seal.close(path, value);
  };
  if (headers["content-type"]?.split(";")[0]?.trim().toLowerCase() === binary)
    return { sealed: sealed(body) };
  const refuse = (field: string, wanted: string): Refused =>
    new Refused(400, "ERR_INVALID_DATA", `${field}: ${wanted} is wanted`);
  const document = parsed(body);
  if (!isJsonObject(document)) throw refuse("body", 'JSON like {"value": "…"}');
  const { value, description, labels } = document;
  if (value !== undefined && typeof value !== "string") throw refuse("value", "a text");
  if (description !== undefined && (typeof description !== "string" || description.length > descriptionMax))
    throw refuse("description", `a text of at most ${descriptionMax} characters`);
  if (labels !== undefined && !isTextMap(labels)) throw refuse("labels", "an object of texts");
  return {
    ...(value === undefined ? {} : { sealed: sealed(Buffer.from(value)) }),
    ...(description === undefined ? {} : { description }),
    ...(labels === undefined ? {} : { labels }),
  };
}

function parsed(body: Buffer): unknown {
  try {
    return parseJson(body);
  } catch {
    return undefined;
  }
}

const isTextMap = (value: unknown): value is Readonly<Record<string, string>> =>
  isJsonObject(value) &&
  Object.keys(value).length <= 100 &&
  Object.values(value).every((each) => typeof each === "string" && each.length <= descriptionMax);
