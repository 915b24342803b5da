/** Plan, apply, rollback, locks and verdicts of the command line on a real cluster. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { patienceMs } from "#clients/cli/verdict-policy.ts";
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { explainWhy } from "#contracts/services/own-endpoints.ts";
import { startCli } from "../harness/cli.ts";
import { ask, type CommandResult, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { expectTypically } from "../harness/figures.ts";
import { getApp, settled } from "../harness/services.ts";

let cluster: TestCluster;
let folder = "";

beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "keelson-cli-apply-"));
}, 120_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, content: object | string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const small = { cpus: 0.01, mem: 16 };

describe("files become services", () => {
  it("a folder of JSON and YAML is planned, applied, unchanged after that, and pruned", async () => {
    write(
      "shop/web.yaml",
      "id: /shop/web\ncmd: sleep 1000\ncpus: 0.01\nmem: 16\n---\nid: /shop/db\ncmd: sleep 1000\ncpus: 0.01\nmem: 16\n",
    );
    write("shop/more/api.json", { id: "/shop/api", cmd: "sleep 1000", ...small });
    const shop = join(folder, "shop");
    expect(await cluster.cli("plan", "-f", shop)).toMatchObject({
      code: 2,
      stdout: expect.stringContaining("3 to create"),
    });
    const applied = await cluster.cli("apply", "-f", shop, "-m", "first");
    expect(applied).toMatchObject({ code: 0, stdout: expect.stringContaining("Done, 3 services") });
    expect(await cluster.cli("plan", "-f", shop)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Nothing to do"),
    });
    expect(await cluster.cli("apply", "-f", shop)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Nothing to do"),
    });

    rmSync(join(shop, "more"), { recursive: true });
    const pruned = await cluster.cli("apply", "-f", shop, "--prune", "/shop", "--json");
    expect(pruned.code).toBe(0);
    expect(JSON.parse(pruned.stdout)).toMatchObject({ verdict: "succeeded", services: ["/shop/api"] });
    expect((await cluster.cli("service", "list", "-o", "name")).stdout.trim().split("\n")).toEqual([
      "/shop/db",
      "/shop/web",
    ]);
  }, 180_000);

  it("standard input is a file, and every mistake of every file is told with its place", async () => {
    const one = write("broken/one.json", '{"id": "/x",\n  "cpus": 1');
    const two = write("broken/two.yaml", "id: [\n");
    const result = await cluster.cli("apply", "-f", one, "-f", two);
    expect(result.code).toBe(4);
    expect(result.stderr).toMatch(/one\.json:2:\d+: /);
    expect(result.stderr).toMatch(/two\.yaml:\d+:\d+: /);
  });

  it("a plan that is no longer true is refused", async () => {
    const file = write("guard.json", { id: "/guard", cmd: "sleep 1000", ...small });
    const plan = join(folder, "plan.json");
    expect((await cluster.cli("plan", "-f", file, "--out", plan)).code).toBe(2);
    expect((await cluster.cli("apply", "--plan", plan)).code).toBe(0);
    write("guard.json", { id: "/guard", cmd: "sleep 2000", ...small });
    expect((await cluster.cli("plan", "-f", file, "--out", plan)).code).toBe(2);
    expect((await cluster.cli("service", "update", "guard", "mem=20")).code).toBe(0);
    expect(await cluster.cli("apply", "--plan", plan)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("Conflict"),
    });
    expect((await getApp(cluster, "/guard")) as { cmd?: string }).toMatchObject({ cmd: "sleep 1000" });
  }, 120_000);

  it("an earlier version comes back, shown as a plan first", async () => {
    const before = await getApp(cluster, "/guard");
    expect((await cluster.cli("service", "update", "guard", "mem=24")).code).toBe(0);
    const dry = await cluster.cli("rollback", "guard", "--dry-run");
    expect(dry).toMatchObject({ code: 2, stdout: expect.stringContaining("/mem: 24 → 20") });
    expect((await cluster.cli("rollback", "guard", "-m", "too much")).code).toBe(0);
    expect(await getApp(cluster, "/guard")).toMatchObject({
      mem: (before as unknown as { mem: number }).mem,
    });
    const history = JSON.parse((await cluster.cli("history", "guard", "--json")).stdout) as readonly {
      message?: string;
    }[];
    expect(history.length).toBe(4);
    expect(history[0]?.message).toBe("too much");
  }, 120_000);
});

describe("a deployment in the way", () => {
  it("is named with owner and age, and is waited for, replaced, or left", async () => {
    const add = ["service", "add", "slow", "--cmd", "sleep 1000", "--cpus", "1000", "--no-wait"];
    expect((await cluster.cli(...add)).code).toBe(0);
    const left = await cluster.cli("service", "update", "slow", "mem=20", "--no-wait");
    expect(left.code).toBe(4);
    expect(left.stderr).toMatch(/\/slow, by \S+, for \d+s/);
    expect(left.stderr).toContain("--on-lock wait");
    expect(left.stderr).not.toContain("force=true");

    const replaced = await cluster.cli(
      "service",
      "update",
      "slow",
      "cpus=0.01",
      "mem=16",
      "--on-lock",
      "replace",
    );
    expect(replaced).toMatchObject({ code: 0, stdout: "/slow: 1/1 running\n" });

    expect((await cluster.cli("service", "update", "slow", "cpus=1000", "--no-wait")).code).toBe(0);
    const file = join(folder, "slow.json");
    writeFileSync(file, JSON.stringify({ id: "/slow", cmd: "sleep 2000", cpus: 0.01, mem: 16 }));
    const { tasks = [] } = (await getApp(cluster, "/slow")) as { readonly tasks?: readonly { id: string }[] };
    const changes = [
      ["service", "scale", "slow", "2"],
      ["service", "start", "slow", "3"],
      ["stop", "slow"],
      ["service", "restart", "slow"],
      ["service", "remove", "slow"],
      ["rollback", "slow"],
      ["apply", "-f", file],
      ["apply", "--remove", "slow"],
      ["task", "kill", tasks[0]?.id ?? "", "--scale"],
    ];
    const answers = await Promise.all(changes.map((words) => cluster.cli(...words)));
    for (const [index, { code, stderr }] of answers.entries()) {
      const words = changes[index]?.join(" ");
      expect({ words, code }).toEqual({ words, code: 4 });
      expect(stderr, words).toMatch(/\/slow, by \S+, for \d+s/);
      for (const way of ["wait", "replace"]) expect(stderr, words).toContain(`--on-lock ${way}`);
      expect(stderr, words).toContain("deployment cancel");
    }

    const waiting = cluster.cli("service", "update", "slow", "cpus=0.02", "--on-lock", "wait");
    const [held] = JSON.parse((await cluster.cli("deployment", "list", "slow", "--json")).stdout) as [
      { id: string },
    ];
    expect((await cluster.cli("deployment", "cancel", held.id)).code).toBe(0);
    expect(await waiting).toMatchObject({ code: 0, stdout: "/slow: 1/1 running\n" });
    expect((await cluster.cli("service", "remove", "slow")).code).toBe(0);
  }, 180_000);
});

interface Failing {
  readonly kind: string;
  readonly definition: object | (() => object);
  /** What the cause says. */
  readonly says: RegExp;
  /** Among its last lines. */
  readonly lastLine?: string;
  /** How many of `line 1`, `line 2`, … are shown. */
  readonly lines?: number;
  readonly code?: number;
  /** A change has more patience with it: these are judged beside each other. */
  readonly isSlow?: true;
}

