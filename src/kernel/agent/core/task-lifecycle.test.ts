import { describe, expect, it } from "vitest";
import type { ContainerExit } from "#kernel/containerizer/driver.ts";
import { AgentBench, aRunTask, kindsOf, statusUpdates } from "../testing.ts";

const partitionAware = { capabilities: [{ type: "PARTITION_AWARE" }] } as const;
const last = (bench: AgentBench) => statusUpdates(bench.effects).at(-1)?.status;

function registered(): AgentBench {
  const bench = new AgentBench();
  bench.register();
  return bench;
}

describe("the life of a command task", () => {
  it("is told as STARTING, RUNNING and FINISHED, each after the acknowledgement of the one before", () => {
    const bench = registered();
    const containerId = bench.launched();
    expect(bench.records.has(`tasks/${containerId}/spec`)).toBe(true);
    bench.send({ kind: "containerStarted", containerId, pid: 100 });
    bench.exit(containerId);
    expect(bench.acknowledgeAll()).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
    expect([...bench.records.keys()].filter((key) => /^(tasks|updates|frameworks)/.test(key))).toEqual([]);
  });

  it("carries the fields that the contract names", () => {
    const bench = registered();
    const containerId = bench.running(aRunTask(), { acknowledged: true });
    bench.exit(containerId, { kind: "exited", status: 3 });
    expect(last(bench)).toMatchObject({
      state: "TASK_FAILED",
      source: "SOURCE_EXECUTOR",
      message: "Command exited with status 3",
      agent_id: { value: "m-S0" },
      executor_id: { value: "t1" },
      container_status: {
        container_id: { value: containerId },
        network_infos: [{ ip_addresses: [{ protocol: "IPv4", ip_address: "127.0.0.1" }] }],
      },
    });
    expect(last(bench)?.uuid).toMatch(/^[A-Za-z0-9+/]{22}==$/);
  });

  const ends: { name: string; exit: ContainerExit; kill?: boolean; oom?: boolean; expected: object }[] = [
    { name: "status 0", exit: { kind: "exited", status: 0 }, expected: { state: "TASK_FINISHED" } },
    {
      name: "a signal",
      exit: { kind: "signaled", signal: 11, signalName: "SIGSEGV", core: true },
      expected: { state: "TASK_FAILED", message: "Command terminated with signal SIGSEGV (core dumped)" },
    },
    {
      name: "status 0 after a kill",
      kill: true,
      exit: { kind: "exited", status: 0 },
      expected: { state: "TASK_KILLED" },
    },
    {
      name: "too much memory",
      oom: true,
      exit: { kind: "signaled", signal: 9, signalName: "SIGKILL", core: false },
      expected: {
        state: "TASK_FAILED",
        source: "SOURCE_AGENT",
        reason: "REASON_CONTAINER_LIMITATION_MEMORY",
        limitation: { resources: [{ name: "mem", type: "SCALAR", scalar: { value: 96.5 } }] },
      },
    },
    {
      name: "nobody knows how",
      exit: { kind: "unknown" },
      expected: { state: "TASK_FAILED", source: "SOURCE_AGENT", reason: "REASON_EXECUTOR_TERMINATED" },
    },
  ];
  it.each(ends)("ends with $name as the contract says", ({ exit, kill, oom, expected }) => {
    const bench = registered();
    const containerId = bench.running();
    if (kill === true) bench.master({ kind: "killTask", frameworkId: "m-0000", taskId: "t1" });
    bench.exit(
      containerId,
      exit,
      oom === true ? { oom: { usedBytes: 96.5 * 1_048_576, limitBytes: 1 } } : {},
    );
    expect(last(bench)).toMatchObject(expected);
  });

  it("a launch that fails is TASK_FAILED, CONTAINER_LAUNCH_FAILED with the driver's words", () => {
    const bench = registered();
    const containerId = bench.launched();
    bench.send({ kind: "containerLaunchFailed", containerId, code: "fetch", message: "404" });
    expect(bench.acknowledgeAll()).toEqual(["TASK_STARTING", "TASK_FAILED"]);
  });

  it("a second runTask of a task that is here is ignored", () => {
    const bench = registered();
    bench.running();
    expect(kindsOf(bench.master(aRunTask()))).toEqual([]);
  });

  it("a field it does not support is named in TASK_FAILED", () => {
    const bench = registered();
    const docker = { image: "nginx", parameters: [{ key: "init", value: "true" }] };
    bench.master(aRunTask("t1", { task: { container: { type: "DOCKER", docker } } }));
    expect(last(bench)).toMatchObject({ state: "TASK_FAILED", reason: "REASON_CONTAINER_LAUNCH_FAILED" });
    expect(last(bench)?.message).toContain("TaskInfo.container.docker.parameters init");
  });

  it("a port or memory that another task holds is not given twice", () => {
    const bench = registered();
    bench.running(aRunTask("t1", { resources: "ports:[31000-31000]" }));
    bench.master(aRunTask("t2", { resources: "ports:[31000-31000]", framework: partitionAware }));
    expect(last(bench)).toMatchObject({ state: "TASK_DROPPED", reason: "REASON_RESOURCES_UNKNOWN" });
    bench.master(aRunTask("t3", { resources: "mem:5000" }));
    expect(last(bench)).toMatchObject({ state: "TASK_LOST" });
  });

  it.each(["..", "a/b", "", "a\u0000b"])(
    "an id that is no name of a directory (%j) never becomes a path",
    (id) => {
      const bench = registered();
      bench.master(aRunTask(id));
      expect(kindsOf(bench.effects)).not.toContain("launchContainer");
      expect(last(bench)?.state).toBe("TASK_FAILED");
    },
  );

  it("a task past max_completion_time is destroyed and FAILED with that reason", () => {
    const bench = registered();
    const containerId = bench.running(
      aRunTask("t1", { task: { max_completion_time: { nanoseconds: 5_000_000_000 } } }),
    );
    expect(kindsOf(bench.advance(4_999))).not.toContain("destroyContainer");
    expect(kindsOf(bench.advance(1))).toContain("destroyContainer");
    bench.exit(containerId, { kind: "signaled", signal: 9, signalName: "SIGKILL", core: false });
    expect(last(bench)).toMatchObject({ state: "TASK_FAILED", reason: "REASON_MAX_COMPLETION_TIME_REACHED" });
  });

  it("shutdownFramework kills its tasks and forgets what was to be told", () => {
    const bench = registered();
    const containerId = bench.running(aRunTask(), { acknowledged: false });
    expect(kindsOf(bench.master({ kind: "shutdownFramework", frameworkId: "m-0000" }))).toContain(
      "signalContainer",
    );
    expect(statusUpdates(bench.advance(60_000))).toEqual([]);
    expect(statusUpdates(bench.exit(containerId))).toEqual([]);
    expect([...bench.records.keys()].filter((key) => /^(tasks|updates|frameworks)/.test(key))).toEqual([]);
  });
});
