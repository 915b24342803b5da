import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { gpuDevices } from "./gpu-devices.ts";

it("of a machine are its graphics processors those that drivers name so, and no other device", () => {
  const folder = mkdtempSync(join(tmpdir(), "keelson-dev-"));
  try {
    for (const name of ["nvidia0", "nvidiactl", "nvidia-uvm", "kfd", "null", "sda", "drive"])
      writeFileSync(join(folder, name), "");
    for (const name of ["dri", "nvidia-caps", "pts"]) mkdirSync(join(folder, name));
    const found = gpuDevices(folder).map((path) => path.slice(folder.length + 1));
    expect(found).toEqual(["dri", "kfd", "nvidia-caps", "nvidia-uvm", "nvidia0", "nvidiactl"]);
    expect(gpuDevices(join(folder, "absent"))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