const failing: readonly Failing[] = [
  {
    kind: "a command that is not there",
    definition: { cmd: "nosuchcommand" },
    says: /not found/,
    lastLine: "nosuchcommand",
  },
  {
    kind: "a command that ends at once",
    definition: { cmd: "for i in $(seq 30); do echo line $i >&2; done; exit 3" },
    says: /ended with status 3/,
    lastLine: "line 30",
    lines: 20,
  },
  {
    kind: "one that ends after a while",
    definition: { cmd: "sleep 0.7; echo dying; exit 4" },
    says: /status 4/,
    lastLine: "dying",
  },
  { kind: "one that ends with success", definition: { cmd: "true" }, says: /with success/ },
  { kind: "a crash", definition: { cmd: "kill -SEGV $$" }, says: /SIGSEGV/ },
  {
    kind: "a user that is not there",
    definition: { cmd: "sleep 100", user: "nobodyknows" },
    says: /no user nobodyknows/,
  },
  {
    kind: "a file that can't be fetched",
    definition: { cmd: "sleep 100", fetch: [{ uri: "http://127.0.0.1:1/x" }] },
    says: /could not be brought/,
  },
  {
    kind: "an archive that is none",
    definition: { cmd: "sleep 100", fetch: [{ uri: "file:///etc/passwd.tgz" }] },
    says: /could not be brought/,
  },
  {
    kind: "more than any node has",
    definition: { cmd: "sleep 100", cpus: 1000 },
    says: /no node is large enough/,
  },
  {
    kind: "a constraint nobody meets",
    definition: { cmd: "sleep 100", constraints: [["rack", "CLUSTER", "x"]] },
    says: /constraint/,
  },
  {
    kind: "a port that is taken",
    definition: () => ({
      cmd: "sleep 100",
      ports: [cluster.taskPorts.begin],
      requirePorts: true,
      instances: 2,
    }),
    says: /port/,
    isSlow: true,
  },
  {
    kind: "more than is free",
    definition: { cmd: "sleep 100", cpus: 0.4, instances: 9 },
    says: /enough CPUs free/,
    isSlow: true,
  },
  {
    kind: "a health check that fails",
    definition: {
      cmd: "echo started; sleep 100",
      healthChecks: [
        {
          protocol: "TCP",
          portIndex: 0,
          gracePeriodSeconds: 1,
          intervalSeconds: 1,
          timeoutSeconds: 1,
          maxConsecutiveFailures: 2,
        },
      ],
    },
    says: /health check/,
    isSlow: true,
    lastLine: "started",
  },
  {
    kind: "a role that it may not use",
    definition: { cmd: "sleep 100", acceptedResourceRoles: ["other"] },
    says: /"other"/,
    code: 4,
  },
  {
    kind: "a field of the wrong type",
    definition: { cmd: "sleep 100", cpus: "many" },
    says: /cpus/,
    code: 4,
  },
];

