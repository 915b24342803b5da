/** The command line in CI: an address and a token, no terminal, a home that can't be written to; and several clusters. */
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { environmentOf, keelson } from "../harness/cli.ts";
import { ask, type CommandResult, run, startCluster, type TestCluster } from "../harness/cluster.ts";

let cluster: TestCluster;
let folder = "";

beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "keelson-cli-ci-"));
}, 120_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(folder, { recursive: true, force: true });
});

const daySeconds = 86_400;

/** A token of a service account that lasts as long as said. */
async function serviceToken(uid: string, lifeSeconds: number): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const url = `${cluster.info.url}/acs/api/v1`;
  const headers = { authorization: `token=${cluster.info.token}` };
  const made = await ask(`${url}/users/${uid}`, {
    method: "PUT",
    headers,
    body: { description: "CI", public_key: publicKey.export({ type: "spki", format: "pem" }) },
  });
  expect(made.status).toBe(201);
  await ask(`${url}/groups/superusers/users/${uid}`, { method: "PUT", headers });
  const login = await new SignJWT({ uid })
    .setProtectedHeader({ alg: "RS256" })
    .setExpirationTime("5m")
    .sign(privateKey);
  const exp = Math.floor(Date.now() / 1_000) + lifeSeconds;
  const { status, body } = await ask(`${url}/auth/login`, {
    method: "POST",
    body: { uid, token: login, exp },
  });
  expect({ status, body }).toMatchObject({ status: 200 });
  return (body as { token: string }).token;
}

/** No terminal, and a home that even root can't write to. */
const inCi = (words: readonly string[], more: Record<string, string>): Promise<CommandResult> =>
  run(
    keelson,
    words,
    environmentOf({ HOME: "/proc/keelson-nowhere", CI: "true", KEELSON_URL: cluster.info.url, ...more }),
  );

const inHome = (
  words: readonly string[],
  more: Record<string, string> = {},
  input = "",
): Promise<CommandResult> => {
  const environment = environmentOf({ HOME: folder, ...more });
  delete environment["KEELSON_DATA_DIR"];
  const quoted = words.map((word) => `'${word}'`).join(" ");
  return run("sh", ["-c", `cd ${folder} && printf '%s' '${input}' | ${keelson} ${quoted}`], environment);
};

describe("ux.md§6#20 CI", () => {
  it("deploys with a service account's token in three lines, and reads the result as JSON", async () => {
    // A superuser may do all; the account is made one by the cluster's own token where accounts need it.
    const token = await serviceToken("ci-deployer", 400 * daySeconds);
    const file = join(folder, "web.yaml");
    writeFileSync(file, "id: /ci/web\ncmd: sleep 1000\ncpus: 0.01\nmem: 16\n");
    const applied = await inCi(["apply", "-f", file, "--wait", "-o", "json"], { KEELSON_TOKEN: token });
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(applied.stdout)).toMatchObject({ verdict: "succeeded", services: ["/ci/web"] });
    const history = await inCi(["history", "/ci/web", "--json"], { KEELSON_TOKEN: token });
    expect(JSON.parse(history.stdout)).toMatchObject([{ user: "ci-deployer" }]);
  }, 120_000);

  it("is warned of a token's end seven days ahead, on stderr, and not before", async () => {
    const near = await inCi(["ps", "-o", "json"], {
      KEELSON_TOKEN: await serviceToken("ci-near", 6 * daySeconds),
    });
    expect(near).toMatchObject({ code: 0, stderr: expect.stringMatching(/ends in 5d2\dh, at 20/) });
    expect(() => JSON.parse(near.stdout)).not.toThrow();
    const far = await inCi(["ps", "-o", "json"], {
      KEELSON_TOKEN: await serviceToken("ci-far", 60 * daySeconds),
    });
    expect(far).toMatchObject({ code: 0, stderr: "" });
  }, 120_000);

  it("never waits for an answer: what would be asked is done, or is a usage error", async () => {
    const token = cluster.info.token;
    expect(await inCi(["service", "remove", "ci/web"], { KEELSON_TOKEN: token })).toMatchObject({ code: 0 });
    expect(await inCi(["login", cluster.info.url], { KEELSON_TOKEN: token })).toMatchObject({ code: 64 });
  }, 120_000);

  it("a wrong token is a sentence and 4; a configuration that can't be written is named with the way without it", async () => {
    expect(await inCi(["ps"], { KEELSON_TOKEN: "wrong" })).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("keelson login"),
    });
    const added = await inCi(["context", "add", "x", cluster.info.url], {});
    expect(added).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("KEELSON_URL and KEELSON_TOKEN work without it"),
    });
  }, 120_000);
});

