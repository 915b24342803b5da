/**
 * Disks that an agent has beside its own, as its resources name them: checked, and made where they may be, before it
 * offers them. Source: Mesos agent, disk sources (contract mesos.md section 5.6).
 */
import { mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Resource, ResourceDiskInfoSource } from "#contracts/kernel/messages.gen.ts";
import { errorMessage } from "#foundation/base/errors.ts";

export interface DiskChecks {
  /** Roots may be relative to it. */
  readonly workDir: string;
  /** Tasks run as others than the agent: they have to come by the root. */
  readonly canSwitchUser: boolean;
  /** Where something is mounted. */
  readonly mountPoints?: () => ReadonlySet<string>;
}

/** Throws an error that names the disk, what is wrong with it and what to do. */
export function prepareDisks(
  resources: readonly Resource[],
  { workDir, canSwitchUser, mountPoints = mountPointsHere }: DiskChecks,
): void {
  const kinds = new Map<string, string>();
  for (const { disk } of resources) {
    if (disk?.source === undefined) continue;
    const { type } = disk.source;
    const named = rootOf(disk.source);
    const root = named.startsWith("/") ? named : join(workDir, named);
    const what = `resources: the ${type} disk ${root}`;
    // Parts of one PATH disk may be reserved for several roles; a MOUNT disk is one.
    const other = kinds.get(root);
    if (other !== undefined && (type === "MOUNT" || other === "MOUNT"))
      throw new Error(`${what} is named twice; a MOUNT disk is whole, so name it once`);
    kinds.set(root, type);
    if (type === "PATH") makeFolder(root, what);
    else checkMounted(root, what, mountPoints);
    // Volumes are below it, and their tasks' users come that way.
    if (canSwitchUser && (statSync(root).mode & 0o001) === 0)
      throw new Error(`${what} can't be passed by the users of tasks; do chmod o+x ${root}`);
  }
}

function rootOf({ type, path, mount }: ResourceDiskInfoSource): string {
  if (type !== "PATH" && type !== "MOUNT")
    throw new Error(`resources: a disk's source is of type PATH or MOUNT, not ${type}`);
  const field = type === "PATH" ? "path" : "mount";
  const root = (type === "PATH" ? path : mount)?.root ?? "";
  if (root === "") throw new Error(`resources: a ${type} disk needs disk.source.${field}.root`);
  if (root.split("/").includes(".."))
    throw new Error(`resources: disk.source.${field}.root ${root} has "..": write the path plainly`);
  return root.length > 1 ? root.replace(/\/+$/, "") : root;
}

function makeFolder(root: string, what: string): void {
  try {
    mkdirSync(root, { recursive: true, mode: 0o711 });
  } catch (error) {
    throw new Error(`${what} can't be made: ${errorMessage(error)}`);
  }
}

function checkMounted(root: string, what: string, mountPoints: () => ReadonlySet<string>): void {
  let real: string;
  try {
    real = realpathSync(root);
  } catch (error) {
    throw new Error(`${what} is not there: ${errorMessage(error)}`);
  }
  if (!mountPoints().has(real))
    throw new Error(`${what} is no mount point; mount the disk there, or give the folder as a PATH disk`);
}

/** Spaces and such are octal in it. */
function mountPointsHere(): ReadonlySet<string> {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return new Set(
    lines.map((line) =>
      (line.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_all, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    ),
  );
}