/** When the cluster itself says that the trouble began, and for how long a change puts up with it: then it has failed. */
async function verdictAt(id: string): Promise<number> {
  return await eventually(
    `${id} has a cause`,
    async () => {
      const { services } = cluster.info.services;
      const { status, body } = await ask(`${services}/keelson/v1/why?name=${encodeURIComponent(id)}`);
      if (status !== 200) return undefined;
      const [{ code, since } = { code: undefined, since: undefined }] = (body as ReplyOf<typeof explainWhy>)
        .reasons;
      const patience = code === undefined ? undefined : patienceMs[code];
      return patience === undefined || since === undefined ? undefined : since + patience;
    },
    60_000,
  );
}

describe("a failed change explains itself", () => {
  /** ms from the verdict to the end of the command, by kind. */
  const delays = new Map<string, number>();

  async function fails({ kind, definition, says, lastLine, lines = 0, code = 1 }: Failing): Promise<void> {
    const id = `/failing/${kind.replaceAll(/[^a-z]+/g, "-")}`;
    const file = write(`${id}.json`, {
      ...small,
      ...(typeof definition === "function" ? definition() : definition),
      id,
    });
    const startedAt = Date.now();
    const applied = cluster.cli("apply", "--wait", "-f", file, "--timeout", "55s").then((result) => {
      return { ...result, endedAt: Date.now() };
    });
    // What is refused has its verdict when it is asked for, or a little later.
    const verdict = code === 1 ? await verdictAt(id) : startedAt;
    const result: CommandResult & { readonly endedAt: number } = await applied;
    expect({ code: result.code, stderr: result.stderr }).toEqual({
      code,
      stderr: expect.stringMatching(says),
    });
    delays.set(kind, result.endedAt - verdict);
    if (lastLine !== undefined) expect(result.stderr).toContain(lastLine);
    expect(result.stderr.split("\n").filter((line) => /^ {4}line \d+$/.test(line))).toHaveLength(lines);
    if (code !== 1) return;
    expect(result.stderr).toContain("Next: `keelson ");
    expect(await cluster.cli("service", "remove", id, "--force")).toMatchObject({ code: 0 });
  }

  it.each(failing.filter(({ isSlow }) => isSlow !== true))("ux.md§6#5 $kind", fails, 120_000);
  it.concurrent.each(failing.filter(({ isSlow }) => isSlow === true))("ux.md§6#5 $kind", fails, 120_000);

  it("ux.md§6#5 within two seconds of the verdict", () => {
    expect([...delays.keys()].sort()).toEqual(failing.map(({ kind }) => kind).sort());
    expectTypically(delays, 2_000);
  });

  it("in JSON with the same facts, for programs", async () => {
    const file = write("failing.json", { id: "/failing/json", cmd: "echo why >&2; nosuchcommand", ...small });
    const result = await cluster.cli("apply", "-f", file, "-o", "json");
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({
      verdict: "failed",
      service: "/failing/json",
      cause: { code: "commandNotFound" },
      lastLines: expect.arrayContaining(["why"]),
      next: expect.arrayContaining(["keelson why /failing/json"]),
    });
    await cluster.cli("service", "remove", "/failing/json", "--force");
  }, 240_000);

  it("wait tells a healthy service, a finished deployment, one that is gone, and one that is late", async () => {
    expect(
      (await cluster.cli("service", "add", "calm", "--cmd", "sleep 1000", "--cpus", "0.01", "--mem", "16"))
        .code,
    ).toBe(0);
    expect(await cluster.cli("wait", "calm")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("/calm is healthy"),
    });
    expect((await cluster.cli("wait", "calm", "--for", "deployed")).code).toBe(0);
    expect(await cluster.cli("wait", "calm", "--for", "gone", "--timeout", "1s")).toMatchObject({
      code: 124,
    });
    await settled(cluster, "/calm");
    const gone = cluster.cli("wait", "calm", "--for", "gone");
    expect((await cluster.cli("service", "remove", "calm")).code).toBe(0);
    expect(await gone).toMatchObject({ code: 0 });
    await eventually("nothing of it is left", async () => (await cluster.cli("wait", "calm")).code === 3);
  }, 120_000);
});