describe("several clusters", () => {
  it("are added, chosen for all or for a folder, and forgotten", async () => {
    const { url, token } = cluster.info;
    expect((await inHome(["context", "add", "prod", url, "--token", token, "--color", "red"])).code).toBe(0);
    expect(
      (await inHome(["context", "add", "look", url, "--token-stdin", "--read-only"], {}, token)).code,
    ).toBe(0);
    expect((await inHome(["ps"])).code).toBe(0);
    const list = await inHome(["context", "list", "-o", "json"]);
    expect(list.stdout).not.toContain(token);
    expect(JSON.parse(list.stdout)).toMatchObject([
      { name: "prod", isInUse: true },
      { name: "look", isReadOnly: true },
    ]);

    expect((await inHome(["context", "use", "look", "--folder"])).code).toBe(0);
    const refused = await inHome(["service", "add", "x", "--cmd", "sleep 1"]);
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining("look is read-only") });
    expect(await inHome(["cp", "x", "x:x"])).toMatchObject({ code: 4 });
    expect((await inHome(["service", "list"])).code).toBe(0);
    const elsewhere = await inHome([
      "service",
      "add",
      "x",
      "--cmd",
      "sleep 1000",
      "--cpus",
      "0.01",
      "--mem",
      "16",
      "--context",
      "prod",
    ]);
    expect(elsewhere).toMatchObject({ code: 0 });
    expect((await inHome(["context", "remove", "look"])).code).toBe(0);
    expect(await inHome(["ps"])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("There is no context look"),
    });
    rmSync(join(folder, ".keelson-context"));
    expect(JSON.parse((await inHome(["whoami", "-o", "json"])).stdout)).toMatchObject({
      context: "prod",
      url,
    });
  }, 180_000);

  it("a login keeps its token, and a logout forgets it", async () => {
    const headers = { authorization: `token=${cluster.info.token}` };
    const made = await ask(`${cluster.info.url}/acs/api/v1/users/alice`, {
      method: "PUT",
      headers,
      body: { description: "Alice", password: "correct horse 1" },
    });
    expect(made.status).toBe(201);
    await ask(`${cluster.info.url}/acs/api/v1/groups/superusers/users/alice`, { method: "PUT", headers });
    const wrong = await inHome(
      ["login", cluster.info.url, "-u", "alice", "--password-stdin", "--name", "alices"],
      {},
      "wrong",
    );
    expect(wrong.code).toBe(4);
    const right = await inHome(
      ["login", cluster.info.url, "-u", "alice", "--password-stdin", "--name", "alices"],
      {},
      "correct horse 1",
    );
    expect(right).toMatchObject({ code: 0, stdout: expect.stringContaining("as alice") });
    expect(JSON.parse((await inHome(["whoami", "--json"])).stdout)).toMatchObject({
      uid: "alice",
      context: "alices",
    });
    expect((await inHome(["logout"])).code).toBe(0);
    expect(await inHome(["ps"])).toMatchObject({ code: 4 });
  }, 180_000);
});

