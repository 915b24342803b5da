import { describe, expect, it } from "vitest";
import type { ExecutorInfo, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import { Resources } from "#domain/resources/index.ts";
import { aTask, MasterBench, wireResources } from "../testing.ts";

const anExecutor = (changes: Partial<ExecutorInfo> = {}): ExecutorInfo => ({
  type: "DEFAULT",
  executor_id: { value: "pod" },
  resources: wireResources("cpus:0.1;mem:32;disk:10"),
  ...changes,
});

const room = "cpus:4;mem:4096;disk:1000;ports:[31000-31009]";

function started(): { bench: MasterBench; agentId: string; id: string } {
  const bench = new MasterBench();
  const agentId = bench.agent("link", room);
  const id = bench.framework("stream");
  return { bench, agentId, id };
}

function launch(
  { bench, id }: { bench: MasterBench; id: string },
  tasks: readonly TaskInfo[],
  executor: ExecutorInfo = anExecutor(),
): void {
  bench.accept(id, "stream", [{ type: "LAUNCH_GROUP", launch_group: { executor, task_group: { tasks } } }]);
  expect(bench.core.check()).toEqual([]);
}

const groups = (bench: MasterBench) =>
  bench.toAgent("link").flatMap((message) => (message.kind === "runGroup" ? [message] : []));

describe("LAUNCH_GROUP", () => {
  it("goes to the agent as one message, and executor and tasks are charged", () => {
    const world = started();
    const { bench, agentId, id } = world;
    launch(world, [aTask("a", agentId), aTask("b", agentId)]);
    expect(groups(bench)).toMatchObject([
      {
        executor: { type: "DEFAULT", framework_id: { value: id }, resources: [{ name: "cpus" }, {}, {}] },
        tasks: [{ task: { task_id: { value: "a" } } }, { task: { task_id: { value: "b" } } }],
        startsExecutor: true,
      },
    ]);
    expect(groups(bench)[0]?.tasks[0]?.task).not.toHaveProperty("executor");
    expect(
      [...(bench.core.state.frameworks.get(id)?.tasks.values() ?? [])].map(({ state }) => state),
    ).toEqual(["TASK_STAGING", "TASK_STAGING"]);
    expect(bench.updates("stream")).toEqual([]);
    expect(bench.core.state.agents.get(agentId)?.executors.size).toBe(1);
  });

  it("of an executor that runs already charges the tasks alone", () => {
    const world = started();
    const { bench, agentId } = world;
    launch(world, [aTask("a", agentId)]);
    bench.pass(2_000);
    launch(world, [aTask("b", agentId)]);
    expect(groups(bench).map(({ startsExecutor }) => startsExecutor)).toEqual([true, false]);
    expect(bench.core.state.agents.get(agentId)?.executors.size).toBe(1);
  });

  it("keeps what its executor's tasks say of their cgroups, and then they may have limits", () => {
    const world = started();
    const { bench, agentId, id } = world;
    launch(world, [aTask("a", agentId, { ...alone, limits: { mem: { value: 512 } } })]);
    bench.pass(2_000);
    launch(world, [aTask("b", agentId)]);
    expect(bench.updates("stream")).toMatchObject([
      { task_id: { value: "b" }, message: expect.stringContaining("share_cgroups") },
    ]);
    bench.pass(2_000);
    launch(world, [aTask("c", agentId, alone)]);
    expect([...(bench.core.state.frameworks.get(id)?.tasks.keys() ?? [])]).toEqual(["a", "c"]);
  });

  it.each(["LAUNCH", "LAUNCH_GROUP"] as const)("with an id of its own a %s starts nothing", (type) => {
    const { bench, agentId, id } = started();
    const tasks = [aTask("a", agentId), aTask("b", agentId)];
    bench.accept(id, "stream", [
      {
        type,
        id: { value: "feedback" },
        ...(type === "LAUNCH"
          ? { launch: { task_infos: tasks } }
          : { launch_group: { executor: anExecutor(), task_group: { tasks } } }),
      },
    ]);
    const reason = type === "LAUNCH" ? "REASON_TASK_INVALID" : "REASON_TASK_GROUP_INVALID";
    expect(bench.updates("stream")).toMatchObject([
      { task_id: { value: "a" }, state: "TASK_ERROR", reason },
      { task_id: { value: "b" }, state: "TASK_ERROR", reason },
    ]);
    expect(bench.core.state.frameworks.get(id)?.tasks.size).toBe(0);
    expect(bench.core.check()).toEqual([]);
  });

  it("gives all back when its tasks and its executor are over", () => {
    const world = started();
    const { bench, agentId, id } = world;
    launch(world, [aTask("a", agentId)]);
    bench.update("link", id, "a", "TASK_FINISHED", "dXVpZA==");
    bench.do({
      kind: "agentSaid",
      connection: "link",
      message: { kind: "executorExited", frameworkId: id, executorId: "pod", status: 0 },
    });
    expect(bench.core.check()).toEqual([]);
    bench.pass(2_000);
    expect(bench.core.state.agents.get(agentId)?.executors.size).toBe(0);
    const { allocator, offers } = bench.core.state;
    const offered = [...offers.values()].map(({ resources }) => resources);
    const all = Resources.sum([...offered, allocator.availableOn(agentId) ?? Resources.empty]);
    expect([all.scalarMillis("cpus"), all.scalarMillis("mem"), all.scalarMillis("disk")]).toEqual([
      4_000, 4_096_000, 1_000_000,
    ]);
  });

  const alone = { container: { type: "MESOS" as const, linux_info: { share_cgroups: false } } };
  const aCommand = { command: { value: "./x" } };
  const unfit: {
    name: string;
    tasks?: (agentId: string) => TaskInfo[];
    executor?: ExecutorInfo;
    says: string;
  }[] = [
    {
      name: "with two tasks of one id",
      tasks: (agentId) => [aTask("a", agentId), aTask("a", agentId)],
      says: "two tasks a",
    },
    {
      name: "with a limit on a task that shares its executor's cgroup",
      tasks: (agentId) => [aTask("a", agentId), aTask("b", agentId, { limits: { mem: { value: 512 } } })],
      says: "share_cgroups is false",
    },
    {
      name: "of which some share their executor's cgroup",
      tasks: (agentId) => [aTask("a", agentId, alone), aTask("b", agentId)],
      says: "all tasks of one executor say the same",
    },
    {
      name: "with a task that wants too much",
      tasks: (agentId) => [
        aTask("a", agentId),
        { ...aTask("b", agentId), resources: wireResources("cpus:64") },
      ],
      says: "task b of the group",
    },
    {
      name: "with a task of a Docker container",
      tasks: (agentId) => [aTask("a", agentId), { ...aTask("b", agentId), container: { type: "DOCKER" } }],
      says: "Docker",
    },
    {
      name: "with a task that names another executor",
      tasks: (agentId) => [{ ...aTask("a", agentId), executor: anExecutor({ name: "other" }) }],
      says: "executor:",
    },
    {
      name: "with a task that nothing runs",
      tasks: (agentId) => [{ ...aTask("a", agentId), command: undefined } as unknown as TaskInfo],
      says: "command:",
    },
    {
      name: "with an HTTP check of a task in a network of its own",
      tasks: (agentId) => [
        {
          ...aTask("a", agentId),
          container: { type: "MESOS", network_infos: [{ name: "net" }] },
          health_check: { type: "HTTP", http: { port: 80, path: "/" } },
        },
      ],
      says: "health_check",
    },
    { name: "whose executor has a command", executor: anExecutor(aCommand), says: "executor.command" },
    {
      name: "whose executor has no type",
      executor: { ...anExecutor(), type: "UNKNOWN" },
      says: "executor.type",
    },
    {
      name: "whose custom executor has no command",
      executor: anExecutor({ type: "CUSTOM" }),
      says: "executor.command",
    },
    {
      name: "whose executor has too little memory",
      executor: anExecutor({ resources: wireResources("cpus:0.1;mem:31;disk:1") }),
      says: "mem is 31",
    },
    {
      name: "whose executor has too little CPU",
      executor: anExecutor({ resources: wireResources("cpus:0.001;mem:32;disk:1") }),
      says: "cpus",
    },
    {
      name: "whose executor has no disk",
      executor: anExecutor({ resources: wireResources("cpus:0.1;mem:32") }),
      says: "disk is missing",
    },
    {
      name: "whose executor has an image",
      executor: anExecutor({
        container: { type: "MESOS", mesos: { image: { type: "DOCKER", docker: { name: "x" } } } },
      }),
      says: "container.mesos.image",
    },
    {
      name: "whose executor is a Docker container",
      executor: anExecutor({ container: { type: "DOCKER" } }),
      says: "container.type",
    },
  ];
  it.each(unfit)(
    "$name is refused whole: every task is told, nothing is charged",
    ({ tasks, executor, says }) => {
      const world = started();
      const { bench, agentId, id } = world;
      const wanted = tasks?.(agentId) ?? [aTask("a", agentId), aTask("b", agentId)];
      launch(world, wanted, executor);
      expect(bench.updates("stream")).toHaveLength(wanted.length);
      for (const status of bench.updates("stream")) {
        expect(status).toMatchObject({
          state: "TASK_ERROR",
          reason: "REASON_TASK_GROUP_INVALID",
          message: expect.stringContaining(says),
        });
      }
      expect(groups(bench)).toEqual([]);
      expect(bench.core.state.frameworks.get(id)?.tasks.size).toBe(0);
      expect(bench.core.state.agents.get(agentId)?.executors.size).toBe(0);
    },
  );

  it("of a user who may not run here is refused as unauthorized", () => {
    const bench = new MasterBench({ rootSubmissions: false });
    const agentId = bench.agent("link", room);
    const id = bench.framework("stream");
    launch({ bench, id }, [
      aTask("a", agentId),
      { ...aTask("b", agentId), command: { value: "id", user: "root" } },
    ]);
    expect(bench.updates("stream").map(({ reason }) => reason)).toEqual([
      "REASON_TASK_GROUP_UNAUTHORIZED",
      "REASON_TASK_GROUP_UNAUTHORIZED",
    ]);
  });
});
