import { describe, expect, it } from "vitest";
import { containerOf } from "./containers.ts";

describe("the container of a task", () => {
  it("is there for a terminal or a setting of the kernel too, without an image and with one", () => {
    expect(containerOf(undefined, [])).toBeUndefined();
    expect(containerOf(undefined, [], { tty: true })).toEqual({ type: "MESOS", tty_info: {} });
    const linuxInfo = {
      seccomp: { profileName: "own.json", unconfined: false },
      ipcInfo: { mode: "PRIVATE", shmSize: 32 },
    } as const;
    const settings = { seccomp: { profile_name: "own.json" }, ipc_mode: "PRIVATE", shm_size: 32 };
    expect(containerOf(undefined, [], { linuxInfo })).toEqual({ type: "MESOS", linux_info: settings });
    const image = { engine: "MESOS", name: "web", forcesPull: false } as const;
    expect(containerOf(image, [], { linuxInfo, tty: true })).toMatchObject({
      mesos: {},
      linux_info: settings,
      tty_info: {},
    });
    expect(containerOf(undefined, [], { linuxInfo: { seccomp: { unconfined: true } } })).toEqual({
      type: "MESOS",
      linux_info: { seccomp: { unconfined: true } },
    });
  });
});
