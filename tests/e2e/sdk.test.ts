/** The package `@keelson/sdk`, as somebody outside this repository has it, and the example of its page. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { makeSdkPackage } from "../../tools/sdk-package.ts";
import { ask, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const examples = join(root, "docs/examples");
let project: string;
let cluster: TestCluster;
let running: ChildProcess | undefined;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), "keelson-sdk-"));
  const sdk = join(project, "node_modules/@keelson/sdk");
  makeSdkPackage(sdk);
  const { dependencies } = JSON.parse(readFileSync(join(sdk, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  // As `npm install` would, from what is installed here.
  for (const name of Object.keys(dependencies)) {
    mkdirSync(join(project, "node_modules", name, ".."), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
  }
  copyFileSync(join(examples, "keep-three.ts"), join(project, "keep-three.ts"));
  cluster = await startCluster();
}, 120_000);
afterEach(() => {
  running?.kill("SIGKILL");
});
afterAll(async () => {
  await cluster.purge();
  rmSync(project, { recursive: true, force: true });
});

interface StateTask {
  readonly id: string;
  readonly state: string;
}

async function runningTasks(): Promise<readonly string[]> {
  const { body } = await ask(`${cluster.info.services.kernel}/state`);
  const { frameworks } = body as { readonly frameworks: readonly { name: string; tasks: StateTask[] }[] };
  return frameworks
    .filter(({ name }) => name === "keep-three")
    .flatMap(({ tasks }) => tasks.filter(({ state }) => state === "TASK_RUNNING").map(({ id }) => id))
    .sort();
}

const three = (): Promise<readonly string[]> =>
  eventually("three tasks run", async () => {
    const tasks = await runningTasks();
    return tasks.length === 3 && tasks;
  });

function start(): void {
  running = spawn(process.execPath, ["keep-three.ts"], {
    cwd: project,
    env: {
      PATH: process.env["PATH"],
      MASTER: cluster.info.services.kernel,
      TASK_USER: process.getuid?.() === 0 ? "nobody" : "",
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
}

it("has types that a strict compiler takes", () => {
  const flags = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck"];
  const target = ["--module", "nodenext", "--target", "es2024", "--types", "node"];
  const types = ["--typeRoots", join(root, "node_modules/@types")];
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, ...flags, ...target, ...types, "keep-three.ts"], {
    cwd: project,
    stdio: ["ignore", "inherit", "inherit"],
  });
});

it("keeps three tasks running over the loss of a task, of itself and of the master", async () => {
  start();
  const [victim = "", ...others] = await three();
  const { body } = await ask(`${cluster.info.services.kernel}/tasks?task_id=${victim}`);
  const [task] = (body as { readonly tasks: readonly { statuses: StatusOf[] }[] }).tasks;
  const pid = task?.statuses.at(-1)?.container_status?.executor_pid;
  expect(pid).toBeGreaterThan(1);
  process.kill(pid ?? 0, "SIGKILL");
  await eventually("another task in its place", async () => {
    const tasks = await runningTasks();
    return tasks.length === 3 && !tasks.includes(victim) && others.every((other) => tasks.includes(other));
  });

  const before = await three();
  running?.kill("SIGKILL");
  start();
  cluster.kill("kernel");
  const again = await eventually("the same three are known again", async () => {
    const tasks = await runningTasks().catch(() => []);
    return tasks.length === 3 && tasks;
  });
  expect(again).toEqual(before);
}, 120_000);

interface StatusOf {
  readonly container_status?: { readonly executor_pid?: number };
}