describe("on a terminal", () => {
  const size = { rows: 30, cols: 100 };
  const environment = (): Record<string, string> => ({
    KEELSON_DATA_DIR: cluster.dataDir,
    HOME: folder,
    CI: "",
  });

  it("ux.md§6#26 what is destroyed is named with cluster and effect, and no is the answer unless yes is given", async () => {
    expect(
      (await cluster.cli("service", "add", "dear", "--cmd", "sleep 1000", "--cpus", "0.01", "--mem", "16"))
        .code,
    ).toBe(0);
    const asked = startCli(["service", "remove", "dear"], environment(), size);
    await asked.until("the question", (stdout) => stdout.includes("[y/N]"));
    expect(asked.stdout()).toContain("/dear is stopped and forgotten: its instance ends now. Cluster: ");
    expect(asked.stdout()).toContain("local");
    asked.child.stdin?.write("n\n");
    expect(await asked.ended).toBe(4);
    expect((await cluster.cli("service", "show", "dear")).code).toBe(0);

    const confirmed = startCli(["service", "remove", "dear"], environment(), size);
    await confirmed.until("the question", (stdout) => stdout.includes("[y/N]"));
    confirmed.child.stdin?.write("y\n");
    expect(await confirmed.ended).toBe(0);
    expect((await cluster.cli("service", "show", "dear")).code).toBe(3);
  }, 120_000);

  it("ux.md§6#26 many services at once go only when their group is typed", async () => {
    write("flock/one.json", { id: "/flock/one", cmd: "sleep 1000", ...small });
    write("flock/two.json", { id: "/flock/two", cmd: "sleep 1000", ...small });
    expect((await cluster.cli("apply", "-f", join(folder, "flock"))).code).toBe(0);
    rmSync(join(folder, "flock/two.json"));
    const words = ["apply", "-f", join(folder, "flock"), "--prune", "/flock"];
    const refused = startCli(words, environment(), size);
    await refused.until("the question", (stdout) => stdout.includes("Type /flock to do it"));
    refused.child.stdin?.write("y\n");
    expect(await refused.ended).toBe(4);
    expect((await cluster.cli("service", "show", "flock/two")).code).toBe(0);

    const done = startCli(words, environment(), size);
    await done.until("the question", (stdout) => stdout.includes("Type /flock to do it"));
    done.child.stdin?.write("/flock\n");
    expect(await done.ended).toBe(0);
    expect((await cluster.cli("service", "show", "flock/two")).code).toBe(3);
  }, 120_000);

  it("a deployment in the way is asked about", async () => {
    expect(
      (await cluster.cli("service", "add", "stuck", "--cmd", "sleep 1000", "--cpus", "1000", "--no-wait"))
        .code,
    ).toBe(0);
    const asked = startCli(["service", "update", "stuck", "cpus=0.01", "mem=16"], environment(), size);
    await asked.until("the choice", (stdout) => stdout.includes("[r]eplace it"));
    asked.child.stdin?.write("r\n");
    expect(await asked.ended).toBe(0);
    expect(asked.stdout()).toContain("/stuck: 1/1 running");
    expect((await cluster.cli("service", "remove", "stuck")).code).toBe(0);
  }, 120_000);
});
