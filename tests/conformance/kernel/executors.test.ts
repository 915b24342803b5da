/** Rows 44 to 48 and 102 of the Mesos checklist: a framework's own executor, on a real master and a real agent. */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExecutorCall, ExecutorEvent, ExecutorInfo } from "#contracts/kernel/messages.gen.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";
import { executorProgram } from "./executor-program.ts";
import { scalarOf, send } from "./scheduler-client.ts";

const key = "a key of tests, long enough for nobody to guess";
let world: KernelWorld;
let scheduler: Scheduler;
let program: string;

beforeAll(async () => {
  world = await KernelWorld.start(options);
  chmodSync(world.dir, 0o711);
  program = join(world.dir, "program", "executor.mjs");
  mkdirSync(join(world.dir, "program"), { mode: 0o755 });
  writeFileSync(program, executorProgram, { mode: 0o644 });
  scheduler = await world.subscribe();
}, 120_000);
afterAll(() => world.close());

const options = {
  executorTokenKey: key,
  // A machine that is busy starts programs slowly; an executor that never comes is waited for in a world of its own.
  policy: { executorRegistrationTimeoutMs: 60_000, executorReregistrationTimeoutMs: 15_000 },
};

const scalar = (name: string, value: number) => ({
  name,
  type: "SCALAR" as const,
  scalar: { value },
  allocation_info: { role: "*" },
});

const anExecutor = (id: string, changes: Partial<ExecutorInfo> = {}): ExecutorInfo => ({
  type: "CUSTOM",
  executor_id: { value: id },
  command: { shell: true, value: `exec ${process.execPath} ${program}` },
  resources: [scalar("cpus", 0.1), scalar("mem", 64)],
  ...changes,
});

/** Launches a task at the executor; the task's id. */
/** What came free by itself may be offered by itself, and be too little for an executor and its task. */
const launchAt = (executor: ExecutorInfo): Promise<string> =>
  scheduler.launch(undefined, { executor }, ({ resources }) => scalarOf(resources, "mem") >= 256);

interface AgentState {
  readonly frameworks: readonly {
    readonly executors: readonly {
      readonly id: string;
      readonly directory: string;
      readonly container: string;
      readonly tasks: readonly { readonly id: string; readonly executor_id: string }[];
    }[];
  }[];
}

async function shown(executorId: string) {
  const state = (await world.get("/state")).json() as AgentState;
  const found = state.frameworks.flatMap(({ executors }) => executors).find(({ id }) => id === executorId);
  if (found === undefined) throw new Error(`executor ${executorId} is not in the agent's state`);
  return found;
}

type Heard = ExecutorEvent & {
  readonly subscribedWith?: { readonly tasks: number; readonly updates: number };
  readonly answered?: number;
};

