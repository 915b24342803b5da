/** Logging in and out, and what others need to check a token. Source: contract platform.md section 2.2, `/auth`. */
import { createHash } from "node:crypto";
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import {
  type Answer,
  callerOf,
  type HttpRequest,
  json,
  parseJson,
  takeOver,
} from "#foundation/http/index.ts";
import type { Attempt, LoginLimits } from "../core/login-limits.ts";
import { isService, type User } from "../core/user.ts";
import {
  demandJsonAccepted,
  demandJsonBody,
  errorAnswer,
  IamRefused,
  noStore,
  type Routes,
} from "./answers.ts";
import { demandDoor, type IamContext } from "./context.ts";
import { loginCookies, logoutCookies } from "./cookies.ts";
import { readPublicKey, verifiedClaims } from "./signing-key.ts";

const prefix = "/acs/api/v1/auth";
const textMax = 16_384;

export function addAuthRoutes(routes: Routes, context: IamContext, limits: LoginLimits): void {
  const login = new Login(context, limits);
  routes.route({ method: "POST", path: `${prefix}/login`, handler: (request) => login.post(request) });
  routes.route({ method: "GET", path: `${prefix}/login`, handler: startOfSingleSignOn });
  routes.route({
    method: "GET",
    path: `${prefix}/logout`,
    handler: () => withCookies(200, "", logoutCookies(context.secureCookies)),
  });
  routes.route({
    method: "GET",
    path: `${prefix}/jwks`,
    handler: () => json({ keys: [context.key.jwk] }, 200, noStore),
  });
  routes.route({ method: "GET", path: `${prefix}/providers`, handler: () => json(providers, 200, noStore) });
  // For the door alone: it takes the token of a link out of an address and brings the cookies back.
  routes.route({
    method: "POST",
    path: "/acs/api/v1/internal/login-link",
    handler: (request) => login.byLink(request),
  });
}

const flow = { start_flow_url: `${prefix}/login` };
const providers = {
  "dcos-users": {
    "authentication-type": "dcos-uid-password",
    description: "Local users with a password",
    "client-method": "dcos-usercredential-post-receive-authtoken",
    config: flow,
  },
  "dcos-services": {
    "authentication-type": "dcos-uid-servicekey",
    description: "Service accounts with a key",
    "client-method": "dcos-servicecredential-post-receive-authtoken",
    config: flow,
  },
};

function startOfSingleSignOn({ query }: HttpRequest): Answer {
  const provider = query.get("oidc-provider") ?? query.get("saml-provider");
  if (provider === null)
    return errorAnswer(
      400,
      "ERR_MISSING_QUERY_PARAMETERS",
      "oidc-provider or saml-provider is wanted; with uid and password, POST here",
    );
  const problem = encodeURIComponent(`there is no identity provider ${provider.slice(0, 100)}`);
  return {
    kind: "plain",
    status: 303,
    headers: { location: `/?iam-error=${problem}`, ...noStore },
    body: "",
  };
}

class Login {
  readonly #context: IamContext;
  readonly #limits: LoginLimits;

  constructor(context: IamContext, limits: LoginLimits) {
    this.#context = context;
    this.#limits = limits;
  }

