import { describe, expect, it } from "vitest";
import type { LinuxInfo } from "#contracts/kernel/messages.gen.ts";
import { AgentBench, aRunTask, statusUpdates } from "../testing.ts";
import { confinement, defaultsProblem, type LinuxContext, linuxProblem } from "./linux-settings.ts";

type Names = NonNullable<LinuxInfo["effective_capabilities"]>["capabilities"];
const some = (...capabilities: NonNullable<Names>) => ({ capabilities });
const root: LinuxContext = { facts: { canSwitchUser: true, seccompDir: "/profiles" }, policy: {} };
const bounded: LinuxContext = {
  ...root,
  policy: {
    effectiveCapabilities: ["KILL"],
    boundingCapabilities: ["KILL", "NET_RAW"],
    seccompProfile: "default.json",
  },
};

describe("what a container may ask of the kernel", () => {
  it.each<[LinuxInfo, LinuxContext, object]>([
    [{}, root, {}],
    [
      { effective_capabilities: some("NET_RAW") },
      root,
      { effectiveCapabilities: ["NET_RAW"], boundingCapabilities: ["NET_RAW"] },
    ],
    [
      { capability_info: some("NET_RAW"), bounding_capabilities: some("NET_RAW", "CHOWN") },
      root,
      { effectiveCapabilities: ["NET_RAW"], boundingCapabilities: ["NET_RAW", "CHOWN"] },
    ],
    [{ bounding_capabilities: some("CHOWN") }, root, { boundingCapabilities: ["CHOWN"] }],
    [{ effective_capabilities: {} }, root, { effectiveCapabilities: [], boundingCapabilities: [] }],
    [
      {},
      bounded,
      {
        effectiveCapabilities: ["KILL"],
        boundingCapabilities: ["KILL", "NET_RAW"],
        seccompProfile: "/profiles/default.json",
      },
    ],
    [
      { effective_capabilities: some("NET_RAW"), seccomp: { profile_name: "own.json" } },
      bounded,
      {
        effectiveCapabilities: ["NET_RAW"],
        boundingCapabilities: ["KILL", "NET_RAW"],
        seccompProfile: "/profiles/own.json",
      },
    ],
    [
      { seccomp: { unconfined: true } },
      bounded,
      { effectiveCapabilities: ["KILL"], boundingCapabilities: ["KILL", "NET_RAW"] },
    ],
    [{ share_pid_namespace: true, ipc_mode: "SHARE_PARENT" }, root, {}],
  ])("%j", (linux, context, expected) => {
    expect(linuxProblem(linux, context)).toBeUndefined();
    expect(confinement(linux, context)).toEqual(expected);
  });

  const ordinary: LinuxContext = { facts: { canSwitchUser: false }, policy: {} };
  it.each<[LinuxInfo, LinuxContext, string]>([
    [{ effective_capabilities: some("KILL") }, ordinary, "does not run as root"],
    [{ effective_capabilities: some("UNKNOWN") }, root, "does not know"],
    [
      { effective_capabilities: some("KILL"), capability_info: some("KILL") },
      root,
      "capability_info: the older name",
    ],
    [
      { effective_capabilities: some("KILL"), bounding_capabilities: some("CHOWN") },
      root,
      "effective_capabilities: CHOWN at most",
    ],
    [{ effective_capabilities: some("CHOWN") }, bounded, "effective_capabilities: KILL, NET_RAW at most"],
    [
      { bounding_capabilities: some("CHOWN") },
      bounded,
      "bounding_capabilities: this agent allows KILL, NET_RAW",
    ],
    [{ seccomp: { profile_name: "a.json" } }, ordinary, "seccomp_config_dir"],
    [{ seccomp: { profile_name: "../a.json" } }, root, "no name of a file"],
    [{ seccomp: { profile_name: "a.json", unconfined: true } }, root, "seccomp: unconfined, and yet"],
    [{ ipc_mode: "PRIVATE" }, ordinary, "ipc_mode: PRIVATE needs an agent that runs as root"],
    [{ share_pid_namespace: false }, ordinary, "share_pid_namespace: false needs an agent"],
    [{ shm_size: 5 }, root, "shm_size: only with the ipc_mode PRIVATE"],
    [{ ipc_mode: "SHARE_PARENT", shm_size: 5 }, root, "shm_size: only with the ipc_mode PRIVATE"],
    [{ ipc_mode: "PRIVATE", shm_size: 0 }, root, "shm_size: 0 is none of"],
  ])("%j is refused", (linux, context, problem) => {
    expect(linuxProblem(linux, context)).toContain(problem);
  });

  it("is told of a task that asks for what cannot be, before anything of it starts", () => {
    const bench = new AgentBench();
    bench.register();
    const container = {
      type: "MESOS" as const,
      linux_info: { effective_capabilities: some("KILL") },
    };
    expect(statusUpdates(bench.master(aRunTask("t1", { task: { container } })))[0]?.status).toMatchObject({
      state: "TASK_FAILED",
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
      message: expect.stringContaining("TaskInfo.container.linux_info.effective_capabilities"),
    });
  });
});

describe("what an agent is told for every container", () => {
  it.each<[LinuxContext["policy"], LinuxContext["facts"], string | undefined]>([
    [{}, { canSwitchUser: false }, undefined],
    [bounded.policy, root.facts, undefined],
    [{ boundingCapabilities: [] }, { canSwitchUser: false }, "runs as root only"],
    [{ effectiveCapabilities: ["KILL"], boundingCapabilities: [] }, root.facts, "effective_capabilities"],
    [{ seccompProfile: "a.json" }, { canSwitchUser: true }, "seccomp_config_dir"],
  ])("%j, %j: %s", (policy, facts, problem) => {
    const found = defaultsProblem({ facts, policy });
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
  });
});
