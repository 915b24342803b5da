/** What a client may say when it creates or changes a user, judged. Source: DC/OS IAM API, PUT and PATCH of users. */
import { isJsonObject } from "#foundation/base/json.ts";

export type ErrorName = "ERR_INVALID_DATA" | "ERR_INVALID_PUBLIC_KEY";

export type Parsed<Value> =
  | { readonly kind: "ok"; readonly value: Value }
  | { readonly kind: "bad"; readonly code: ErrorName; readonly problem: string };

export interface NewUser {
  readonly description: string | undefined;
  readonly secret:
    | { readonly kind: "password"; readonly password: string }
    | { readonly kind: "key"; readonly publicKey: string };
}

export interface UserChange {
  readonly description: string | undefined;
  readonly password: string | undefined;
}

const passwordLengthMin = 5;
/** Longer ones only cost time to hash. */
const passwordLengthMax = 1_024;
const textMax = 1_024;
const keyMax = 16_384;
const createFields = ["description", "password", "public_key", "provider_type", "provider_id"];
/** Taken since old clients send them; they mean nothing. */
const ignoredFields = ["cluster_url", "creator_uid"];

const bad = (problem: string): { kind: "bad"; code: ErrorName; problem: string } => ({
  kind: "bad",
  code: "ERR_INVALID_DATA",
  problem,
});

export function parseNewUser(body: unknown): Parsed<NewUser> {
  const fields = textFields(body, [...createFields, ...ignoredFields]);
  if (fields.kind === "bad") return fields;
  const { description, password, public_key: publicKey, provider_type: provider } = fields.value;
  if (provider !== undefined && provider !== "internal")
    return bad(`provider_type "${provider}": users of other providers are not there yet, only internal ones`);
  if (password === undefined && publicKey === undefined)
    return bad("password or public_key is wanted; users of an OIDC provider are not there yet");
  if (password !== undefined && publicKey !== undefined)
    return bad("password and public_key exclude each other");
  if (publicKey !== undefined) {
    if (publicKey.length > keyMax || !/^-----BEGIN (RSA )?PUBLIC KEY-----\r?\n/.test(publicKey.trimStart()))
      return {
        kind: "bad",
        code: "ERR_INVALID_PUBLIC_KEY",
        problem: "public_key is not an RSA public key in PEM",
      };
    return { kind: "ok", value: { description, secret: { kind: "key", publicKey } } };
  }
  const problem = passwordProblem(password ?? "");
  if (problem !== undefined) return bad(problem);
  return { kind: "ok", value: { description, secret: { kind: "password", password: password ?? "" } } };
}

export function parseUserChange(body: unknown): Parsed<UserChange> {
  const fields = textFields(body, ["description", "password"]);
  if (fields.kind === "bad") return fields;
  const { description, password } = fields.value;
  if (description === undefined && password === undefined)
    return bad("at least one of description and password is wanted");
  const problem = password === undefined ? undefined : passwordProblem(password);
  return problem === undefined ? { kind: "ok", value: { description, password } } : bad(problem);
}

function passwordProblem(password: string): string | undefined {
  if (password.length < passwordLengthMin)
    return `the password has fewer than ${passwordLengthMin} characters`;
  if (password.length > passwordLengthMax)
    return `the password has more than ${passwordLengthMax} characters`;
  return undefined;
}

type TextFields = Readonly<
  Partial<Record<"description" | "password" | "public_key" | "provider_type" | "provider_id", string>>
>;

function textFields(body: unknown, allowed: readonly string[]): Parsed<TextFields> {
  if (!isJsonObject(body)) return bad("the body is not a JSON object");
  for (const [name, value] of Object.entries(body)) {
    if (!allowed.includes(name)) return bad(`unknown field "${name.slice(0, 100)}"`);
    if (typeof value !== "string") return bad(`${name} is not a text`);
    const max = name === "public_key" ? keyMax : textMax + 1;
    if (value.length > max) return bad(`${name} is longer than ${max} characters`);
  }
  return { kind: "ok", value: body as TextFields };
}
