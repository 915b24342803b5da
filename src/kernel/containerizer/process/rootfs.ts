/**
 * The root filesystem of a container that runs from an image: the image below, what the container writes above it in the
 * container's own folder, both as one (overlay). The shim mounts it in a namespace of the container: it goes with the
 * container's last process, and nothing has to be unmounted.
 *
 * Source: Mesos, filesystem/linux isolator; `docker run` for containers of type DOCKER.
 */
import { existsSync } from "node:fs";
import {
  appendFile,
  chmod,
  chown,
  copyFile,
  lstat,
  mkdir,
  readFile,
  symlink,
  writeFile,
} from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { MemoryFiles, Resolver } from "#domain/launches/docker-parameters.ts";
import { type ContainerImage, type LaunchSpec, sandboxInImage, type VolumeMount } from "../driver.ts";
import { networkFileNames } from "../networks/network-files.ts";
import { procMount, shmInImage } from "./apart.ts";
import { gpuDevices } from "./gpu-devices.ts";
import { flagsOf } from "./host-mounts.ts";
import type { MountSpec, RootSpec } from "./spec-file.ts";
import { mountFlags } from "./spec-file.ts";

const { readOnly, noSuid, noDevices, noExec, recursive } = mountFlags;
const plain = noSuid | noDevices | noExec;
const devices = ["null", "zero", "full", "random", "urandom", "tty"];
/** What of the machine root in a container could change or read out, through files. */
const fixed = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"];
const hidden = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug"];
const links = [
  ["fd", "/proc/self/fd"],
  ["stdin", "/proc/self/fd/0"],
  ["stdout", "/proc/self/fd/1"],
  ["stderr", "/proc/self/fd/2"],
  ["ptmx", "pts/ptmx"],
] as const;
/** Of the machine, as long as the container has its network. */
const machineFiles = ["resolv.conf", "hosts"];

/** Writes the container's own layer, and says what the shim is to mount. `rootfs`: of the image. */
export async function prepareRoot(
  spec: LaunchSpec,
  image: ContainerImage,
  rootfs: string,
  /** Folder or file of the machine → where the container finds it, besides its sandbox. */
  more: readonly (readonly [string, string])[],
): Promise<RootSpec> {
  const dir = join(spec.runtimeDir, "root");
  const layer = { upper: join(dir, "upper"), work: join(dir, "work"), directory: join(dir, "mount") };
  await mkdir(dir, { mode: 0o700 });
  for (const each of Object.values(layer)) await mkdir(each, { mode: 0o755 });
  await fillLayer(layer.upper, rootfs, image, spec.networkFiles);
  return {
    directory: layer.directory,
    overlay: { lower: rootfs, upper: layer.upper, work: layer.work },
    mounts: [
      procMount,
      ...(image.isPrivileged === true ? privilegedMounts() : confinedMounts(spec)),
      ...devicesOf(image).map(({ source, target }) => bind(source, target)),
      ...(image.memoryFiles ?? []).map(memoryMount),
      bind(spec.sandboxDir, sandboxInImage),
      ...(spec.volumes ?? []).map((volume) =>
        // A path below the sandbox is a link there, to the same place in the container.
        bind(volume.directory, targetOf(volume), flagsOf(volume)),
      ),
      ...more.map(([source, target]) => bind(source, target)),
    ],
  };
}

function targetOf({ containerPath, directory, isHosts }: VolumeMount): string {
  if (isAbsolute(containerPath)) return containerPath;
  return isHosts === true ? join(sandboxInImage, containerPath) : directory;
}

const bind = (source: string, target: string, flags = 0): MountSpec => ({
  flags: flags | recursive,
  type: "bind",
  source,
  target,
});

/** One that is privileged has all of the machine's by their own names. */
const devicesOf = ({ devices = [], isPrivileged }: ContainerImage): NonNullable<ContainerImage["devices"]> =>
  devices.filter(({ source, target }) => isPrivileged !== true || source !== target);

const memoryMount = ({ containerPath, options, isExecutable }: MemoryFiles): MountSpec => ({
  flags: noSuid | noDevices | (isExecutable ? 0 : noExec),
  type: "tmpfs",
  source: "tmpfs",
  target: containerPath,
  data: options.join(","),
});

function confinedMounts(spec: LaunchSpec): readonly MountSpec[] {
  const present = [...devices.map((name) => `/dev/${name}`), ...(spec.hasGpus === true ? gpuDevices() : [])];
  return [
    { flags: plain | readOnly, type: "sysfs", source: "sysfs", target: "/sys" },
    ...present.map((path) => bind(path, path)),
    {
      flags: noSuid | noExec,
      type: "devpts",
      source: "devpts",
      target: "/dev/pts",
      data: "newinstance,ptmxmode=0666,mode=0620",
    },
    shmInImage(spec),
    ...fixed.filter((path) => existsSync(path)).map((path) => bind(path, path, readOnly)),
    ...hidden.filter((path) => existsSync(path)).map((path) => bind("/dev/null", path)),
  ];
}

function privilegedMounts(): readonly MountSpec[] {
  return [{ flags: plain, type: "sysfs", source: "sysfs", target: "/sys" }, bind("/dev", "/dev")];
}

/** What of files the container has before it has written any. A folder here is as the image's, but for what is in it. */
async function fillLayer(
  upper: string,
  rootfs: string,
  image: ContainerImage,
  network: LaunchSpec["networkFiles"],
): Promise<void> {
  await likeLower(upper, rootfs);
  if (image.isPrivileged !== true) {
    await mkdir(join(upper, "dev"), { mode: 0o755 });
    for (const [name, target] of links) await symlink(target, join(upper, "dev", name));
  }
  const etc = join(upper, "etc");
  await mkdir(etc, { mode: 0o755 });
  await likeLower(etc, join(rootfs, "etc"));
  const from = network?.directory ?? "/etc";
  for (const name of network === undefined ? machineFiles : networkFileNames)
    if (existsSync(join(from, name))) await copyFile(join(from, name), join(etc, name));
  if (image.hostname !== undefined) await writeFile(join(etc, "hostname"), `${image.hostname}\n`);
  const { hosts = [], resolver } = image;
  const lines = hosts.map(({ name, address }) => `${address}\t${name}\n`);
  if (lines.length > 0) await appendFile(join(etc, "hosts"), lines.join(""));
  if (resolver === undefined) return;
  const resolvers = join(etc, "resolv.conf");
  const machines = await readFile(resolvers, "utf8").catch(() => "");
  await writeFile(resolvers, resolverText(machines, resolver));
}

/** Of what is said nothing of the machine's stays. */
function resolverText(machines: string, { servers, searches, options }: Resolver): string {
  const said = [
    ...servers.map((address) => `nameserver ${address}`),
    ...(searches.length === 0 ? [] : [`search ${searches.join(" ")}`]),
    ...(options.length === 0 ? [] : [`options ${options.join(" ")}`]),
  ];
  const keywords = new Set(said.map((line) => line.split(" ")[0]));
  const kept = machines.split("\n").filter((line) => line !== "" && !keywords.has(line.split(/\s/)[0]));
  return `${[...kept, ...said].join("\n")}\n`;
}

async function likeLower(folder: string, lower: string): Promise<void> {
  const found = await lstat(lower).catch(() => undefined);
  if (found?.isDirectory() !== true) return;
  await chown(folder, found.uid, found.gid);
  await chmod(folder, found.mode & 0o7777);
}
