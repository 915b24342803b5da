/**
 * Scheduler libraries of other languages, unmodified, each from its own registry, drive a real cluster: they run tasks,
 * acknowledge, kill, reconcile, and go on under the same id after the master was killed.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, startCluster, type TestCluster } from "../harness/cluster.ts";
import { python } from "./python-packages.ts";
import { StrangerProcess } from "./stranger-process.ts";
import {
  goCompiler,
  goSources,
  java,
  javaLibraries,
  maven,
  pymesosInterpreter,
  pythonParser,
} from "./stranger-tools.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const user = process.getuid?.() === 0 ? "nobody" : (process.env["USER"] ?? "nobody");
const tasks = 12;
let cluster: TestCluster;
let scratch: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "keelson-strangers-"));
  cluster = await startCluster();
}, 120_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(scratch, { recursive: true, force: true });
});

async function drives(stranger: StrangerProcess): Promise<void> {
  const { kernel } = cluster.info.services;
  const { frameworkId } = await stranger.until("a subscription", () =>
    stranger.told.find(({ event }) => event === "SUBSCRIBED"),
  );
  await stranger.until("all tasks running", () => stranger.tasksIn("TASK_RUNNING").length === tasks);
  const first = stranger.told.find(({ event }) => event === "UPDATE");
  expect(first).toMatchObject({ state: "TASK_STARTING", acknowledged: true });
  const [victim = ""] = stranger.tasksIn("TASK_RUNNING");
  stranger.say(`kill ${victim}`);
  await stranger.until("its end", () => stranger.tasksIn("TASK_KILLED").includes(victim));

  const before = stranger.told.length;
  stranger.say("reconcile");
  const reconciled = (): readonly string[] =>
    stranger.told
      .slice(before)
      .flatMap(({ task, acknowledged }) => (acknowledged === false && task !== undefined ? [task] : []));
  await stranger.until("every live task told", () => new Set(reconciled()).size === tasks - 1);

  const subscriptions = stranger.told.filter(({ event }) => event === "SUBSCRIBED").length;
  cluster.kill("kernel");
  const again = await stranger.until("another subscription", () =>
    stranger.told.filter(({ event }) => event === "SUBSCRIBED").at(subscriptions),
  );
  expect(again.frameworkId).toBe(frameworkId);
  const [other = ""] = stranger.tasksIn("TASK_RUNNING");
  // A kill that comes after its end is answered too, with TASK_LOST: not the newest word counts.
  const isKilled = (): boolean =>
    stranger.told.some(({ task, state }) => task === other && state === "TASK_KILLED");
  await stranger.until("the agents are back and it can kill again", () => {
    if (!isKilled()) stranger.say(`kill ${other}`);
    return isKilled();
  });
  stranger.say("teardown");
  await stranger.until("it ended", () => stranger.told.some(({ event }) => event === "ENDED"));
  const { body } = await ask(`${kernel}/frameworks`);
  const { completed_frameworks: ended } = body as {
    readonly completed_frameworks: readonly { id: string }[];
  };
  expect(ended.map(({ id }) => id)).toContain(frameworkId);
}

describe.skipIf(goCompiler === undefined || !existsSync(goSources))("mesos-go", () => {
  let program: string;
  beforeAll(() => {
    program = join(scratch, "scheduler");
    execFileSync(goCompiler ?? "", ["build", "-o", program, "."], {
      cwd: join(here, "mesos-go"),
      env: { ...process.env, GO111MODULE: "off", GOPATH: "/usr/share/gocode", GOFLAGS: "" },
      timeout: 300_000,
    });
  }, 300_000);

  it.each([
    ["mesos.md§8#4 over protobuf", "protobuf"],
    ["over JSON", "json"],
  ])(
    "%s runs, kills and reconciles tasks, and outlives the master",
    async (_name, codec) => {
      const args = [cluster.info.services.kernel, codec, String(tasks), user];
      const stranger = new StrangerProcess(program, args);
      try {
        await drives(stranger);
      } finally {
        stranger.kill();
      }
    },
    180_000,
  );
});

describe.skipIf(!existsSync(python) || !existsSync(pythonParser))("pymesos", () => {
  let interpreter: string;
  beforeAll(async () => {
    interpreter = await pymesosInterpreter();
  }, 300_000);

  it("runs, kills and reconciles tasks, and outlives the master", async () => {
    const script = join(here, "pymesos/scheduler.py");
    const master = new URL(cluster.info.services.kernel).host;
    const stranger = new StrangerProcess(interpreter, [script, master, String(tasks), user]);
    try {
      await drives(stranger);
    } finally {
      stranger.kill();
    }
  }, 180_000);
});

describe.skipIf(maven === undefined || java === undefined)("mesos-rxjava", () => {
  let libraries: string;
  beforeAll(async () => {
    libraries = await javaLibraries("mesos-rxjava");
  }, 300_000);

  it("over protobuf runs, kills and reconciles tasks, and outlives the master", async () => {
    const program = join(here, "mesos-rxjava/Scheduler.java");
    const args = ["-cp", libraries, program, cluster.info.services.kernel, String(tasks), user];
    const stranger = new StrangerProcess(java ?? "", args);
    try {
      await drives(stranger);
    } finally {
      stranger.kill();
    }
  }, 180_000);
});