describe("doctor", () => {
  it("names planted faults with what mends them", async () => {
    const local = { KEELSON_DATA_DIR: cluster.dataDir, HOME: folder };
    const doctor = (more: Record<string, string>): Promise<CommandResult> =>
      run(keelson, ["doctor", "-o", "json"], environmentOf({ ...local, ...more }));
    interface Report {
      readonly findings: readonly {
        readonly check: string;
        readonly result: string;
        readonly fix?: string;
      }[];
    }
    const problems = async (more: Record<string, string>): Promise<Report["findings"]> =>
      (JSON.parse((await doctor(more)).stdout) as Report).findings.filter(
        ({ result }) => result !== "ok" && result !== "skipped",
      );

    writeFileSync(join(folder, "open.toml"), 'current = "gone"\n', { mode: 0o644 });
    const config = await problems({ KEELSON_CONFIG: join(folder, "open.toml") });
    expect(config.filter(({ check }) => check === "config").map(({ fix }) => fix)).toEqual([
      `chmod 600 ${join(folder, "open.toml")}`,
      "keelson context use NAME",
    ]);
    expect(await problems({ KEELSON_TOKEN: "a b" })).toContainEqual(
      expect.objectContaining({ check: "environment" }),
    );
    expect(await problems({ KEELSON_URL: "http://127.0.0.1:1" })).toEqual(
      expect.arrayContaining([expect.objectContaining({ check: "cluster", fix: "keelson up" })]),
    );
    await cluster.cli("service", "add", "huge", "--cmd", "sleep 1", "--cpus", "1000", "--no-wait");
    expect(await problems({})).toContainEqual(
      expect.objectContaining({ check: "services", fix: expect.any(String) }),
    );
    await cluster.cli("service", "remove", "huge", "--force");
    const { code, stdout } = await doctor({});
    expect({ code, stdout }).toMatchObject({ code: 0 });
  }, 180_000);
});

it("completion offers words, flags and live names", async () => {
  const complete = async (...words: string[]): Promise<string[]> =>
    (await cluster.cli("__complete", "--", ...words)).stdout
      .split("\n")
      .map((line) => line.split("\t")[0] ?? "");
  expect(await complete("serv")).toContain("service");
  expect(await complete("logs", "--fo")).toContain("--follow");
  const sleeper = ["--cmd", "sleep 1000", "--cpus", "0.01", "--mem", "16"];
  expect((await cluster.cli("service", "add", "nameable", ...sleeper)).code).toBe(0);
  expect(await complete("service", "show", "/nam")).toEqual(["/nameable", ""]);
  const script = join(folder, "keelson.bash");
  writeFileSync(script, (await cluster.cli("completion", "bash")).stdout);
  const bash = `source ${script}; COMP_WORDS=(${keelson} service sca); COMP_CWORD=2; _keelson; echo "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await run(
    "bash",
    ["-c", bash],
    environmentOf({ KEELSON_DATA_DIR: cluster.dataDir }),
  );
  expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: "scale", stderr: "" });
}, 240_000);

/** What each shell does with its script when somebody has typed `keelson service sca`. */
const shells = [
  [
    "zsh",
    (script: string) =>
      `compdef() { : }; _describe() { print -l -- "\${(@P)2}" }; source ${script}; words=(${keelson} service sca); CURRENT=3; _keelson`,
  ],
  ["fish", (script: string) => `source ${script}; complete -C "keelson service sca"`],
] as const;

it.each(shells.filter(([shell]) => existsSync(`/usr/bin/${shell}`)))(
  "completion works in %s",
  async (shell, typed) => {
    const script = join(folder, `keelson.${shell}`);
    writeFileSync(script, (await cluster.cli("completion", shell)).stdout);
    const path = `${dirname(keelson)}:${process.env["PATH"]}`;
    const { stdout, stderr } = await run(
      shell,
      [...(shell === "zsh" ? ["-f"] : ["--no-config"]), "-c", typed(script)],
      environmentOf({ KEELSON_DATA_DIR: cluster.dataDir, PATH: path }),
    );
    expect({ stdout, stderr }).toEqual({ stdout: expect.stringContaining("scale"), stderr: "" });
  },
  60_000,
);
