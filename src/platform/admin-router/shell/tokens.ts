/** Who a token says somebody is, and whether they may: keys and permissions come from the identity service. */
import type { CryptoKey } from "jose";
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import { type HttpClient, isSameSecret } from "#foundation/http/index.ts";

export interface Identified {
  readonly uid: string;
  /** ms UTC; undefined: never. */
  readonly expiresAt: number | undefined;
  /** The cluster's own token, which is not passed on to anybody. */
  readonly isClusterToken: boolean;
}

export type Permission = "allowed" | "forbidden" | "unknownUser" | "unavailable";

export interface TokensOptions {
  readonly client: HttpClient;
  readonly iamUrl: string;
  readonly identityHeaders: Readonly<Record<string, string>>;
  /** The token of the data directory, and whom it stands for. */
  readonly clusterToken: { readonly token: string; readonly uid: string };
  readonly now: () => number;
}

const verifiedMax = 1_000;
const permissionsMax = 10_000;
/** Source: contract platform.md section 1.6, result cache of the policy query. */
const permissionLifeMs = 5_000;
/** While the identity service is away, what it said last goes on for so long. */
const permissionGraceMs = 75_000;
const keysRefetchMs = 2_000;
const tokenLengthMax = 16_384;
const callTimeoutMs = 5_000;
/** Asked for when only the user's being there matters. */
const anyResource = "dcos:adminrouter";

interface Asked {
  readonly at: number;
  readonly permission: Permission;
}

export class Tokens {
  readonly #options: TokensOptions;
  readonly #verified = new Map<string, Identified>();
  readonly #permissions = new Map<string, Asked>();
  readonly #asking = new Map<string, Promise<Permission>>();
  #keys = new Map<string, CryptoKey>();
  #keysAt = Number.NEGATIVE_INFINITY;

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  /** Undefined for what is no token of this cluster, or one that has ended. */
  async identify(token: string): Promise<Identified | undefined> {
    const known = this.#verified.get(token);
    if (known !== undefined) {
      if (known.expiresAt === undefined || known.expiresAt > this.#options.now()) return known;
      this.#verified.delete(token);
      return undefined;
    }
    const { clusterToken } = this.#options;
    if (isSameSecret(token, clusterToken.token))
      return { uid: clusterToken.uid, expiresAt: undefined, isClusterToken: true };
    if (token.length > tokenLengthMax || token.split(".").length !== 3) return undefined;
    const identified = await this.#verify(token);
    if (identified !== undefined) remember(this.#verified, token, identified, verifiedMax);
    return identified;
  }

  /** Whether somebody may do something, as asked within the last seconds. Without a resource: whether they are there. */
  async permission(uid: string, resource: string | undefined): Promise<Permission> {
    if (resource !== undefined) return this.#permission(uid, resource);
    const answer = await this.#permission(uid, anyResource);
    return answer === "forbidden" ? "allowed" : answer;
  }

  async #permission(uid: string, resource: string): Promise<Permission> {
    const key = `${uid} ${resource}`;
    const known = this.#permissions.get(key);
    const now = this.#options.now();
    if (known !== undefined && now - known.at < permissionLifeMs) return known.permission;
    const asking = this.#asking.get(key) ?? this.#ask(key, uid, resource);
    this.#asking.set(key, asking);
    const answer = await asking;
    if (answer !== "unavailable" || known === undefined) return answer;
    return now - known.at < permissionGraceMs ? known.permission : answer;
  }

  /** Everything known of a user is asked again. */
  forget(uid: string): void {
    for (const key of this.#permissions.keys()) if (key.startsWith(`${uid} `)) this.#permissions.delete(key);
  }

  async #ask(key: string, uid: string, resource: string): Promise<Permission> {
    try {
      const query = new URLSearchParams({ uid, rid: resource, action: "full" });
      const { status, body } = await this.#get(`/acs/api/v1/internal/policyquery?${query}`);
      const permission =
        status === 400 ? "unknownUser" : status === 200 && body["allowed"] === true ? "allowed" : "forbidden";
      remember(this.#permissions, key, { at: this.#options.now(), permission }, permissionsMax);
      return permission;
    } catch {
      return "unavailable";
    } finally {
      this.#asking.delete(key);
    }
  }

  async #verify(token: string): Promise<Identified | undefined> {
    const { jwtVerify, decodeProtectedHeader } = await import("jose");
    try {
      const { kid } = decodeProtectedHeader(token);
      const keys = await this.#keysFor(kid);
      for (const key of keys) {
        // The only algorithm that is taken: what a token says of itself decides nothing.
        const { payload } = await jwtVerify(token, key, {
          algorithms: ["RS256"],
          currentDate: new Date(this.#options.now()),
        });
        const { uid, exp } = payload;
        if (typeof uid !== "string" || uid === "") return undefined;
        return { uid, expiresAt: exp === undefined ? undefined : exp * 1000, isClusterToken: false };
      }
    } catch {
      // Whatever is wrong with it, it is no token of ours.
    }
    return undefined;
  }

  /** The key a token names, or all for one that names none. */
  async #keysFor(kid: string | undefined): Promise<readonly CryptoKey[]> {
    const isKnown = kid === undefined ? this.#keys.size > 0 : this.#keys.has(kid);
    if (!isKnown && this.#options.now() - this.#keysAt > keysRefetchMs) {
      await this.#fetchKeys();
      this.#keysAt = this.#options.now();
    }
    if (kid === undefined) return [...this.#keys.values()];
    const key = this.#keys.get(kid);
    return key === undefined ? [] : [key];
  }

  async #fetchKeys(): Promise<void> {
    const { importJWK } = await import("jose");
    const { body } = await this.#get("/acs/api/v1/auth/jwks");
    const keys = new Map<string, CryptoKey>();
    for (const jwk of Array.isArray(body["keys"]) ? (body["keys"] as JsonObject[]) : []) {
      const key = await importJWK(jwk as Record<string, unknown>, "RS256");
      if (!(key instanceof Uint8Array)) keys.set(String(jwk["kid"]), key);
    }
    this.#keys = keys;
  }

  async #get(path: string): Promise<{ readonly status: number; readonly body: JsonObject }> {
    const { client, iamUrl, identityHeaders } = this.#options;
    const { status, body } = await client.send(
      { method: "GET", url: iamUrl + path, headers: identityHeaders },
      callTimeoutMs,
    );
    const parsed: unknown = JSON.parse(body.toString("utf8"));
    return { status, body: isJsonObject(parsed) ? parsed : {} };
  }
}

/** Puts an entry last; over the bound the one that was put first goes. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  const first = map.keys().next().value;
  if (first !== undefined) map.delete(first);
}