  async post(request: HttpRequest): Promise<Answer> {
    demandJsonAccepted(request);
    demandJsonBody(request);
    const body = parseJson(request.body);
    if (!isJsonObject(body)) throw new IamRefused(400, "ERR_INVALID_DATA", "the body is not a JSON object");
    const credentials = credentialsOf(body);
    const { from } = callerOf(request, this.#context.doorSecret);
    const attempt = { uid: credentials.uid, from };
    this.#demandPatience(attempt);
    // Counted before it is known, so that many at once are counted too.
    this.#limits.failed(attempt, this.#context.now());
    const user = await this.#verified(credentials);
    const status = user === undefined ? 401 : 200;
    await this.#context.audit({
      user: user?.uid ?? "anonymous",
      from,
      action: "user.login",
      object: credentials.uid,
      method: "POST",
      path: `${prefix}/login`,
      status,
      changes: [],
    });
    if (user === undefined)
      throw new IamRefused(401, "ERR_INVALID_CREDENTIALS", "The credentials are not valid.", {
        "www-authenticate": "acsjwt",
      });
    this.#limits.succeeded(attempt);
    return this.#loggedIn(user, credentials.exp);
  }

  async byLink(request: HttpRequest): Promise<Answer> {
    demandDoor(this.#context, request);
    const body = parseJson(request.body);
    const token = isJsonObject(body) ? body["token"] : undefined;
    const { from } = callerOf(request, this.#context.doorSecret);
    const result = await this.#context.ask({ kind: "useLink", digest: digestOf(String(token)) });
    const user = result.kind === "link" ? this.#context.core.user(result.uid) : undefined;
    await this.#context.audit({
      user: user?.uid ?? "anonymous",
      from,
      action: "user.loginByLink",
      object: user?.uid ?? "",
      method: "GET",
      path: "/?login=…",
      status: user === undefined ? 401 : 200,
      changes: [],
    });
    if (user === undefined)
      throw new IamRefused(
        401,
        "ERR_INVALID_CREDENTIALS",
        "This login link was used already, or its time is over.",
      );
    return this.#loggedIn(user, undefined);
  }

  #demandPatience(attempt: Attempt): void {
    const waitMs = this.#limits.waitMs(attempt, this.#context.now());
    if (waitMs === 0) return;
    throw new IamRefused(429, "ERR_TOO_MANY_ATTEMPTS", "Too many failed logins; wait before the next.", {
      "retry-after": String(Math.ceil(waitMs / 1000)),
    });
  }

  async #verified({ uid, secret }: Credentials): Promise<User | undefined> {
    const user = this.#context.core.user(uid);
    const credential = user?.credential;
    if (secret.kind === "password") {
      const hash = credential?.kind === "password" ? credential.hash : undefined;
      return (await this.#context.passwords.verify(secret.password, hash)) ? user : undefined;
    }
    if (credential?.kind !== "key") return undefined;
    const claims = await verifiedClaims(secret.token, readPublicKey(credential.publicKey));
    return claims?.uid === uid ? user : undefined;
  }

  async #loggedIn(user: User, asked: number | undefined): Promise<Answer> {
    const { key, now, tokenLifeMs, secureCookies } = this.#context;
    const seconds = Math.floor(now() / 1000);
    // Only a service account chooses how long; 0 asks for a token that does not end.
    const wish = isService(user) ? asked : undefined;
    const exp = wish === 0 ? undefined : (wish ?? seconds + Math.floor(tokenLifeMs / 1000));
    const token = await key.sign({ uid: user.uid, ...(exp === undefined ? {} : { exp }) });
    const lifeSeconds = exp === undefined ? undefined : Math.max(0, exp - seconds);
    const cookies = loginCookies(
      { token, uid: user.uid, description: user.description, lifeSeconds },
      secureCookies,
    );
    return withCookies(200, JSON.stringify({ token }), cookies);
  }
}

interface Credentials {
  readonly uid: string;
  readonly secret:
    | { readonly kind: "password"; readonly password: string }
    | { readonly kind: "token"; readonly token: string };
  readonly exp: number | undefined;
}

/** Throws 400 for what is not exactly one way to log in. */
function credentialsOf(body: JsonObject): Credentials {
  const invalid = (problem: string): IamRefused => new IamRefused(400, "ERR_INVALID_DATA", problem);
  for (const name of Object.keys(body))
    if (!["uid", "password", "token", "exp"].includes(name))
      throw invalid(`unknown field "${name.slice(0, 100)}"`);
  const { uid, password, token, exp } = body as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries({ uid, password, token })) {
    if (value === undefined) continue;
    if (typeof value !== "string") throw invalid(`${name} is not a text`);
    if (value === "" || value.length > textMax) throw invalid(`${name} is empty or too long`);
  }
  if ((password === undefined) === (token === undefined))
    throw invalid("exactly one of password and token is wanted");
  if (exp !== undefined && !(typeof exp === "number" && Number.isSafeInteger(exp) && exp >= 0))
    throw invalid("exp is not a number of seconds");
  if (uid === undefined)
    throw password === undefined
      ? new IamRefused(
          401,
          "ERR_INVALID_CREDENTIALS",
          "logins by the id token of an OIDC provider are not there yet",
          { "www-authenticate": "acsjwt" },
        )
      : invalid("uid is wanted beside a password");
  return {
    uid: String(uid),
    secret:
      password === undefined
        ? { kind: "token", token: String(token) }
        : { kind: "password", password: String(password) },
    exp: typeof exp === "number" ? exp : undefined,
  };
}

/** What is kept of a link's token. */
export const digestOf = (token: string): string => createHash("sha256").update(token).digest("hex");

function withCookies(status: number, body: string, cookies: readonly string[]): Answer {
  return takeOver((response) => {
    response.writeHead(status, {
      ...noStore,
      "content-type": "application/json",
      "set-cookie": [...cookies],
      "content-length": String(Buffer.byteLength(body)),
    });
    response.end(body);
  });
}
