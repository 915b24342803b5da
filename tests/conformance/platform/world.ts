/** Everything around a door for a test: identity, stand-ins behind it that reflect, and tokens of every kind. */
import { createHmac, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importPKCS8, type JWTPayload, SignJWT } from "jose";
import { createLogCapture, createLogger } from "#foundation/telemetry/index.ts";
import {
  type Facts,
  startTestDoor,
  startUpstream,
  type TestDoor,
  type TestDoorOptions,
  testToken,
  type Upstream,
} from "#platform/admin-router/testing.ts";
import { startTestIam, type TestIam, testDoorSecret } from "#platform/iam/testing.ts";
import { start as startSecrets } from "#platform/secrets/main.ts";

export interface World {
  readonly iam: TestIam;
  readonly door: TestDoor;
  readonly kernel: Upstream;
  readonly services: Upstream;
  readonly facts: Facts;
  readonly consoleDir: string;
  readonly secretsUrl: string;
  readonly secretsDir: string;
  /** A new user's token; the user may everything at the door, or only what is listed. */
  logIn(uid: string, resources?: readonly string[]): Promise<string>;
  /** A token signed with the cluster's own key. */
  sign(claims: JWTPayload, header?: Record<string, unknown>): Promise<string>;
  /** Tokens that are none, by what is wrong with them. */
  badTokens(): Promise<Readonly<Record<string, string>>>;
  /** Sends bytes as they are and answers what came until the end, or a moment of silence. */
  raw(bytes: string, quietMs?: number): Promise<string>;
  /** Another server behind the door, such as a task. */
  task(): Promise<Upstream>;
  close(): Promise<void>;
}

export const password = "correct horse battery";

/** Options are the door's. */
export async function startWorld(options: Pick<TestDoorOptions, "clock" | "parts"> = {}): Promise<World> {
  const facts: Facts = { apps: { apps: [] }, summary: { frameworks: [], slaves: [] } };
  const consoleDir = mkdtempSync(join(tmpdir(), "keelson-console-"));
  const clusterIdFile = join(consoleDir, "..", `${consoleDir.split("/").at(-1)}-id`);
  writeFileSync(clusterIdFile, "567a654d-1095-4e7b-9188-495947686e7f\n");
  const [iam, kernel, services] = await Promise.all([
    startTestIam(),
    startUpstream(facts),
    startUpstream(facts),
  ]);
  const secretsDir = join(consoleDir, "secrets");
  const secrets = await startSecrets({
    host: "127.0.0.1",
    port: 0,
    dataDir: secretsDir,
    doorSecret: testDoorSecret,
    security: { iamUrl: iam.url },
    log: createLogger("secrets", { sink: createLogCapture().sink }),
  });
  const door = await startTestDoor({
    iamUrl: iam.url,
    secretsUrl: secrets.info.url,
    doorSecret: testDoorSecret,
    kernel,
    services,
    consoleDir,
    clusterIdFile,
    ...options,
  });
  const tasks: Upstream[] = [];
  const keyPem = readFileSync(join(iam.dataDir, "signing-key.pem"), "utf8");
  const publicKid = async (): Promise<{ kid: string; n: string; e: string }> => {
    const { keys } = (await (await fetch(`${iam.url}/acs/api/v1/auth/jwks`)).json()) as {
      keys: [{ kid: string; n: string; e: string }];
    };
    return keys[0];
  };
  const sign: World["sign"] = async (claims, header = {}) => {
    const key = await importPKCS8(keyPem, "RS256");
    const { kid } = await publicKid();
    return new SignJWT(claims).setProtectedHeader({ alg: "RS256", typ: "JWT", kid, ...header }).sign(key);
  };
  return {
    iam,
    door,
    kernel,
    services,
    facts,
    consoleDir,
    secretsUrl: secrets.info.url,
    secretsDir,
    sign,
    logIn: async (uid, resources = ["dcos:adminrouter"]) => {
      const body = JSON.stringify({ password });
      const headers = { ...iam.as("admin"), "content-type": "application/json" };
      const api = `${iam.url}/acs/api/v1`;
      await fetch(`${api}/users/${uid}`, { method: "PUT", body, headers });
      for (const rid of resources.map((each) => encodeURIComponent(encodeURIComponent(each)))) {
        await fetch(`${api}/acls/${rid}`, { method: "PUT", body: "{}", headers });
        await fetch(`${api}/acls/${rid}/users/${uid}/full`, { method: "PUT", headers: iam.as("admin") });
      }
      const answer = await fetch(`${iam.url}/acs/api/v1/auth/login`, {
        method: "POST",
        body: JSON.stringify({ uid, password }),
        headers: { "content-type": "application/json" },
      });
      return ((await answer.json()) as { token: string }).token;
    },
    badTokens: () => badTokens(sign, publicKid),
    raw: (bytes, quietMs = 1_000) => raw(door.port, bytes, quietMs),
    task: async () => {
      const task = await startUpstream();
      tasks.push(task);
      return task;
    },
    close: async () => {
      await door.close();
      await Promise.all([iam, secrets, kernel, services, ...tasks].map((each) => each.close()));
      rmSync(consoleDir, { recursive: true, force: true });
      rmSync(clusterIdFile, { force: true });
    },
  };
}

