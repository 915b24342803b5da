/** Two real clusters, one moved into the other: from living APIs, from files of older Marathons, and out again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestCa } from "#foundation/http/testing.ts";
import { runLines } from "../harness/cli.ts";
import { ask, startCluster, type TestCluster } from "../harness/cluster.ts";
import { settled } from "../harness/services.ts";

let old: TestCluster;
let here: TestCluster;
let folder = "";
beforeAll(async () => {
  [old, here] = await Promise.all([startCluster(), startCluster()]);
  folder = mkdtempSync(join(tmpdir(), "keelson-migrate-"));
}, 120_000);
afterAll(async () => {
  await Promise.all([old?.purge(), here?.purge()]);
  rmSync(folder, { recursive: true, force: true });
});

type Json = { readonly [name: string]: unknown };
const small = { cmd: "exec sleep 100000", cpus: 0.01, mem: 16 };

function write(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

async function send(cluster: TestCluster, method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await ask(`${cluster.info.services.services}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  expect({ path, status: answer.status, body: answer.status < 300 ? "" : answer.body }).toMatchObject({
    body: "",
  });
  return answer.body as Json;
}

async function sendJob(cluster: TestCluster, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await ask(`${cluster.info.services.jobs}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  expect({ path, status: answer.status, body: answer.status < 300 ? "" : answer.body }).toMatchObject({
    body: "",
  });
  return answer.body;
}

/** When one runs next is told anew at each moment. */
const jobsOf = async (cluster: TestCluster): Promise<unknown> =>
  JSON.parse(
    JSON.stringify(await sendJob(cluster, "GET", "/v1/jobs")).replaceAll(/,"nextRunAt":"[^"]*"/g, ""),
  );

async function everything(cluster: TestCluster): Promise<unknown> {
  const { apps } = (await send(cluster, "GET", "/v2/apps?keelson.offset=0")) as { apps: readonly Json[] };
  const pods = (await send(cluster, "GET", "/v2/pods?keelson.offset=0")) as unknown as readonly Json[];
  const shownOnly = [
    "version",
    "versionInfo",
    "tasksStaged",
    "tasksRunning",
    "tasksHealthy",
    "tasksUnhealthy",
    "deployments",
  ];
  const bare = (each: Json): Json =>
    Object.fromEntries(Object.entries(each).filter(([name]) => !shownOnly.includes(name)));
  const jobs = (await jobsOf(cluster)) as readonly Json[];
  return {
    jobs: [...jobs].sort((one, other) => String(one["id"]).localeCompare(String(other["id"]))),
    apps: apps.map(bare),
    pods: pods.map(bare),
    groups: groupsOf(await send(cluster, "GET", "/v2/groups")),
  };
}

const groupsOf = (group: Json): readonly unknown[] =>
  [[group["id"], group["dependencies"]], ...(group["groups"] as readonly Json[]).flatMap(groupsOf)].sort();

const importInto = (...words: string[]) => here.cli("import", "marathon", ...words);
const door = (): readonly string[] => ["--from", old.info.url, "--token", old.info.token];

