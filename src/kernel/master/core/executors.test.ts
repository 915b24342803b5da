import { describe, expect, it } from "vitest";
import type { ExecutorInfo, FrameworkInfo, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster } from "#contracts/link/messages.ts";
import { aTask, MasterBench, wireResources } from "../testing.ts";

const anExecutor = (changes: Partial<ExecutorInfo> = {}): ExecutorInfo => ({
  executor_id: { value: "e" },
  command: { value: "./executor" },
  resources: wireResources("cpus:1;mem:128"),
  ...changes,
});

function taskAt(id: string, agentId: string, executor: ExecutorInfo = anExecutor()): TaskInfo {
  const { command: _command, ...task } = aTask(id, agentId);
  return { ...task, executor };
}

interface Started {
  readonly bench: MasterBench;
  readonly agentId: string;
  readonly id: string;
  readonly say: (message: AgentToMaster) => void;
}

/** One agent, one framework, one task on an executor. */
function running(info: Partial<FrameworkInfo> = {}): Started {
  const bench = new MasterBench();
  const agentId = bench.agent("link");
  const id = bench.framework("stream", info);
  bench.launch(id, "stream", [taskAt("t", agentId)], 0);
  bench.pass(2_000);
  const say = (message: AgentToMaster): void => {
    bench.do({ kind: "agentSaid", connection: "link", message });
    expect(bench.core.check()).toEqual([]);
  };
  return { bench, agentId, id, say };
}

const runs = (bench: MasterBench) =>
  bench.toAgent("link").flatMap((message) => (message.kind === "runTask" ? [message] : []));
const freeOn = (bench: MasterBench, agentId: string) =>
  String(bench.core.state.allocator.availableOn(agentId));
const statuses = (bench: MasterBench) =>
  bench.events("stream").flatMap(({ update }) => (update === undefined ? [] : [update.status]));

