/** Strangers' executors, unmodified: a framework runs its tasks on them, and they outlive the agent. */
import { execFile } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExecutorInfo } from "#contracts/kernel/messages.gen.ts";
import { KernelWorld, type Scheduler } from "../conformance/kernel/agent-world.ts";
import { python } from "./python-packages.ts";
import { goCompiler, goSources, pymesosInterpreter, pythonParser } from "./stranger-tools.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const isRoot = process.getuid?.() === 0;
/** Libraries wait up to 15 s between two attempts, and this machine may be busy. */
const options = { policy: { executorReregistrationTimeoutMs: 60_000 } };
let world: KernelWorld;
let scheduler: Scheduler;

beforeAll(async () => {
  world = await KernelWorld.start(options);
  chmodSync(world.dir, 0o711);
  scheduler = await world.subscribe();
}, 120_000);
afterAll(() => world.close());

const scalar = (name: string, value: number) => ({
  name,
  type: "SCALAR" as const,
  scalar: { value },
  allocation_info: { role: "*" },
});

const anExecutor = (id: string, argv: readonly [string, ...string[]]): ExecutorInfo => ({
  type: "CUSTOM",
  executor_id: { value: id },
  // Its libraries are where only we may read.
  command: { shell: false, value: argv[0], arguments: argv, ...(isRoot ? { user: "root" } : {}) },
  resources: [scalar("cpus", 0.1), scalar("mem", 128)],
});

async function drives(executor: ExecutorInfo): Promise<void> {
  const id = executor.executor_id.value;
  const launch = (): Promise<string> => scheduler.launch(undefined, { executor });
  const first = await launch();
  const running = await scheduler.status(first, "TASK_RUNNING");
  const second = await launch();
  await scheduler.status(second, "TASK_RUNNING");
  const tell = (data: Buffer | string): Promise<void> =>
    scheduler.call("MESSAGE", {
      message: {
        agent_id: running.agent_id,
        executor_id: { value: id },
        data: Buffer.from(data).toString("base64"),
      },
    });

  const bytes = Buffer.from([0, 1, 127, 128, 255]);
  await tell(bytes);
  const back = await scheduler.until(
    "the message back",
    () => scheduler.events.find(({ message }) => message?.executor_id.value === id)?.message,
  );
  expect(Buffer.from(back.data, "base64").equals(bytes)).toBe(true);

  await scheduler.kill(first);
  expect(await scheduler.status(first, "TASK_KILLED")).toMatchObject({ source: "SOURCE_EXECUTOR" });

  const port = Number(new URL(world.agentUrl).port);
  await world.stopAgent();
  await world.startAgent({ ...options, port });
  // A message to an executor that is not back is lost: it is told when a task reaches it.
  const third = await launch();
  await scheduler.status(third, "TASK_RUNNING");
  await tell(`finish ${second}`);
  await scheduler.status(second, "TASK_FINISHED");

  await tell("die");
  expect(await scheduler.ended(third)).toMatchObject({
    state: "TASK_FAILED",
    reason: "REASON_EXECUTOR_TERMINATED",
  });
  const { failure } = await scheduler.until("the failure", () =>
    scheduler.events.find(({ failure: each }) => each?.executor_id?.value === id),
  );
  expect(failure).toMatchObject({ agent_id: running.agent_id, status: 9 });
}

describe.skipIf(goCompiler === undefined || !existsSync(goSources))("mesos-go", () => {
  let program: string;
  beforeAll(async () => {
    const folder = join(world.dir, "program");
    mkdirSync(folder, { mode: 0o755 });
    program = join(folder, "executor");
    // Master and agent are in this process: nothing may stand still while Go builds.
    await promisify(execFile)(goCompiler ?? "", ["build", "-o", program, "."], {
      cwd: join(here, "mesos-go-executor"),
      env: { ...process.env, GO111MODULE: "off", GOPATH: "/usr/share/gocode", GOFLAGS: "" },
      timeout: 300_000,
    });
  }, 300_000);

  it.each(["protobuf", "json"])(
    "an executor over %s runs, kills, talks, and outlives the agent",
    (codec) => drives(anExecutor(`go-${codec}`, [program, codec])),
    180_000,
  );
});

describe.skipIf(!existsSync(python) || !existsSync(pythonParser))("pymesos", () => {
  it("an executor runs, kills, talks, and outlives the agent", async () => {
    const script = join(world.dir, "executor.py");
    copyFileSync(join(here, "pymesos/executor.py"), script);
    await drives(anExecutor("py", [await pymesosInterpreter(), script]));
  }, 300_000);
});