describe("a cluster that moves", () => {
  it("is filled with groups, pods and what depends on what", async () => {
    await send(old, "PUT", "/v2/groups", {
      id: "/",
      apps: [{ id: "/lone", ...small, labels: { owner: "ops" } }],
      groups: [
        {
          id: "/shop",
          dependencies: ["/data"],
          apps: [
            {
              id: "/shop/web",
              ...small,
              instances: 2,
              dependencies: ["/shop/api"],
              env: { DB: "db.data.marathon.mesos" },
            },
            {
              id: "/shop/api",
              ...small,
              portDefinitions: [{ port: 10_500, name: "http", labels: { VIP_0: "/api:80" } }],
            },
          ],
          groups: [{ id: "/shop/empty" }],
        },
        {
          id: "/team",
          enforceRole: true,
        },
        {
          id: "/data",
          apps: [
            {
              id: "/data/db",
              ...small,
              container: {
                type: "MESOS",
                volumes: [{ containerPath: "data", mode: "RW", persistent: { size: 8 } }],
              },
            },
          ],
        },
      ],
    });
    await send(old, "POST", "/v2/pods", {
      id: "/shop/pair",
      containers: ["a", "b"].map((name) => ({
        name,
        resources: { cpus: 0.01, mem: 16 },
        exec: { command: { shell: small.cmd } },
      })),
      executorResources: { cpus: 0.1, mem: 32, disk: 10 },
    });
    await send(old, "POST", "/v2/pods", {
      id: "/team/alone",
      scaling: { kind: "fixed", instances: 0 },
      containers: [
        { name: "a", resources: { cpus: 0.01, mem: 16 }, exec: { command: { shell: small.cmd } } },
      ],
    });
    const job = (id: string, ...parents: string[]) => ({
      id,
      run: { cmd: "true", cpus: 0.01, mem: 32, disk: 0, artifacts: [], restart: { policy: "ON_FAILURE" } },
      dependencies: parents.map((parent) => ({ id: parent })),
    });
    await sendJob(old, "POST", "/v1/jobs", job("shop.load"));
    await sendJob(old, "POST", "/v1/jobs", job("report", "shop.load"));
    await sendJob(old, "POST", "/v0/scheduled-jobs", {
      ...job("nightly"),
      schedules: [{ id: "at-three", cron: "0 3 * * *", timezone: "Asia/Shanghai", enabled: false }],
    });
    await settled(old, "/shop/web");
  }, 120_000);

  it("is shown first: what comes, what is different, and nothing is changed", async () => {
    const shown = await importInto(...door(), "--dry-run");
    expect(shown).toMatchObject({ code: 2 });
    expect(shown.stdout).toContain("/shop/web is created with 2 instances");
    expect(shown.stdout).toContain("/env/DB names db.data.marathon.mesos, which nothing here resolves");
    expect(shown.stdout).toContain("VIP_0 is kept, and nothing here answers on virtual addresses");
    const planned = await importInto(...door(), "--dry-run", "--json");
    const report = JSON.parse(planned.stdout);
    expect(report).toMatchObject({
      verdict: "planned",
      source: { marathonVersion: "1.11.0" },
      services: { replace: [], unchanged: [], refused: [] },
      jobs: { create: ["nightly", "shop.load", "report"], replace: [], unchanged: [], refused: [] },
    });
    expect([...report.services.create].sort()).toEqual([
      "/data/db",
      "/lone",
      "/shop/api",
      "/shop/pair",
      "/shop/web",
      "/team/alone",
    ]);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ id: "/data/db", code: "data", field: "/container/volumes(0)" }),
    );
    expect(report.findings).toContainEqual({
      kind: "service",
      id: "/shop/web",
      code: "unresolvedName",
      field: "/env/DB",
      was: "db.data.marathon.mesos",
      message: "/env/DB names db.data.marathon.mesos, which nothing here resolves",
    });
    expect((await send(here, "GET", "/v2/apps"))["apps"]).toEqual([]);
  }, 240_000);

  it("comes whole, in one deployment that keeps the order of dependencies", async () => {
    const taken = await importInto(...door(), "--json");
    expect({ code: taken.code, stderr: taken.code === 0 ? "" : taken.stderr }).toEqual({
      code: 0,
      stderr: "",
    });
    const report = JSON.parse(taken.stdout);
    expect(report).toMatchObject({
      verdict: "succeeded",
      done: { jobs: ["nightly", "shop.load", "report"], failedJobs: [] },
    });
    const restarts = report.plan.steps.map(({ actions }: { actions: readonly Json[] }) =>
      actions
        .filter(({ action }) => action === "scale")
        .map(({ service }) => service)
        .sort(),
    );
    const order = restarts.filter((step: readonly string[]) => step.length > 0);
    const stepOf = (id: string): number => order.findIndex((step: readonly string[]) => step.includes(id));
    expect(stepOf("/data/db")).toBeLessThan(stepOf("/shop/api"));
    expect(stepOf("/shop/api")).toBeLessThan(stepOf("/shop/web"));
    expect(await everything(here)).toEqual(await everything(old));
    await settled(here, "/shop/web");
    // What it came from is told where people look for who did it.
    const history = await here.cli("history", "/shop/web", "--json");
    expect(JSON.parse(history.stdout)[0].message).toContain(`import from ${old.info.url}`);
  }, 120_000);

  it("a second time there is nothing to do, also from the scheduler's own port", async () => {
    const { services, jobs } = old.info.services;
    const again = await importInto("--from", services, "--from", jobs);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("Nothing to do") });
  }, 240_000);

  it("replaces what is here only when that is said", async () => {
    await send(old, "PATCH", "/v2/apps/lone", { labels: { owner: "shop" } });
    await sendJob(old, "PUT", "/v0/scheduled-jobs/nightly", {
      id: "nightly",
      run: { cmd: "true", cpus: 0.02, mem: 32, disk: 0 },
      schedules: [{ id: "at-three", cron: "0 4 * * *", timezone: "Asia/Shanghai" }],
    });
    const refused = await importInto(...door());
    expect(refused).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("Already here and different: /lone, nightly"),
    });
    expect(await send(here, "GET", "/v2/apps/lone")).toMatchObject({ app: { labels: { owner: "ops" } } });
    expect(await importInto(...door(), "--replace")).toMatchObject({ code: 0 });
    expect(await everything(here)).toEqual(await everything(old));
  }, 120_000);

  it("goes out as a Marathon would take it, and that comes back the same", async () => {
    const file = join(folder, "out.json");
    const lines = [
      ["export", "marathon", "--out", file],
      ["import", "marathon", "--from", join(folder, "out.jobs.json")],
      ["import", "marathon", "--from", file],
    ];
    const [written, jobs, services] = await runLines(lines, { KEELSON_DATA_DIR: here.dataDir });
    expect(written).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/6 services and 3 jobs: .*out\.json, .*out\.jobs\.json/),
    });
    for (const back of [jobs, services])
      expect(back).toMatchObject({ code: 0, stderr: expect.stringContaining("Nothing to do") });
    const out = JSON.parse(readFileSync(file, "utf8")) as Json;
    expect(JSON.stringify(out)).not.toMatch(
      /"(version|versionInfo|tasksRunning|labelsInPlace)"|"role":"(?!team")/,
    );
    // Every part of it is a body that Marathon's API takes.
    const { pods: _pods, ...groups } = out;
    expect(await send(here, "PUT", "/v2/groups?dryRun=true", groups)).toEqual({ steps: [] });
  }, 120_000);
});