describe("an executor of a framework", () => {
  it("is charged once, and named to its agent with what it was allocated", () => {
    const { bench, agentId, id } = running();
    const [first] = runs(bench);
    expect(first).toMatchObject({
      startsExecutor: true,
      task: {
        executor: {
          type: "CUSTOM",
          framework_id: { value: id },
          resources: [{ name: "cpus", allocation_info: { role: "*" } }, { name: "mem" }],
        },
      },
    });
    const before = freeOn(bench, agentId);
    bench.launch(id, "stream", [taskAt("u", agentId)]);
    expect(runs(bench).at(-1)).toMatchObject({ startsExecutor: false, task: { task_id: { value: "u" } } });
    expect(bench.core.check()).toEqual([]);
    expect(freeOn(bench, agentId)).not.toBe(before);
    expect(bench.core.state.agents.get(agentId)?.executors.size).toBe(1);
  });

  it("that ends gives its share back, and its scheduler hears how", () => {
    const { bench, agentId, id, say } = running();
    say({ kind: "executorExited", frameworkId: id, executorId: "e", status: 9 });
    expect(bench.events("stream").find(({ type }) => type === "FAILURE")).toEqual({
      type: "FAILURE",
      failure: { agent_id: { value: agentId }, executor_id: { value: "e" }, status: 9 },
    });
    expect(bench.core.state.agents.get(agentId)?.executors.size).toBe(0);
    const [freed] = bench.offers("stream").slice(-1);
    expect(freed?.resources?.map(({ name, scalar }) => [name, scalar?.value])).toEqual([
      ["cpus", 1],
      ["mem", 128],
    ]);
    say({ kind: "executorExited", frameworkId: id, executorId: "e", status: 9 });
    expect(bench.events("stream").filter(({ type }) => type === "FAILURE")).toHaveLength(1);
  });

  it("talks with its scheduler, and is shut down by it", () => {
    const { bench, agentId, id, say } = running();
    say({ kind: "executorMessage", frameworkId: id, executorId: "e", data: "AAE=" });
    expect(bench.events("stream").at(-1)).toEqual({
      type: "MESSAGE",
      message: { agent_id: { value: agentId }, executor_id: { value: "e" }, data: "AAE=" },
    });
    const to = { agent_id: { value: agentId }, executor_id: { value: "e" } };
    bench.do({
      kind: "schedulerCalled",
      frameworkId: id,
      call: { type: "MESSAGE", message: { ...to, data: "/w==" } },
    });
    bench.do({ kind: "schedulerCalled", frameworkId: id, call: { type: "SHUTDOWN", shutdown: to } });
    expect(bench.toAgent("link").slice(-2)).toEqual([
      { kind: "frameworkMessage", frameworkId: id, executorId: "e", data: "/w==" },
      { kind: "shutdownExecutor", frameworkId: id, executorId: "e" },
    ]);
  });

  const unfit: { name: string; executor: ExecutorInfo; says: string }[] = [
    { name: "without a command", executor: { executor_id: { value: "x" } }, says: "executor.command" },
    { name: "of type DEFAULT", executor: anExecutor({ type: "DEFAULT" }), says: "executor.type" },
    {
      name: "with an id that is a path",
      executor: anExecutor({ executor_id: { value: "a/b" } }),
      says: "executor.executor_id",
    },
    {
      name: "of another framework",
      executor: anExecutor({ framework_id: { value: "other" } }),
      says: "executor.framework_id",
    },
    {
      name: "that runs and is another now",
      executor: anExecutor({ name: "new" }),
      says: "another ExecutorInfo",
    },
    {
      name: "larger than the offer",
      executor: anExecutor({ executor_id: { value: "x" }, resources: wireResources("cpus:64") }),
      says: "the executor wants",
    },
  ];
  it.each(unfit)("$name is refused with the field", ({ executor, says }) => {
    const { bench, agentId, id } = running();
    bench.launch(id, "stream", [taskAt("u", agentId, executor)]);
    expect(statuses(bench).at(-1)).toMatchObject({
      state: "TASK_ERROR",
      reason: "REASON_TASK_INVALID",
      message: expect.stringContaining(says),
    });
    expect(bench.core.check()).toEqual([]);
  });

  it("ends with its framework", () => {
    const { bench, agentId, id } = running();
    bench.do({ kind: "teardownAsked", request: 1, frameworkId: id });
    expect(bench.core.check()).toEqual([]);
    expect(bench.core.state.agents.get(agentId)?.executors.size).toBe(0);
    expect(freeOn(bench, agentId)).toContain("cpus:4");
  });

  it("does not outlive a broken link when its framework keeps no checkpoints", () => {
    const { bench, agentId } = running({ checkpoint: false });
    bench.do({ kind: "agentDisconnected", connection: "link" });
    expect(bench.core.check()).toEqual([]);
    expect(bench.core.state.agents.get(agentId)?.executors.size).toBe(0);
  });

  it("outlives it otherwise, and is what its agent lists when that comes back", () => {
    const { bench, agentId, id } = running();
    bench.do({ kind: "agentDisconnected", connection: "link" });
    expect(bench.core.state.agents.get(agentId)?.executors.size).toBe(1);
    const listed = { ...anExecutor({ executor_id: { value: "f" } }), framework_id: { value: id } };
    bench.reregister("again", agentId, [], [], undefined, [], undefined, [listed]);
    expect(bench.core.check()).toEqual([]);
    expect(
      [...(bench.core.state.frameworks.get(id)?.executors ?? [])].map(({ info }) => info.executor_id.value),
    ).toEqual(["f"]);
  });

  it("is counted by a new master when its agent comes", () => {
    const { agentId, id } = running();
    const bench = new MasterBench();
    const listed = { ...anExecutor(), framework_id: { value: id } };
    const framework = { user: "u", name: "s", id: { value: id } };
    bench.reregister("link", agentId, [], [framework], undefined, [], undefined, [listed]);
    expect(bench.core.check()).toEqual([]);
    expect(freeOn(bench, agentId)).toContain("cpus:3");
  });
});
