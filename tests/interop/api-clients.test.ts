/**
 * Clients of the Marathon and Metronome APIs in other languages, unmodified, each from its own registry: each creates, scales,
 * upgrades, watches, kills and deletes as far as it can, in a group of its own.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, startCluster, type TestCluster } from "../harness/cluster.ts";
import { getApp, settled } from "../harness/services.ts";
import { python, pythonWith } from "./python-packages.ts";
import { goProgram, java, javaLibraries, maven } from "./stranger-tools.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
let cluster: TestCluster;
let scratch: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "keelson-clients-"));
  cluster = await startCluster();
}, 120_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(scratch, { recursive: true, force: true });
});

/** The lines that a program says until it ends well. */
async function said(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const options = { timeout: 170_000, env: { ...process.env, ...env } };
  const ended = await new Promise<{ readonly code: unknown; readonly output: string }>((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? error?.signal ?? 0, output: error === null ? stdout : stdout + stderr }),
    );
  });
  expect(ended).toEqual({ code: 0, output: expect.any(String) });
  return ended.output.trim().split("\n");
}

describe("python-marathon", { concurrent: true, skip: !existsSync(python) }, () => {
  const packages = [
    "marathon==0.13.0",
    "requests==2.31.0",
    "requests-toolbelt==1.0.0",
    "urllib3",
    "idna",
    "certifi",
    "charset-normalizer",
  ];
  let interpreter: string;
  beforeAll(async () => {
    interpreter = await pythonWith("marathon", packages, { isOld: true });
  }, 300_000);

  it("drives services through every kind of call it has", async () => {
    const args = [join(here, "python-marathon/drive.py"), cluster.info.services.services];
    expect(await said(interpreter, args)).toEqual([
      "info",
      "created",
      "scaled",
      "upgraded and heard of it",
      "versions",
      "killed",
      "restarted and found by label",
      "group",
      "deleted",
    ]);
  }, 180_000);
});

describe("dcos-metronome", { concurrent: true, skip: !existsSync(python) }, () => {
  const packages = [
    "dcos-metronome==0.3.0",
    "protobuf==3.20.3",
    "six",
    "requests==2.31.0",
    "urllib3",
    "idna",
    "certifi",
    "charset-normalizer",
  ];
  let interpreter: string;
  beforeAll(async () => {
    interpreter = await pythonWith("metronome", packages);
  }, 300_000);

  it("drives jobs, their runs and schedules", async () => {
    const args = [join(here, "dcos-metronome/drive.py"), cluster.info.services.jobs];
    expect(await said(interpreter, args)).toEqual([
      "ping",
      "created and updated",
      "run",
      "scheduled",
      "stopped",
      "removed",
    ]);
  }, 180_000);
});

describe("shpkpr", { concurrent: true, skip: !existsSync(python) }, () => {
  const packages = [
    "shpkpr==4.1.2",
    "cached-property==1.5.2",
    "certifi",
    "charset-normalizer",
    "chronos-python==1.2.1",
    "click==6.7",
    "docker==7.1.0",
    "httplib2",
    "hvac==2.3.0",
    "idna",
    "Jinja2==2.11.3",
    "jsonschema==2.6.0",
    "MarkupSafe==2.0.1",
    "pyparsing",
    "python-slugify==8.0.4",
    "PyYAML",
    "requests==2.31.0",
    "six",
    "text-unidecode==1.3",
    "urllib3",
  ];
  let shpkpr: string;
  beforeAll(async () => {
    shpkpr = join(dirname(await pythonWith("shpkpr", packages)), "shpkpr");
  }, 300_000);

  it("deploys from templates: one app, another version of it, several in one deployment", async () => {
    for (const name of ["web", "worker"]) {
      const definition = `{"id": "/shpkpr/${name}", "cmd": "exec sleep 100000", "cpus": 0.01, "mem": {{ MEM|require_int }}, "instances": {{ COUNT|require_int }}}`;
      writeFileSync(join(scratch, `${name}.json.tmpl`), definition);
    }
    const run = (...args: string[]): Promise<readonly string[]> =>
      said(shpkpr, ["apps", ...args, "--marathon-url", cluster.info.services.services], {
        LC_ALL: "C.UTF-8",
      });
    const from = (...names: string[]): readonly string[] => [
      ...["--template-dir", scratch],
      ...names.flatMap((name) => ["--template", `${name}.json.tmpl`]),
    ];
    await run("deploy", ...from("web"), "MEM=8", "COUNT=2");
    expect((await settled(cluster, "/shpkpr/web")).tasks.length).toBe(2);
    await run("deploy", ...from("web", "worker"), "MEM=12", "COUNT=1");
    for (const id of ["/shpkpr/web", "/shpkpr/worker"])
      expect(await getApp(cluster, id)).toMatchObject({ mem: 12, instances: 1, deployments: [] });
    const shown = JSON.parse((await run("show", "-a", "shpkpr/web")).join("\n"));
    expect(shown).toMatchObject({ id: "/shpkpr/web", tasksRunning: 1, tasks: [{ state: "TASK_RUNNING" }] });
  }, 180_000);
});

describe("marathon-client (Java)", {
  concurrent: true,
  skip: maven === undefined || java === undefined,
}, () => {
  let libraries: string;
  beforeAll(async () => {
    libraries = await javaLibraries("marathon-client");
  }, 300_000);

  it("drives services, and others through the door as a user who logs in", async () => {
    const { url, token, services } = cluster.info;
    const headers = { authorization: `token=${token}` };
    const person = { password: "a password of Java's", description: "drives" };
    for (const [path, body] of [
      ["users/java", person],
      ["acls/dcos:superuser/users/java/full", undefined],
    ] as const) {
      const answer = await ask(`${url}/acs/api/v1/${path}`, { method: "PUT", headers, body });
      expect({ path, isDone: answer.status < 300 }).toEqual({ path, isDone: true });
    }
    // Its library for HTTP is of before Java closed its own parts.
    const flags = ["--add-opens", "java.base/java.lang.invoke=ALL-UNNAMED", "-cp", libraries];
    const program = join(here, "marathon-client/Drive.java");
    expect(
      await said(java ?? "", [...flags, program, services.services, url, "java", person.password]),
    ).toEqual([
      "info",
      "created and healthy",
      "scaled and upgraded",
      "killed",
      "restarted and found by label",
      "group",
      "queue and rollback",
      "deleted",
      "through the door",
    ]);
  }, 180_000);
});

const goMarathon = await goProgram("go-marathon");

describe("go-marathon", { concurrent: true, skip: goMarathon === undefined }, () => {
  it("drives services, directly and then through the door", async () => {
    const { url, token, services } = cluster.info;
    for (const args of [[services.services], [url, token]])
      expect(await said(goMarathon ?? "", args)).toEqual([
        "info",
        "subscribed",
        "created and healthy",
        "scaled",
        "upgraded and brought back",
        "heard of it",
        "killed",
        "restarted and found by label",
        "group",
        "pod",
        "queue and rollback",
        "deleted",
      ]);
  }, 180_000);
});
