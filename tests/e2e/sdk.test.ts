/** The package `@keelson/sdk`, as somebody outside this repository has it, and the example of its page. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { connectScheduler, type Offer, type TaskInfo, type TaskStatus } from "#frameworks/sdk/index.ts";
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
  for (const name of readdirSync(examples)) copyFileSync(join(examples, name), join(project, name));
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
  execFileSync(process.execPath, [tsc, ...flags, ...target, ...types, ...readdirSync(examples)], {
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

it("has an executor's side: tasks in one process, messages, kills, and an agent that was killed meanwhile", async () => {
  const statuses: TaskStatus[] = [];
  const said: string[] = [];
  const failures: string[] = [];
  const waiting: Offer[] = [];
  const scheduler = connectScheduler({
    masterUrl: cluster.info.services.kernel,
    frameworkInfo: { name: "counter", user: userInfo().username, checkpoint: true, failover_timeout: 60 },
    acknowledgement: "afterHandler",
    onEvent: ({ offers, update, message, failure }) => {
      waiting.push(...(offers?.offers ?? []));
      if (update !== undefined) statuses.push(update.status);
      if (message !== undefined) said.push(Buffer.from(message.data, "base64").toString());
      if (failure?.executor_id !== undefined) failures.push(failure.executor_id.value);
    },
    onCallFailed: (call, reason) =>
      statuses.push({ task_id: { value: `${call.type}: ${reason}` }, state: "TASK_ERROR" }),
  });
  const until = (taskId: string, state: string): Promise<unknown> =>
    eventually(`${taskId} is ${state}`, () =>
      statuses.some((status) => status.task_id.value === taskId && status.state === state),
    );
  const scalar = (name: string, value: number) => ({ name, type: "SCALAR" as const, scalar: { value } });
  const executor_id = { value: "counting" };
  const value = `exec ${process.execPath} ${join(project, "counting-executor.ts")}`;
  const executor = {
    executor_id,
    command: { shell: true, value },
    resources: [scalar("cpus", 0.1), scalar("mem", 64)],
  };
  try {
    const offer = await eventually("an offer", () => waiting[0] ?? false);
    const { id, agent_id } = offer;
    const task = (taskId: string, count: number): TaskInfo => ({
      name: taskId,
      task_id: { value: taskId },
      agent_id,
      executor,
      data: Buffer.from(String(count)).toString("base64"),
      resources: [scalar("cpus", 0.1), scalar("mem", 16)],
    });
    const task_infos = [task("short", 3), task("long", 1_000_000)];
    const operations = [{ type: "LAUNCH" as const, launch: { task_infos } }];
    scheduler.call({ type: "ACCEPT", accept: { offer_ids: [id], operations } });
    await until("short", "TASK_FINISHED");
    await until("long", "TASK_RUNNING");

    const data = Buffer.from("gr\u00fc\u00dfe").toString("base64");
    scheduler.call({ type: "MESSAGE", message: { agent_id, executor_id, data } });
    await eventually("the executor's answer", () => said.includes("gr\u00fc\u00dfe"));

    const index = cluster.info.agents.findIndex((agent) => agent.id === agent_id.value);
    const before = cluster.pid(`agent-${index}`);
    cluster.kill(`agent-${index}`);
    await eventually("the agent is back", () => cluster.pid(`agent-${index}`) !== before);
    await eventually("the executor hears again", () => {
      scheduler.call({
        type: "MESSAGE",
        message: { agent_id, executor_id, data: Buffer.from("again").toString("base64") },
      });
      return said.includes("again");
    });
    scheduler.call({ type: "KILL", kill: { task_id: { value: "long" }, agent_id } });
    await until("long", "TASK_KILLED");
  } finally {
    scheduler.call({ type: "TEARDOWN" });
    await scheduler.close();
  }
}, 120_000);

interface StatusOf {
  readonly container_status?: { readonly executor_pid?: number };
}
