/** The identity API on a running service, by a client that knows only the contract. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "#foundation/telemetry/index.ts";
import { startTestIam, type TestIam } from "#platform/iam/testing.ts";
import { ask } from "../../harness/cluster.ts";

let iam: TestIam;
const lines: string[] = [];
beforeAll(async () => {
  const keep =
    () =>
    (event: string, fields?: object): void =>
      void lines.push(`${event} ${JSON.stringify(fields)}`);
  iam = await startTestIam({
    log: { ...silentLogger, info: keep(), warn: keep(), error: keep(), debug: keep() },
    loginLimits: { failuresMax: 3, addressFailuresMax: 1_000, windowMs: 60_000, entriesMax: 100 },
  });
});
afterAll(() => iam.close());

const at = (path: string): string => `${iam.url}/acs/api/v1${path}`;
const admin = (): Record<string, string> => iam.as("admin");
const put = (uid: string, body: unknown): ReturnType<typeof ask> =>
  ask(at(`/users/${encodeURIComponent(uid)}`), { method: "PUT", body, headers: admin() });
const login = (body: unknown): ReturnType<typeof ask> => ask(at("/auth/login"), { method: "POST", body });
const codeOf = ({ body }: { readonly body: unknown }): unknown => (body as { readonly code?: unknown }).code;
const now = (): number => Math.floor(Date.now() / 1000);
const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
const signed = (key: KeyObject, claims: Record<string, unknown>): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "RS256", typ: "JWT" }).sign(key);

describe("identity", () => {
  it("platform.md§15.2#I1 a local user is created and logs in", async () => {
    expect((await put("alice", { password: "correct horse", description: "Alice" })).status).toBe(201);
    const { status, body, headers } = await login({ uid: "alice", password: "correct horse" });
    expect(status).toBe(200);
    const { token } = body as { readonly token: string };
    const claims = decodeJwt(token);
    expect(claims["uid"]).toBe("alice");
    expect(Math.abs((claims.exp ?? 0) - now() - 5 * 86_400)).toBeLessThan(60);
    const [auth, info] = headers.getSetCookie();
    expect(auth).toMatch(/^dcos-acs-auth-cookie=[^;]+; HttpOnly; Path=\/; SameSite=Lax; Max-Age=432000$/);
    expect(auth).toContain(token);
    const shown = /^dcos-acs-info-cookie=([^;]+);/.exec(info ?? "")?.[1] ?? "";
    expect(JSON.parse(Buffer.from(shown, "base64").toString())).toEqual({
      uid: "alice",
      description: "Alice",
      is_remote: false,
    });
    expect(info).not.toContain("HttpOnly");
    const wrong = await login({ uid: "alice", password: "wrong" });
    expect({ status: wrong.status, code: codeOf(wrong) }).toEqual({
      status: 401,
      code: "ERR_INVALID_CREDENTIALS",
    });
    expect(wrong.headers.get("www-authenticate")).toBe("acsjwt");
  });

  it("platform.md§15.2#I2 a token is verified with the published key alone", async () => {
    const { body } = await login({ uid: "alice", password: "correct horse" });
    const jwks = (await ask(at("/auth/jwks"))).body as JSONWebKeySet;
    expect(jwks.keys[0]).toMatchObject({ kty: "RSA", alg: "RS256", use: "sig" });
    expect(jwks.keys[0]?.kid).toMatch(/^[0-9a-f]{64}$/);
    const { payload, protectedHeader } = await jwtVerify(
      (body as { readonly token: string }).token,
      createLocalJWKSet(jwks),
    );
    expect(payload["uid"]).toBe("alice");
    expect(protectedHeader).toMatchObject({ alg: "RS256", typ: "JWT", kid: jwks.keys[0]?.kid });
  });

  it("platform.md§15.2#I4 a service account logs in with its key", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
    expect((await put("robot", { public_key: pem(publicKey), description: "CI" })).status).toBe(201);
    const soon = now() + 300;
    const token = await signed(privateKey, { uid: "robot", exp: soon });
    const plain = await login({ uid: "robot", token });
    expect(plain.status).toBe(200);
    const chosen = await login({ uid: "robot", token, exp: soon + 1_000 });
    expect(decodeJwt((chosen.body as { readonly token: string }).token).exp).toBe(soon + 1_000);
    const endless = await login({ uid: "robot", token, exp: 0 });
    expect(decodeJwt((endless.body as { readonly token: string }).token)).toEqual({ uid: "robot" });
    for (const bad of [
      await signed(other.privateKey, { uid: "robot", exp: soon }),
      await signed(privateKey, { uid: "alice", exp: soon }),
      await signed(privateKey, { uid: "robot", exp: now() - 10 }),
    ]) {
      expect(codeOf(await login({ uid: "robot", token: bad }))).toBe("ERR_INVALID_CREDENTIALS");
      // A success in between, so that the failures do not add up to the limit.
      expect((await login({ uid: "robot", token })).status).toBe(200);
    }
    expect((await login({ uid: "alice", token })).status).toBe(401);
    for (const key of ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no key"])
      expect(codeOf(await put("robot2", { public_key: key }))).toBe("ERR_INVALID_PUBLIC_KEY");
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
    expect(codeOf(await put("robot2", { public_key: pem(ec.publicKey) }))).toBe("ERR_INVALID_PUBLIC_KEY");
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 });
    expect(codeOf(await put("robot2", { public_key: pem(short.publicKey) }))).toBe("ERR_INVALID_PUBLIC_KEY");
  });

  it("platform.md§15.2#I5 neither kind logs in the other's way", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    await put("machine", { public_key: pem(publicKey) });
    await put("person", { password: "12345" });
    expect((await login({ uid: "machine", password: "12345" })).status).toBe(401);
    const token = await signed(privateKey, { uid: "person", exp: now() + 60 });
    expect((await login({ uid: "person", token })).status).toBe(401);
  });

  it("platform.md§15.2#I6 logins that make no sense are refused as such", async () => {
    for (const body of [
      {},
      [],
      "x",
      { uid: "alice" },
      { uid: "alice", password: "a", token: "b" },
      { uid: "", password: "a" },
      { uid: "alice", password: "" },
      { uid: "alice", token: "" },
      { uid: "alice", password: 5 },
      { uid: ["alice"], password: "a" },
      { password: "a" },
      { uid: "alice", password: "a", more: 1 },
      { uid: "alice", password: "a", exp: "x" },
    ]) {
      expect({ body, status: (await login(body)).status }).toEqual({ body, status: 400 });
    }
    const raw = async (headers: Record<string, string>, body: string): Promise<number> =>
      (await fetch(at("/auth/login"), { method: "POST", headers, body })).status;
    expect(await raw({ "content-type": "application/json" }, "{")).toBe(400);
    expect(await raw({ "content-type": "application/xml" }, "<a/>")).toBe(415);
    expect(await raw({ "content-type": "application/json", accept: "text/html" }, "{}")).toBe(406);
    expect((await fetch(at("/auth/login"), { method: "POST", body: new Uint8Array(0) })).status).toBe(400);
  });

  it("platform.md§15.2#I7 duplicate, unknown and invalid uids", async () => {
    expect((await put("twice", { password: "12345" })).status).toBe(201);
    const again = await put("twice", { password: "12345" });
    expect({ status: again.status, code: codeOf(again) }).toEqual({ status: 409, code: "ERR_USER_EXISTS" });
    const unknown = await ask(at("/users/nobody"), { headers: admin() });
    expect({ status: unknown.status, code: codeOf(unknown) }).toEqual({
      status: 400,
      code: "ERR_UNKNOWN_USER_ID",
    });
    for (const uid of ["a b", "a/b", "anonymous", "x".repeat(97), "ä"]) {
      const answer = await put(uid, { password: "12345" });
      expect({ uid, status: answer.status, code: codeOf(answer) }).toEqual({
        uid,
        status: 400,
        code: "ERR_INVALID_USER_ID",
      });
    }
    for (const body of [
      { password: "1234" },
      {},
      { password: "12345", public_key: "x" },
      { password: "12345", colour: "red" },
      { password: 12345 },
      [],
    ]) {
      expect({ body, code: codeOf(await put("bad", body)) }).toEqual({ body, code: "ERR_INVALID_DATA" });
    }
  });

  it("platform.md§15.2#I8 a password is changed", async () => {
    await put("changer", { password: "old password" });
    const patch = (body: unknown, user = "admin"): ReturnType<typeof ask> =>
      ask(at("/users/changer"), { method: "PATCH", body, headers: iam.as(user) });
    expect((await patch({ password: "new password" })).status).toBe(204);
    expect((await login({ uid: "changer", password: "old password" })).status).toBe(401);
    expect((await login({ uid: "changer", password: "new password" })).status).toBe(200);
    expect((await patch({})).status).toBe(400);
    expect((await patch({ description: "d" }, "changer")).status).toBe(204);
    expect((await patch({ description: "d" }, "alice")).status).toBe(403);
    expect(
      codeOf(
        await ask(at("/users/robot"), { method: "PATCH", body: { password: "12345" }, headers: admin() }),
      ),
    ).toBe("ERR_INVALID_DATA");
  });

  it("platform.md§15.2#I9 a user is removed", async () => {
    await put("leaver", { password: "12345" });
    const remove = (): ReturnType<typeof ask> =>
      ask(at("/users/leaver"), { method: "DELETE", headers: admin() });
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(400);
    expect((await login({ uid: "leaver", password: "12345" })).status).toBe(401);
    const { body } = await ask(at("/users"), { headers: admin() });
    expect(JSON.stringify(body)).not.toContain("leaver");
  });

  it("platform.md§15.2#I10 lists of users and of service accounts are disjoint and complete", async () => {
    const list = async (query: string): Promise<readonly string[]> => {
      const { body } = await ask(at(`/users${query}`), { headers: admin() });
      return (body as { readonly array: readonly { readonly uid: string }[] }).array.map(({ uid }) => uid);
    };
    const [people, machines] = [await list(""), await list("?type=service")];
    expect(people).toEqual(expect.arrayContaining(["admin", "alice", "changer"]));
    expect(machines).toEqual(["machine", "robot"]);
    expect(people.filter((uid) => machines.includes(uid))).toEqual([]);
  });

  it("platform.md§15.2#I11 logging out empties the cookie", async () => {
    const { status, headers } = await ask(at("/auth/logout"));
    expect(status).toBe(200);
    expect(headers.getSetCookie()[0]).toMatch(
      /^dcos-acs-auth-cookie=; .*Expires=Thu, 01 Jan 1970 00:00:00 GMT/,
    );
  });

  it("the last superuser stays, and only superusers change users", async () => {
    const last = await ask(at("/users/admin"), { method: "DELETE", headers: admin() });
    expect(codeOf(last)).toBe("ERR_NO_MORE_SUPERUSERS");
    const body = { password: "12345" };
    for (const [method, uid] of [
      ["PUT", "new"],
      ["DELETE", "changer"],
    ] as const) {
      const answer = await ask(at(`/users/${uid}`), { method, body, headers: iam.as("alice") });
      expect(answer.status).toBe(403);
    }
    expect((await ask(at("/users"))).status).toBe(401);
    expect((await ask(at("/users"), { headers: iam.as("nobody-there") })).status).toBe(401);
  });

  it("what is not there yet says so", async () => {
    for (const path of ["/ldap/config", "/auth/oidc/providers", "/auth/saml/providers"]) {
      const answer = await ask(at(path), { headers: admin() });
      expect({ path, status: answer.status, code: codeOf(answer) }).toEqual({
        path,
        status: 501,
        code: "ERR_NOT_IMPLEMENTED",
      });
    }
    expect(codeOf(await ask(at("/auth/login")))).toBe("ERR_MISSING_QUERY_PARAMETERS");
    const flow = await fetch(at("/auth/login?oidc-provider=x"), { redirect: "manual" });
    expect({ status: flow.status, to: flow.headers.get("location") }).toMatchObject({ status: 303 });
    expect(flow.headers.get("location")).toMatch(/^\/\?iam-error=/);
  });

  it("what only the door may ask is not there for others", async () => {
    for (const path of ["/internal/policyquery?uid=admin&rid=x&action=full", "/internal/events"])
      expect((await ask(at(path))).status).toBe(404);
    for (const path of ["/internal/login-link", "/internal/audit"])
      expect((await ask(at(path), { method: "POST", body: {} })).status).toBe(404);
    const asked = await ask(at("/internal/policyquery?uid=admin&rid=x&action=full"), { headers: admin() });
    expect(asked.body).toEqual({ allowed: true });
  });

  it("a wrong password and an unknown user are answered alike, and both run into the limit", async () => {
    await put("guessed", { password: "12345" });
    const tries = async (uid: string): Promise<unknown[]> => {
      const answers = [];
      for (let index = 0; index < 5; index += 1) {
        const { status, body } = await login({ uid, password: "guess" });
        answers.push({ status, body });
      }
      return answers;
    };
    const [known, unknown] = [await tries("guessed"), await tries("not-there")];
    expect(known).toEqual(unknown);
    expect(known.map((answer) => (answer as { readonly status: number }).status)).toEqual([
      401, 401, 401, 429, 429,
    ]);
    const refused = await login({ uid: "guessed", password: "12345" });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("users, keys and tokens outlive a restart", async () => {
    const { body } = await login({ uid: "alice", password: "correct horse" });
    const before = (await ask(at("/auth/jwks"))).body;
    await iam.restart();
    expect((await ask(at("/auth/jwks"))).body).toEqual(before);
    const { token } = body as { readonly token: string };
    const headers = { authorization: `token=${token}` };
    expect((await ask(at("/users/alice"), { headers })).body).toMatchObject({ uid: "alice" });
    expect((await login({ uid: "alice", password: "correct horse" })).status).toBe(200);
  });

  it("platform.md§15.2#I22 no password and no hash is in any answer, log line or record", async () => {
    const canary = "canary-password-4711";
    await put("quiet", { password: canary });
    await login({ uid: "quiet", password: canary });
    await login({ uid: "quiet", password: `${canary}-wrong` });
    const answers = [
      await ask(at("/users"), { headers: admin() }),
      await ask(at("/users/quiet"), { headers: admin() }),
      await ask(`${iam.url}/keelson/v1/audit?limit=1000`, { headers: admin() }),
      await put("quiet", { password: canary }),
    ].map(({ body }) => JSON.stringify(body));
    expect(answers.join()).toContain("quiet");
    for (const text of [...answers, ...lines]) {
      expect(text).not.toContain(canary);
      expect(text).not.toContain("$argon2");
    }
    expect(statSync(join(iam.dataDir, "signing-key.pem")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(iam.dataDir, "iam.db")).includes(canary)).toBe(false);
  });

  it("every change and every login is in the audit log", async () => {
    const { body } = await ask(`${iam.url}/keelson/v1/audit?limit=1000`, { headers: admin() });
    const records = (body as { readonly items: readonly Record<string, unknown>[] }).items;
    expect(records).toContainEqual(
      expect.objectContaining({ action: "user.create", object: "alice", user: "admin", status: 201 }),
    );
    expect(records).toContainEqual(
      expect.objectContaining({
        action: "user.update",
        object: "changer",
        changes: [{ path: "/password" }],
        status: 204,
      }),
    );
    expect(records).toContainEqual(
      expect.objectContaining({ action: "user.delete", user: "alice", status: 403 }),
    );
    expect(records).toContainEqual(
      expect.objectContaining({ action: "user.login", object: "guessed", user: "anonymous", status: 401 }),
    );
  });

  it("a login link works once, for who it was made for, and only superusers make one", async () => {
    const make = (user: string, body: unknown = {}): ReturnType<typeof ask> =>
      ask(`${iam.url}/keelson/v1/login-links`, { method: "POST", body, headers: iam.as(user) });
    const link = (await make("admin", { uid: "alice" })).body as {
      readonly path: string;
      readonly uid: string;
    };
    expect(link.uid).toBe("alice");
    const token = new URLSearchParams(link.path.split("?")[1]).get("login");
    const use = (): ReturnType<typeof ask> =>
      ask(at("/internal/login-link"), { method: "POST", body: { token }, headers: admin() });
    const used = await use();
    expect(decodeJwt((used.body as { readonly token: string }).token)["uid"]).toBe("alice");
    expect(used.headers.getSetCookie()).toHaveLength(2);
    expect((await use()).status).toBe(401);
    expect((await make("alice")).status).toBe(403);
    expect((await make("admin", { uid: "robot" })).status).toBe(422);
    expect((await make("admin", { uid: "nobody-there" })).status).toBe(404);
    expect((await ask(`${iam.url}/keelson/v1/login-links`, { method: "POST", body: {} })).status).toBe(401);
  });
});
