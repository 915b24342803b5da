/** Who a token says somebody is, and whether they may: keys and permissions come from the identity service. */
import { remember, TokenVerifier } from "#foundation/access/index.ts";
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

const permissionsMax = 10_000;
/** Source: contract platform.md section 1.6, result cache of the policy query. */
const permissionLifeMs = 5_000;
/** While the identity service is away, what it said last goes on for so long. */
const permissionGraceMs = 75_000;
const callTimeoutMs = 5_000;
/** Asked for when only the user's being there matters. */
const anyResource = "dcos:adminrouter";

interface Asked {
  readonly at: number;
  readonly permission: Permission;
}

export class Tokens {
  readonly #options: TokensOptions;
  readonly #verifier: TokenVerifier;
  readonly #permissions = new Map<string, Asked>();
  readonly #asking = new Map<string, Promise<Permission>>();

  constructor(options: TokensOptions) {
    this.#options = options;
    this.#verifier = new TokenVerifier(options);
  }

  /** Undefined for what is no token of this cluster, or one that has ended. */
  async identify(token: string): Promise<Identified | undefined> {
    const { clusterToken } = this.#options;
    if (isSameSecret(token, clusterToken.token))
      return { uid: clusterToken.uid, expiresAt: undefined, isClusterToken: true };
    const verified = await this.#verifier.verify(token);
    return verified === undefined ? undefined : { ...verified, isClusterToken: false };
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
