/** Principals with a shared secret, from a file. Source: Mesos flag `--credentials`, its JSON form. */
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import { isSameSecret } from "#foundation/http/index.ts";

export interface Credential {
  readonly principal: string;
  readonly secret: string;
}

export class CredentialsInvalid extends Error {
  override readonly name = "CredentialsInvalid";
}

const credentialsMax = 10_000;

/** `{"credentials": [{"principal": …, "secret": …}]}`. Throws `CredentialsInvalid`; a message never holds a secret. */
export function parseCredentials(document: unknown): readonly Credential[] {
  const list = isJsonObject(document) ? document["credentials"] : undefined;
  if (!Array.isArray(list))
    throw new CredentialsInvalid(
      'credentials: {"credentials": [{"principal": "…", "secret": "…"}]} is wanted',
    );
  if (list.length > credentialsMax)
    throw new CredentialsInvalid(`credentials: ${list.length} are more than ${credentialsMax}`);
  const seen = new Set<string>();
  return list.map((each: JsonValue, index) => {
    const { principal, secret } = (isJsonObject(each) ? each : {}) as Readonly<Record<string, unknown>>;
    if (typeof principal !== "string" || principal === "" || principal.includes(":"))
      throw new CredentialsInvalid(`credentials[${index}].principal: a text without a colon is wanted`);
    if (typeof secret !== "string" || secret === "")
      throw new CredentialsInvalid(`credentials[${index}].secret: a text is wanted`);
    if (seen.has(principal))
      throw new CredentialsInvalid(`credentials[${index}].principal: ${principal} is there twice`);
    seen.add(principal);
    return { principal, secret };
  });
}

/** `Authorization: Basic …`, taken apart. */
export function basicOf(authorization: string | undefined): Credential | undefined {
  const encoded = /^\s*basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const at = text.indexOf(":");
  return at === -1 ? undefined : { principal: text.slice(0, at), secret: text.slice(at + 1) };
}

export const basicHeader = ({ principal, secret }: Credential): string =>
  `Basic ${Buffer.from(`${principal}:${secret}`).toString("base64")}`;

/** An unknown principal takes as long as a wrong secret. */
export function isCredential(known: ReadonlyMap<string, string>, { principal, secret }: Credential): boolean {
  const expected = known.get(principal);
  return isSameSecret(secret, expected ?? "") && expected !== undefined;
}
