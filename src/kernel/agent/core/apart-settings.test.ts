import { describe, expect, it } from "vitest";
import type { ContainerInfo, LinuxInfo } from "#contracts/kernel/messages.gen.ts";
import { type ApartPlan, apartPlan, terminalProblem } from "./apart-settings.ts";

const linux = (linux_info: LinuxInfo): ContainerInfo => ({ type: "MESOS", linux_info });
const above = (info: LinuxInfo) => ({ containerId: "pod", container: linux(info) });
const shm9 = above({ ipc_mode: "PRIVATE", shm_size: 9 });
const gpus = (value: number) => [{ name: "gpus", type: "SCALAR" as const, scalar: { value } }];

describe("what a container has of its own", () => {
  it.each<[string, ContainerInfo | undefined, ReturnType<typeof above> | undefined, ApartPlan]>([
    ["nothing without a word", undefined, undefined, {}],
    ["nothing within an executor that has nothing", linux({}), above({}), {}],
    [
      "memory of its own, of a size",
      linux({ ipc_mode: "PRIVATE", shm_size: 5 }),
      undefined,
      { sharedMemory: { kind: "own", shmMib: 5 } },
    ],
    [
      "memory of its own within an executor's",
      linux({ ipc_mode: "PRIVATE" }),
      shm9,
      { sharedMemory: { kind: "own" } },
    ],
    [
      "the machine's, when it says so",
      linux({ ipc_mode: "SHARE_PARENT" }),
      undefined,
      { sharedMemory: { kind: "machine" } },
    ],
    [
      "the machine's, when its executor has it too",
      linux({ ipc_mode: "SHARE_PARENT" }),
      above({ ipc_mode: "SHARE_PARENT" }),
      { sharedMemory: { kind: "machine" } },
    ],
    [
      "its executor's, when it says so",
      linux({ ipc_mode: "SHARE_PARENT" }),
      shm9,
      { memoryGroup: { owner: "pod", shmMib: 9 } },
    ],
    [
      "its executor's, when it says nothing",
      undefined,
      above({ ipc_mode: "PRIVATE" }),
      { memoryGroup: { owner: "pod" } },
    ],
    ["its own processes", linux({ share_pid_namespace: false }), undefined, { hasOwnProcesses: true }],
    ["the machine's processes", linux({ share_pid_namespace: true }), undefined, {}],
    [
      "a terminal of the usual size",
      { type: "MESOS", tty_info: {} },
      undefined,
      { terminal: { rows: 24, cols: 80 } },
    ],
    [
      "a terminal of another size",
      { type: "MESOS", tty_info: { window_size: { rows: 5, columns: 7 } } },
      undefined,
      { terminal: { rows: 5, cols: 7 } },
    ],
  ])("%s", (_name, container, executor, plan) => {
    expect(apartPlan(container, [], executor)).toEqual(plan);
  });

  it("is shown the machine's graphics processors when some are its own", () => {
    expect(apartPlan(undefined, gpus(2))).toEqual({ hasGpus: true });
    expect(apartPlan(undefined, gpus(0))).toEqual({});
  });

  it.each([
    [0, 80],
    [24, 10_001],
    [24, -1],
  ])("a terminal of %d rows and %d columns is refused", (rows, columns) => {
    expect(terminalProblem({ window_size: { rows, columns } })).toContain("tty_info.window_size");
    expect(terminalProblem({ window_size: { rows: 24, columns: 80 } })).toBeUndefined();
  });
});