/** What the executor wrote down. */
async function heardBy(directory: string): Promise<readonly Heard[]> {
  return readFileSync(join(directory, "heard"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Heard);
}

async function tell(executorId: string, data: Buffer | string): Promise<void> {
  const agent = scheduler.events.find(({ update }) => update !== undefined)?.update?.status.agent_id;
  await scheduler.call("MESSAGE", {
    message: {
      agent_id: agent,
      executor_id: { value: executorId },
      data: Buffer.from(data).toString("base64"),
    },
  });
}

const messagesOf = (executorId: string): readonly string[] =>
  scheduler.events.flatMap(({ message }) =>
    message?.executor_id.value === executorId ? [message.data] : [],
  );

function post(call: ExecutorCall, headers: Readonly<Record<string, string>> = {}) {
  return send(`${world.agentUrl}/api/v1/executor`, {
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(call),
  });
}

describe("executors", { timeout: 240_000 }, () => {
  it("mesos.md§8#45 a custom executor subscribes, runs two tasks, tells of them, and ends when it is told to", async () => {
    const executor = anExecutor("two");
    const first = await launchAt(executor);
    const status = await scheduler.status(first, "TASK_RUNNING");
    expect(status).toMatchObject({
      source: "SOURCE_EXECUTOR",
      executor_id: { value: "two" },
      data: Buffer.from([0, 255]).toString("base64"),
      container_status: { container_id: { value: (await shown("two")).container } },
    });
    const second = await launchAt(executor);
    await scheduler.status(second, "TASK_RUNNING");
    const { directory, tasks } = await shown("two");
    expect(tasks.map(({ id, executor_id }) => [id, executor_id])).toEqual([
      [first, "two"],
      [second, "two"],
    ]);
    const [subscribed] = (await heardBy(directory)).filter(({ type }) => type === "SUBSCRIBED");
    expect(subscribed?.subscribed).toMatchObject({
      executor_info: { executor_id: { value: "two" }, framework_id: { value: scheduler.frameworkId } },
      framework_info: { name: "conformance" },
      agent_info: { id: status.agent_id },
      container_id: { value: (await shown("two")).container },
    });
    const master = await send(`${world.masterUrl}/api/v1`, {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "GET_EXECUTORS" }),
    });
    expect(JSON.parse(master.text)).toMatchObject({
      get_executors: {
        executors: [{ executor_info: { executor_id: { value: "two" } }, agent_id: status.agent_id }],
      },
    });
    await tell("two", `finish ${first}`);
    await scheduler.status(first, "TASK_FINISHED");
    await scheduler.kill(second);
    await scheduler.status(second, "TASK_KILLED");
    const third = await launchAt(executor);
    await scheduler.status(third, "TASK_RUNNING");
    writeFileSync(join(directory, "running"), third);
    await scheduler.call("SHUTDOWN", {
      shutdown: { executor_id: { value: "two" }, agent_id: status.agent_id },
    });
    await scheduler.status(third, "TASK_KILLED");
    const failure = await scheduler.until("its end", () =>
      scheduler.events.find(({ failure: each }) => each?.executor_id?.value === "two"),
    );
    expect(failure.failure).toMatchObject({ agent_id: status.agent_id, status: 0 });
    expect(readFileSync(join(directory, "shutdown"), "utf8")).toBe("");
  });

  it("mesos.md§8#44 messages pass between scheduler and executor in both directions, whatever their bytes", async () => {
    await scheduler.status(await launchAt(anExecutor("talker")), "TASK_RUNNING");
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await tell("talker", bytes);
    const back = await scheduler.until("the answer", () => messagesOf("talker")[0]);
    expect(Buffer.from(back, "base64").equals(bytes)).toBe(true);
  });

  it("mesos.md§8#46 every update is acknowledged to the executor, and what was not is brought again when the agent is back", async () => {
    const task = await launchAt(anExecutor("again"));
    await scheduler.status(task, "TASK_RUNNING");
    const { directory } = await shown("again");
    const acknowledged = async (): Promise<readonly (string | undefined)[]> =>
      (await heardBy(directory))
        .map(({ acknowledged: each }) => each?.uuid)
        .filter((uuid) => uuid !== undefined);
    const uuid = scheduler.statuses(task)[0]?.uuid ?? "";
    await eventually("the acknowledgement", async () => (await acknowledged()).includes(uuid));
    // It ends while nobody listens.
    writeFileSync(join(directory, "offline"), task);
    const port = Number(new URL(world.agentUrl).port);
    await world.stopAgent();
    await world.startAgent({ ...options, port });
    const finished = await scheduler.status(task, "TASK_FINISHED");
    await eventually("its acknowledgement", async () =>
      (await acknowledged()).includes(finished.uuid ?? "none"),
    );
    const subscriptions = (await heardBy(directory)).flatMap(({ subscribedWith }) => subscribedWith ?? []);
    expect(subscriptions.slice(0, 2)).toEqual([
      { tasks: 0, updates: 0 },
      { tasks: 0, updates: 1 },
    ]);
    rmSync(join(directory, "offline"));
    expect((await shown("again")).tasks).toEqual([]);
    const next = await launchAt(anExecutor("again"));
    await scheduler.status(next, "TASK_RUNNING");
  });

  it("mesos.md§8#48 reliability.md§4#F9 an executor that is killed takes its tasks along, and the scheduler hears how it ended", async () => {
    const executor = anExecutor("mortal");
    const tasks = [await launchAt(executor), await launchAt(executor)];
    for (const task of tasks) await scheduler.status(task, "TASK_RUNNING");
    await tell("mortal", "die");
    for (const task of tasks)
      expect(await scheduler.ended(task)).toMatchObject({
        state: "TASK_FAILED",
        source: "SOURCE_AGENT",
        reason: "REASON_EXECUTOR_TERMINATED",
        uuid: expect.any(String),
      });
    const { failure } = await scheduler.until("the failure", () =>
      scheduler.events.find(({ failure: each }) => each?.executor_id?.value === "mortal"),
    );
    expect(failure?.status).toBe(9);
  });

  it("mesos.md§8#102 a token of another executor is refused, and so is none", async () => {
    await scheduler.status(await launchAt(anExecutor("proven")), "TASK_RUNNING");
    const other = anExecutor("spy", {
      command: { shell: true, value: "echo $MESOS_EXECUTOR_AUTHENTICATION_TOKEN; sleep 1000" },
    });
    await launchAt(other);
    const { directory } = await eventually("the other executor", () => shown("spy"));
    const token = await eventually("its token", async () => {
      const text = readFileSync(join(directory, "stdout"), "utf8");
      return text.endsWith("\n") ? text.trim() : undefined;
    });
    const ids = { framework_id: { value: scheduler.frameworkId } };
    const call: ExecutorCall = { ...ids, executor_id: { value: "proven" }, type: "SUBSCRIBE", subscribe: {} };
    expect((await post(call, { authorization: `Bearer ${token}` })).status).toBe(403);
    expect((await post(call)).status).toBe(401);
    expect((await post(call, { authorization: `Bearer ${token}x` })).status).toBe(401);
    const own: ExecutorCall = {
      ...ids,
      executor_id: { value: "spy" },
      type: "MESSAGE",
      message: { data: "" },
    };
    const answer = await post(own, { authorization: `Bearer ${token}` });
    expect([answer.status, answer.text]).toEqual([403, "Executor is not subscribed"]);
  });
});

describe("executors that never subscribe", { timeout: 120_000 }, () => {
  it("mesos.md§8#47 are killed after their time, and their tasks are told so", async () => {
    const small = await KernelWorld.start({ policy: { executorRegistrationTimeoutMs: 1_000 } });
    try {
      const framework = await small.subscribe();
      const executor = anExecutor("silent", { command: { shell: true, value: "exec sleep 1000" } });
      const task = await framework.launch(undefined, { executor });
      expect(await framework.ended(task)).toMatchObject({
        state: "TASK_FAILED",
        source: "SOURCE_AGENT",
        reason: "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
        message: expect.stringContaining("1 s"),
      });
    } finally {
      await small.close();
    }
  });
});