describe("sources that are not as one would like", () => {
  it("who is not let in, or finds nothing there, is told what to do", async () => {
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [["--from", old.info.url], 4, "give a token with --token"],
      [["--from", old.info.agents[0]?.url ?? ""], 3, "Nothing that answers like a Marathon"],
      [["--from", "http://127.0.0.1:1"], 5, "does not answer"],
      [["--from", join(folder, "none.json")], 3, "can't be read"],
      [["--from", write("odd.json", ["x"])], 0, "holds something that is no app"],
      [[], 64, "--from URL"],
    ];
    const lines = cases.map(([words]) => ["import", "marathon", ...words]);
    const answers = await runLines(lines, { KEELSON_DATA_DIR: here.dataDir });
    for (const [index, [words, code, told]] of cases.entries()) {
      const answer = answers[index];
      expect({ words, code: answer?.code, said: `${answer?.stdout}${answer?.stderr}` }).toEqual({
        words,
        code,
        said: expect.stringContaining(told),
      });
    }
  }, 240_000);

  it("a source that fails, sends on, or that nobody vouches for, is never taken for one without jobs", async () => {
    const answers = (request: IncomingMessage, response: ServerResponse): void => {
      const { url = "", headers } = request;
      const [, mode, path] = /^\/(\w+)(\/[^?]*)/.exec(url) ?? [];
      const say = (status: number, body: unknown, more: Readonly<Record<string, string>> = {}): void =>
        void response.writeHead(status, more).end(JSON.stringify(body));
      const tree = { id: "/", apps: [], groups: [] };
      if (mode === "guarded" && headers.authorization === "token=old") return say(403, {});
      if (mode === "moved") return say(302, {}, { location: "/login?to=x" });
      if (path === "/v2/groups" && mode === "cut") {
        response.writeHead(200, { "content-length": "1000" }).write("{");
        return void setTimeout(() => response.destroy(), 20);
      }
      if (path === "/v1/jobs" && mode === "broken") return say(500, {});
      return path === "/v2/groups" ? say(200, tree) : say(404, {});
    };
    const ca = new TestCa(folder, "authority");
    const { certFile, keyFile } = ca.issue("source");
    const files = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    const servers = [createServer(answers), createSecureServer(files, answers)];
    await Promise.all(
      servers.map((server) => new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))),
    );
    const [plain, secure] = servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`);
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [[`http://${plain}/guarded`, "--token", "old"], 4, "does not let you in (HTTP 403)"],
      [[`http://${plain}/moved`], 3, `sends on to http://${plain}/login`],
      [[`http://${plain}/cut`], 5, "/cut/v2/groups does not answer"],
      [[`http://${plain}/broken`], 5, "/broken/v1/jobs does not answer: HTTP 500"],
      [[`http://${plain}/alone`], 0, "No jobs are read"],
      [[`https://${secure}/alone`], 4, "--ca-file FILE names that of its authority"],
      [[`https://${secure}/alone`, "--ca-file", join(folder, "none.pem")], 4, "can't be read"],
      [[`https://${secure}/alone`, "--ca-file", ca.caFile], 0, "Nothing to do"],
    ];
    try {
      const lines = cases.map(([words]) => ["import", "marathon", "--from", ...words]);
      const told = await runLines(lines, { KEELSON_DATA_DIR: here.dataDir });
      for (const [index, [words, code, text]] of cases.entries())
        expect({ words, code: told[index]?.code, said: told[index]?.stderr }).toEqual({
          words,
          code,
          said: expect.stringContaining(text),
        });
    } finally {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    }
  }, 240_000);

  /** A tree as Marathon 1.4 showed it, back to front, with what only it showed. */
  const legacy = {
    groups: [
      {
        groups: [],
        apps: [
          {
            versionInfo: {
              lastConfigChangeAt: "2017-01-01T00:00:00.000Z",
              lastScalingAt: "2017-01-01T00:00:00.000Z",
            },
            upgradeStrategy: { maximumOverCapacity: 1, minimumHealthCapacity: 1 },
            uris: [],
            fetch: [],
            storeUrls: [],
            ports: [10_700],
            portDefinitions: [{ labels: {}, protocol: "tcp", port: 10_700 }],
            ipAddress: null,
            residency: null,
            container: null,
            healthChecks: [
              {
                ignoreHttp1xx: false,
                protocol: "COMMAND",
                command: { value: "true" },
                maxConsecutiveFailures: 3,
                timeoutSeconds: 20,
                intervalSeconds: 60,
                gracePeriodSeconds: 300,
              },
            ],
            constraints: [["hostname", "UNIQUE", ""]],
            tasksRunning: 1,
            deployments: [],
            acceptedResourceRoles: null,
            dependencies: ["/legacy/base"],
            args: null,
            instances: 1,
            ...small,
            id: "/legacy/top",
          },
          { id: "/legacy/base", ...small, ports: [0], role: "dev", acceptedResourceRoles: ["dev"] },
          {
            id: "/legacy/boxed",
            container: {
              type: "DOCKER",
              docker: {
                image: "nginx:1.9",
                network: "BRIDGE",
                parameters: [{ key: "init", value: "true" }],
                portMappings: [{ containerPort: 80, hostPort: 0, servicePort: 10_701 }],
              },
            },
            dependencies: ["/legacy/top"],
          },
          { id: "/legacy/own", ...small, ipAddress: { discovery: { ports: [] }, groups: [], labels: {} } },
          { id: "/legacy/far", ...small, constraints: [["rack", "CLUSTER", "r9"]] },
        ],
        dependencies: [],
        version: "2017-01-01T00:00:00.000Z",
        id: "/legacy",
      },
    ],
    dependencies: [],
    apps: [],
    id: "/",
  };

  it("a Marathon of 1.4 behind a password is read, whatever else answers there", async () => {
    const seen = new Set<string>();
    const server = createServer((request, response) => {
      const { url = "", headers } = request;
      const path = url.split("?", 1)[0] ?? "";
      seen.add(path);
      const answers: Readonly<Record<string, unknown>> = {
        "/marathon/v2/groups": legacy,
        "/marathon/v2/info": { version: "1.4.9", name: "marathon" },
      };
      if (path.startsWith("/marathon/") && headers.authorization !== `Basic ${btoa("me:se/cret")}`)
        return void response.writeHead(401).end();
      const answer = answers[path];
      if (answer === undefined)
        return void response.writeHead(200, { "content-type": "text/html" }).end("<p>");
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const { code, stdout } = await importInto(
        "--from",
        `http://me:se%2Fcret@127.0.0.1:${port}/`,
        ...["--partial", "--dry-run", "--json"],
      );
      expect(code).toBe(2);
      expect(stdout).not.toContain("cret");
      expect(JSON.parse(stdout)).toMatchObject({
        source: { from: [`http://127.0.0.1:${port}/`], marathonVersion: "1.4.9" },
        services: {
          create: ["/legacy/top", "/legacy/base", "/legacy/far"],
          refused: ["/legacy/boxed", "/legacy/own"],
        },
      });
      // It shows no pods in its groups: they are asked for.
      expect(seen).toContain("/marathon/v2/pods");
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }, 240_000);

  it("what can't be had here keeps the rest back until that is said; then all of it is told", async () => {
    const file = write("legacy.json", legacy);
    const refused = await importInto("--from", file);
    expect(refused, refused.stderr).toMatchObject({ code: 4 });
    expect(refused.stderr).toContain("--partial takes what else there is");
    expect(refused.stdout).toContain("/legacy/boxed: /container/docker/parameters(0)/key: a parameter init");
    expect(refused.stdout).toContain("/legacy/own: /networks(0)/name: ");
    expect((await ask(`${here.info.services.services}/v2/groups/legacy`, {})).status).toBe(404);

    const taken = await importInto("--from", file, "--partial", "--no-wait", "--json");
    expect(taken.code).toBe(0);
    const report = JSON.parse(taken.stdout);
    expect(report.services).toMatchObject({
      create: expect.arrayContaining(["/legacy/top", "/legacy/base", "/legacy/far"]),
      refused: ["/legacy/boxed", "/legacy/own"],
    });
    const told = (id: string): readonly unknown[] =>
      report.findings
        .filter((each: Json) => each["id"] === id)
        .map((each: Json) => [each["code"], each["field"]]);
    expect(told("/legacy/base")).toEqual(
      expect.arrayContaining([
        ["changed", "/role"],
        ["changed", "/acceptedResourceRoles"],
        ["default", "/maxLaunchDelaySeconds"],
      ]),
    );
    const far = report.plan.services.find(({ id }: Json) => id === "/legacy/far");
    expect(far.warnings.map(({ code }: Json) => code)).toContain("constraintNeverMet");
    expect(await send(here, "GET", "/v2/apps/legacy/top")).toMatchObject({
      app: { portDefinitions: [{ port: 10_700 }], constraints: [["hostname", "UNIQUE"]] },
    });
  }, 120_000);
});
