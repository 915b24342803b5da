/** From a launch with an image to what the shim is told: the image is brought, and joined with what the launch says. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { Timings } from "#foundation/telemetry/index.ts";
import {
  type ContainerImage,
  type ImagePull,
  LaunchError,
  type LaunchSpec,
  sandboxInImage,
} from "../driver.ts";
import { type ImageConfig, programOf } from "../images/image-config.ts";
import type { ImageStore, ProvidedImage } from "../images/store.ts";
import type { Account } from "./accounts.ts";
import { ownNamespaces } from "./apart.ts";
import { capabilityNames } from "./capabilities.ts";
import { accountInImage } from "./image-user.ts";
import { prepareRoot } from "./rootfs.ts";
import { secretFilesDir } from "./secret-files.ts";
import { namespaces, type ShimSpec } from "./spec-file.ts";

/** What root in a container may, unless it is privileged. Source: Docker's default. */
const containerCapabilities = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FSETID",
  "FOWNER",
  "MKNOD",
  "NET_RAW",
  "SETGID",
  "SETUID",
  "SETFCAP",
  "SETPCAP",
  "NET_BIND_SERVICE",
  "SYS_CHROOT",
  "KILL",
  "AUDIT_WRITE",
];

/** A launch with everything that its image says, and what only the shim has to know. */
export interface ImageRun {
  readonly spec: LaunchSpec;
  readonly account: Account;
  readonly program: { readonly executable: string; readonly argv: readonly string[] };
  readonly shim: Pick<ShimSpec, "newNamespaces" | "hostname" | "workingDirectory" | "root">;
}

export class ImageRuns {
  readonly #store: ImageStore;

  constructor(store: ImageStore) {
    this.#store = store;
  }

  get pullTimes(): Timings {
    return this.#store.pullTimes;
  }

  /** Makes the runtime directory. Throws `LaunchError`. */
  async prepare(spec: LaunchSpec, image: ContainerImage, signal: AbortSignal): Promise<ImageRun> {
    const missing = missingForImages();
    if (missing !== undefined)
      throw new LaunchError("image", `Failed to run image ${image.reference}: ${missing}`);
    const provided = await this.#store.provide(spec.containerId, image, signal);
    const account = await accountOf(spec, image, provided);
    const program = programOf(spec.command, withEntrypoint(provided.config, image), image.engine);
    if (program === undefined)
      throw new LaunchError(
        "image",
        `The image ${image.reference} has no entry point, and no command was given`,
      );
    await mkdir(spec.runtimeDir, { recursive: true, mode: 0o700 });
    await writeFile(join(spec.runtimeDir, "image"), provided.digest);
    const hostname = image.hostname ?? spec.networkFiles?.hostname;
    const files = spec.secrets?.files ?? [];
    const secretsDir = secretFilesDir(spec.containerId);
    const root = await prepareRoot(spec, image, provided.rootfs, [
      ...(files.length === 0 ? [] : [[secretsDir, secretsDir] as const]),
      ...files.flatMap(({ containerPath }, index) =>
        isAbsolute(containerPath) ? [[join(secretsDir, String(index)), containerPath] as const] : [],
      ),
    ]);
    return {
      spec: {
        ...spec,
        ...(image.engine === "docker" && image.isPrivileged !== true ? confined(spec, image) : {}),
        environment: environmentOf(spec, image, provided.config, account),
      },
      account,
      program,
      shim: {
        newNamespaces: namespacesOf(spec, image) | (hostname === undefined ? 0 : namespaces.hostname),
        ...(hostname === undefined ? {} : { hostname }),
        workingDirectory: image.workingDirectory ?? provided.config.workingDirectory ?? sandboxInImage,
        root,
      },
    };
  }

  /** Of a container that was found again: its image is in use. */
  recover(containerId: string, runtimeDir: string): void {
    const file = join(runtimeDir, "image");
    if (existsSync(file)) this.#store.use(containerId, readFileSync(file, "utf8"));
  }

  release(containerId: string): void {
    this.#store.release(containerId);
  }

  pulls(): Promise<readonly ImagePull[]> {
    return this.#store.pulls();
  }

  prune(excluded: readonly string[]): Promise<void> {
    return this.#store.prune(excluded);
  }
}

/** What stands in the way of running images on this machine, as a sentence. */
export function missingForImages(): string | undefined {
  if (process.getuid?.() !== 0) return "an agent that does not run as root can't run images";
  const places = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  const absent = ["skopeo", "umoci"].filter((tool) => !places.some((place) => existsSync(join(place, tool))));
  return absent.length === 0
    ? undefined
    : `images need ${absent.join(" and ")} on the agent's machine (apt-get install ${absent.join(" ")})`;
}

async function accountOf(
  { user }: LaunchSpec,
  { engine, reference }: ContainerImage,
  { config, rootfs }: ProvidedImage,
): Promise<Account> {
  const wanted = user ?? config.user ?? (engine === "docker" ? "0" : "nobody");
  const account = await accountInImage(wanted, rootfs);
  // Outside of a container's bounds only who was named is root.
  const isTooMighty = account?.uid === 0 && user === undefined && engine === "mesos";
  const settled = isTooMighty ? await accountInImage("nobody", rootfs) : account;
  if (settled !== undefined) return settled;
  throw new LaunchError(
    "user",
    `user: there is no account ${wanted} in the image ${reference} or on this machine`,
  );
}

const withEntrypoint = (config: ImageConfig, { entrypoint }: ContainerImage): ImageConfig =>
  entrypoint === undefined ? config : { ...config, entrypoint, cmd: [] };

function confined(
  { boundingCapabilities, effectiveCapabilities }: LaunchSpec,
  { addedCapabilities: added = [], droppedCapabilities: dropped = [] }: ContainerImage,
): Partial<LaunchSpec> {
  const bound: readonly string[] = boundingCapabilities ?? capabilityNames;
  const isHeld = (name: string): boolean =>
    added.includes(name) ||
    (!dropped.includes(name) &&
      (added.includes("ALL") || (containerCapabilities.includes(name) && !dropped.includes("ALL"))));
  const most = bound.filter(isHeld);
  return {
    boundingCapabilities: most,
    ...(effectiveCapabilities === undefined
      ? {}
      : { effectiveCapabilities: effectiveCapabilities.filter((name) => most.includes(name)) }),
  };
}

/** The image's below what the launch says. */
function environmentOf(
  spec: LaunchSpec,
  image: ContainerImage,
  config: ImageConfig,
  account: Account,
): Readonly<Record<string, string>> {
  const hostname = image.hostname ?? spec.networkFiles?.hostname;
  const docker =
    image.engine === "docker"
      ? { HOME: account.home, ...(hostname === undefined ? {} : { HOSTNAME: hostname }) }
      : {};
  return { ...docker, ...config.environment, ...spec.environment };
}

function namespacesOf(spec: LaunchSpec, image: ContainerImage): number {
  const own = namespaces.mounts | ownNamespaces(spec);
  if (image.engine !== "docker") return own;
  const ipc = spec.sharedMemory === undefined ? namespaces.ipc : 0;
  const processes = image.sharesProcesses === true ? 0 : namespaces.processes;
  return own | ipc | processes | (image.sharesHostname === true ? 0 : namespaces.hostname);
}
