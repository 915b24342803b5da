/** Whether a token was signed by this cluster's identity service, by its published key. */
import type { CryptoKey } from "jose";
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import type { HttpClient } from "#foundation/http/index.ts";

export interface VerifiedToken {
  readonly uid: string;
  /** ms UTC; undefined: never. */
  readonly expiresAt: number | undefined;
}

export interface TokenVerifierOptions {
  readonly client: HttpClient;
  readonly iamUrl: string;
  readonly now: () => number;
}

const verifiedMax = 1_000;
const keysRefetchMs = 2_000;
const tokenLengthMax = 16_384;
const callTimeoutMs = 5_000;

export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #verified = new Map<string, VerifiedToken>();
  #keys = new Map<string, CryptoKey>();
  #keysAt = Number.NEGATIVE_INFINITY;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
  }

  /** Undefined for what is no token of this cluster, or one that has ended. */
  async verify(token: string): Promise<VerifiedToken | undefined> {
    const known = this.#verified.get(token);
    if (known !== undefined) {
      if (known.expiresAt === undefined || known.expiresAt > this.#options.now()) return known;
      this.#verified.delete(token);
      return undefined;
    }
    if (token.length > tokenLengthMax || token.split(".").length !== 3) return undefined;
    const verified = await this.#check(token);
    if (verified !== undefined) remember(this.#verified, token, verified, verifiedMax);
    return verified;
  }

  async #check(token: string): Promise<VerifiedToken | undefined> {
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
        const { uid, exp, iss, aud } = payload;
        // Ours name neither an issuer nor an audience: one that does is meant for somebody else.
        if (typeof uid !== "string" || uid === "" || iss !== undefined || aud !== undefined) return undefined;
        return { uid, expiresAt: exp === undefined ? undefined : exp * 1000 };
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
    const { client, iamUrl } = this.#options;
    const { body } = await client.send(
      { method: "GET", url: `${iamUrl}/acs/api/v1/auth/jwks` },
      callTimeoutMs,
    );
    const parsed: unknown = JSON.parse(body.toString("utf8"));
    const listed = isJsonObject(parsed) ? parsed["keys"] : undefined;
    const keys = new Map<string, CryptoKey>();
    for (const jwk of Array.isArray(listed) ? (listed as JsonObject[]) : []) {
      const key = await importJWK(jwk as Record<string, unknown>, "RS256");
      if (!(key instanceof Uint8Array)) keys.set(String(jwk["kid"]), key);
    }
    this.#keys = keys;
  }
}

/** The token of an `Authorization` header: after `token=` or `Bearer`. */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^\s*(?:token=|bearer\s+)(\S+)\s*$/i.exec(authorization ?? "")?.[1];

/** Puts an entry last; over the bound the one that was put first goes. */
export function remember<Value>(map: Map<string, Value>, key: string, value: Value, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  const first = map.keys().next().value;
  if (first !== undefined) map.delete(first);
}
