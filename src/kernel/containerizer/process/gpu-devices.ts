/** The machine's graphics processors, as its drivers put them below /dev. Source: Mesos, gpu/nvidia isolator (ADR 0178). */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Of NVIDIA's driver, `nvidia0`, `nvidiactl`, `nvidia-uvm`, `nvidia-caps`; of others, `dri` and `kfd`. */
const gpuName = /^(nvidia.*|dri|kfd|dxg)$/;

/** Files and folders there, in order of their names. Absolute. Empty on a machine without. */
export function gpuDevices(folder = "/dev"): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => gpuName.test(name))
    .sort()
    .map((name) => join(folder, name));
}
