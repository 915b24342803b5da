/** The DC/OS command line as it was for Python (`dcoscli` 0.6.1 of the Python index), unmodified, through the door. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { python, pythonWith } from "./python-packages.ts";

const packages = [
  "dcos==0.6.1",
  "dcoscli==0.6.1",
  "certifi",
  "cffi",
  "charset-normalizer",
  "cryptography==50.0.2",
  "docker==2.7.0",
  "docker-pycreds==0.4.0",
  "docopt==0.6.2",
  "futures3==1.0.0",
  "idna",
  "jsonschema==3.2.0",
  "attrs",
  "pyrsistent==0.20.0",
  "packaging",
  "pager==3.3",
  "pkginfo==2.0",
  "portalocker==4.4.2",
  "prettytable==0.7.2",
  "pycparser",
  "Pygments",
  "PyJWT",
  "pystache==0.6.8",
  "requests==2.31.0",
  "retrying==1.4.2",
  "rollbar==1.5.0",
  "setuptools<80",
  "six",
  "sseclient==0.0.27",
  "toml==0.10.2",
  "urllib3",
  "virtualenv==20.26.6",
  "distlib",
  "filelock",
  "platformdirs",
  "websocket-client==1.9.2",
];

describe.skipIf(!existsSync(python))("the DC/OS command line", () => {
  let cluster: TestCluster;
  let home: string;
  let dcos: string;

  beforeAll(async () => {
    dcos = join(dirname(await pythonWith("dcoscli", packages, { isOld: true })), "dcos");
    cluster = await startCluster();
    home = mkdtempSync(join(tmpdir(), "keelson-dcos-"));
    const { url, token } = cluster.info;
    const config = `[core]\ndcos_url = "${url}"\ndcos_acs_token = "${token}"\ntimeout = 30\n`;
    writeFileSync(join(home, "dcos.toml"), config, { mode: 0o600 });
  }, 400_000);
  afterAll(async () => {
    await cluster.purge();
    rmSync(home, { recursive: true, force: true });
  });

  function run(
    ...args: string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const env = {
      PATH: process.env["PATH"],
      HOME: home,
      DCOS_CONFIG: join(home, "dcos.toml"),
      LANG: "C.UTF-8",
    };
    return new Promise((resolve) => {
      execFile(dcos, args, { env, timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({
          code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
          stdout,
          stderr,
        }),
      );
    });
  }

  async function ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(...args);
    expect({ args, code, stderr: code === 0 ? "" : stderr + stdout }).toEqual({ args, code: 0, stderr: "" });
    return stdout;
  }

  function file(name: string, content: object): string {
    const path = join(home, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  }

  const idle = (): Promise<unknown> =>
    eventually(
      "no deployment",
      async () => JSON.parse(await ok("marathon", "deployment", "list", "--json")).length === 0,
      60_000,
    );

  it("lists frameworks and tasks, reads output and files of a task", async () => {
    const cmd = "echo a line for you; echo and a complaint >&2; exec sleep 100000";
    await ok(
      "marathon",
      "app",
      "add",
      file("app.json", { id: "/old/web", cmd, cpus: 0.01, mem: 8, instances: 2 }),
    );
    await idle();
    const services = JSON.parse(await ok("service", "--json")) as readonly {
      name: string;
      active: boolean;
    }[];
    expect(
      services
        .filter(({ active }) => active)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["marathon", "metronome"]);
    const tasks = JSON.parse(await ok("task", "--json", "old_web")) as readonly {
      id: string;
      state: string;
    }[];
    expect(tasks.map(({ state }) => state)).toEqual(["TASK_RUNNING", "TASK_RUNNING"]);
    const id = tasks[0]?.id ?? "";
    expect(await ok("task", "log", id)).toContain("a line for you");
    expect(await ok("task", "log", id, "stderr")).toContain("and a complaint");
    expect(await ok("task", "ls", id)).toMatch(/stderr +stdout/);
    expect(await ok("node", "log", "--leader", "--lines=20")).toContain("agentAdded");
  }, 120_000);

  it("shows, changes, scales, restarts and brings back an app", async () => {
    const shown = JSON.parse(await ok("marathon", "app", "show", "/old/web")) as {
      instances: number;
      version: string;
    };
    expect(shown.instances).toBe(2);
    await ok("marathon", "app", "update", "/old/web", "mem=12");
    await idle();
    await ok("marathon", "app", "update", "/old/web", "instances=1");
    await idle();
    expect(await ok("marathon", "app", "list")).toMatch(/\/old\/web +12 +0\.01 +1\/1/);
    const versions = JSON.parse(
      await ok("marathon", "app", "version", "list", "/old/web"),
    ) as readonly string[];
    expect(versions.length).toBe(3);
    expect(versions).toContain(shown.version);
    const old = JSON.parse(
      await ok("marathon", "app", "show", "/old/web", `--app-version=${shown.version}`),
    ) as { mem: number };
    expect(old.mem).toBe(8);
    await ok("marathon", "app", "restart", "/old/web");
    await idle();
    const [task] = JSON.parse(await ok("marathon", "task", "list", "/old/web", "--json")) as readonly {
      id: string;
    }[];
    expect(await ok("marathon", "task", "show", task?.id ?? "")).toContain('"appId": "/old/web"');
    await ok("marathon", "task", "stop", task?.id ?? "");
    await eventually("another in its place", async () => {
      const [other] = JSON.parse(await ok("marathon", "task", "list", "/old/web", "--json")) as readonly {
        id: string;
      }[];
      return other !== undefined && other.id !== task?.id;
    });
    await ok("marathon", "app", "stop", "/old/web");
    await idle();
    await ok("marathon", "app", "start", "/old/web", "1");
    await idle();
  }, 180_000);

  it("says why an app waits, rolls a deployment back, and ends with a group removed", async () => {
    await ok("marathon", "app", "add", file("huge.json", { id: "/old/huge", cmd: "sleep 1", cpus: 1_000 }));
    const summary = await eventually("the queue has offers", async () => {
      const text = await ok("marathon", "debug", "summary", "/old/huge");
      return /CPUS/.test(text) && text;
    });
    expect(summary).toMatch(/CPUS +.*1000/);
    expect(await ok("marathon", "debug", "list")).toContain("/old/huge");
    const [deployment] = JSON.parse(await ok("marathon", "deployment", "list", "--json")) as readonly {
      id: string;
    }[];
    await ok("marathon", "deployment", "rollback", deployment?.id ?? "");
    await idle();
    expect((await run("marathon", "app", "show", "/old/huge")).code).toBe(1);
    await ok(
      "marathon",
      "group",
      "add",
      file("group.json", { id: "/group", apps: [{ id: "one", cmd: "sleep 1000", cpus: 0.01, mem: 8 }] }),
    );
    await idle();
    expect(await ok("marathon", "group", "show", "/group")).toContain('"id": "/group/one"');
    await ok("marathon", "group", "scale", "/group", "2", "--force");
    await idle();
    await ok("marathon", "group", "remove", "/group", "--force");
    await ok("marathon", "app", "remove", "/old/web", "--force");
    await eventually(
      "nothing is left",
      async () => JSON.parse(await ok("marathon", "app", "list", "--json")).length === 0,
    );
  }, 180_000);

  it("adds, runs, schedules, stops, changes and removes jobs", async () => {
    const id = "old.report";
    const run = { cmd: "exec sleep 100000", cpus: 0.01, mem: 32, disk: 0 };
    const path = file("job.json", { id, description: "of before", run });
    await ok("job", "add", path);
    const [listed] = JSON.parse(await ok("job", "list", "--json")) as readonly object[];
    expect(listed).toMatchObject({ id, historySummary: { successCount: 0, failureCount: 0 } });
    const runs = async (): Promise<readonly { readonly id: string; readonly status: string }[]> =>
      JSON.parse(await ok("job", "show", "runs", id, "--json"));
    const told = await ok("job", "run", id);
    const first = /Run ID: (\S+)/.exec(told)?.[1] ?? "";
    const second = JSON.parse(await ok("job", "run", id, "--json")) as { readonly id: string };
    await eventually("both run", async () => {
      const all = await runs();
      return all.length === 2 && all.every(({ status }) => status === "ACTIVE");
    });
    expect((await runs()).map((each) => each.id).sort()).toEqual([first, second.id].sort());

    const schedule = { id: "nightly", cron: "0 3 * * *", timezone: "UTC", enabled: true };
    await ok("job", "schedule", "add", id, file("schedule.json", schedule));
    expect(await ok("job", "list")).toMatch(/old\.report +Running/);
    await ok("job", "schedule", "update", id, file("schedule.json", { ...schedule, cron: "30 4 * * *" }));
    const [shown] = JSON.parse(await ok("job", "schedule", "show", id, "--json")) as readonly object[];
    expect(shown).toMatchObject({ cron: "30 4 * * *", nextRunAt: expect.stringContaining("T04:30:00") });

    await ok("job", "kill", id, first);
    await eventually("one is left", async () => (await runs()).length === 1);
    await ok("job", "kill", id, "--all");
    await eventually("none is left", async () => (await runs()).length === 0);
    expect(await ok("job", "history", id, "--failures")).toContain("Failure runs: 2");

    await ok("job", "update", file("job.json", { id, description: "of today", run: { ...run, mem: 48 } }));
    expect(JSON.parse(await ok("job", "show", id))).toMatchObject({
      description: "of today",
      run: { mem: 48 },
      schedules: [{ id: "nightly" }],
    });
    await ok("job", "schedule", "remove", id, "nightly");
    await ok("job", "run", id);
    await ok("job", "remove", id, "--stop-current-job-runs");
    expect(JSON.parse(await ok("job", "list", "--json"))).toEqual([]);
  }, 180_000);
});