async function badTokens(
  sign: World["sign"],
  publicJwk: () => Promise<{ kid: string; n: string; e: string }>,
): Promise<Readonly<Record<string, string>>> {
  const now = Math.floor(Date.now() / 1000);
  const { kid, n, e } = await publicJwk();
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = part({ uid: "admin", exp: now + 600 });
  const hmac = (secret: string, header: object): string => {
    const signed = `${part(header)}.${claims}`;
    return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
  };
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const otherKey = (header: object): Promise<string> =>
    new SignJWT({ uid: "admin" })
      .setProtectedHeader({ alg: "RS256", kid, ...header })
      .setExpirationTime(now + 600)
      .sign(other.privateKey);
  const good = await sign({ uid: "admin", exp: now + 600 });
  const [head = "", , signature = ""] = good.split(".");
  const jwk = other.publicKey.export({ format: "jwk" });
  const twice = Buffer.from(`{"alg":"RS256","alg":"HS256","kid":${JSON.stringify(kid)}}`).toString(
    "base64url",
  );
  const twoAlgorithms = `${twice}.${claims}.${createHmac("sha256", n).update(`${twice}.${claims}`).digest("base64url")}`;
  return {
    garbage: "garbage",
    "three empty parts": "..",
    "the cluster's own, cut": testToken.slice(0, -1),
    expired: await sign({ uid: "admin", exp: now - 1 }),
    "not valid yet": await sign({ uid: "admin", nbf: now + 600 }),
    "alg none": `${part({ alg: "none", typ: "JWT" })}.${claims}.`,
    "alg None": `${part({ alg: "None", kid })}.${claims}.`,
    "alg none, with a signature": `${part({ alg: "none", kid })}.${claims}.${signature}`,
    "the public key as a shared secret": hmac(n, { alg: "HS256", kid }),
    "the published key as a shared secret": hmac(JSON.stringify({ kty: "RSA", n, e }), { alg: "HS256", kid }),
    "another key": await otherKey({}),
    "a key of its own": await otherKey({ jwk }),
    "a key elsewhere": await otherKey({ jku: "http://127.0.0.1:9/jwks", x5u: "http://127.0.0.1:9/x" }),
    "a key id that is a path": await otherKey({ kid: "../../../../dev/null" }),
    "a key id that is a question": await otherKey({ kid: "x' OR '1'='1" }),
    "a key id that is an address": await otherKey({ kid: "http://127.0.0.1:9/jwks" }),
    "two algorithms": twoAlgorithms,
    "for longer than there is time": `${part({ alg: "none" })}.${part({ uid: "admin", exp: 1e300 })}.`,
    "other claims under a signature": `${head}.${claims.replace(/.$/, "A")}.${signature}`,
    "no signature": `${head}.${claims}.`,
    "nobody's": await sign({ exp: now + 600 }),
    "of an empty uid": await sign({ uid: "", exp: now + 600 }),
    "of null": await sign({ uid: null, exp: now + 600 }),
    "of a number": await sign({ uid: 1, exp: now + 600 }),
    "of who is not there": await sign({ uid: "who-is-not-there", exp: now + 600 }),
    "very long": `${good}${"A".repeat(20_000)}`,
  };
}

function raw(port: number, bytes: string, quietMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, "127.0.0.1", () => socket.write(Buffer.from(bytes, "latin1")));
    let answer = "";
    let quiet: NodeJS.Timeout | undefined;
    const deadline = setTimeout(() => done(), 20_000);
    const done = (): void => {
      clearTimeout(quiet);
      clearTimeout(deadline);
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (piece) => {
      answer += piece.toString("latin1");
      clearTimeout(quiet);
      quiet = setTimeout(done, quietMs);
    });
    socket.on("close", done);
    socket.on("error", (error) => {
      if (answer !== "") return done();
      clearTimeout(deadline);
      return reject(error);
    });
  });
}

export { testToken };
