/**
 * Images on this machine: each unpacked once, under the digest of its manifest, and shared by the containers that run from
 * it. A name is asked for at its registry once, or each time where the task says so.
 *
 * Source: Mesos containerizer, image provisioner; agent call PRUNE_IMAGES.
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Timings } from "#foundation/telemetry/index.ts";
import { type ContainerImage, type ImagePull, LaunchError } from "../driver.ts";
import type { ImageConfig } from "./image-config.ts";
import { PullProgress } from "./pull-progress.ts";
import { type ImageReference, parseReference } from "./reference.ts";
import {
  askManifest,
  type Pull,
  pullImage,
  readSettled,
  settleImage,
  type UnpackedImage,
} from "./registry.ts";

export interface ImageStoreOptions {
  /** Everything of the store. Absolute. */
  readonly dir: string;
  readonly registry?: string;
  /** Docker's config.json with the credentials of registries, for images that bring none. */
  readonly credentials?: string;
}

export interface ProvidedImage extends UnpackedImage {
  /** Nobody writes to it. */
  readonly rootfs: string;
}

interface Named {
  readonly digest: string;
  /** Of what the registry had under the name. */
  readonly asked: string;
}

interface RunningPull {
  readonly image: string;
  readonly done: Promise<Named>;
  readonly ending: AbortController;
  readonly progress: PullProgress;
  /** Containers that wait for it. */
  readonly containers: Set<string>;
}

/** Pulls at the same time; others wait. */
const pullsMax = 3;
/** Names remembered; of one that was forgotten the registry is asked again. */
const namesMax = 10_000;

export class ImageStore {
  readonly #options: ImageStoreOptions;
  /** By name and credentials: who can't fetch an image doesn't get it either. */
  readonly #names = new Map<string, Named>();
  /** Pulls that succeeded, from their turn to the image being there. */
  readonly pullTimes = new Timings();
  readonly #pulls = new Map<string, RunningPull>();
  /** By container. */
  readonly #used = new Map<string, string>();
  readonly #line: (() => void)[] = [];
  #pulling = 0;
  #ready: Promise<void> | undefined;

  constructor(options: ImageStoreOptions) {
    this.#options = options;
  }

  /** The image stays until `release`. Throws `LaunchError`. */
  async provide(containerId: string, image: ContainerImage, signal: AbortSignal): Promise<ProvidedImage> {
    await this.#opened();
    let reference: ImageReference;
    try {
      reference = parseReference(image.reference, this.#options.registry);
    } catch (error) {
      throw new LaunchError("image", messageOf(error));
    }
    const credentials = image.credentials ?? this.#options.credentials;
    const key = `${reference.canonical} ${createHash("sha256")
      .update(credentials ?? "")
      .digest("hex")}`;
    for (;;) {
      const known = this.#names.get(key);
      const isThere = known !== undefined && existsSync(this.#place(known.digest));
      const named =
        isThere && image.isCached
          ? known
          : await this.#joinPull(key, { containerId, reference, credentials, signal, image });
      // What is in use is not pruned; nothing may come between looking and using.
      if (!existsSync(this.#place(named.digest))) continue;
      this.#used.set(containerId, named.digest);
      const place = this.#place(named.digest);
      const config: ImageConfig = await readSettled(place);
      return { digest: named.digest, config, rootfs: join(place, "rootfs") };
    }
  }

  /** Of a container that was found again. */
  use(containerId: string, digest: string): void {
    this.#used.set(containerId, digest);
  }

  release(containerId: string): void {
    this.#used.delete(containerId);
  }

  /** Removes what no container runs from. `excluded`: names of images to keep. */
  async prune(excluded: readonly string[]): Promise<void> {
    await this.#opened();
    const kept = excluded.map((text) => `${parseReference(text, this.#options.registry).canonical} `);
    const isKept = (key: string): boolean => kept.some((prefix) => key.startsWith(prefix));
    const named = new Set([...this.#names].flatMap(([key, { digest }]) => (isKept(key) ? [digest] : [])));
    for (const digest of await readdir(this.#dir("unpacked"))) {
      if (named.has(digest) || [...this.#used.values()].includes(digest)) continue;
      for (const [key, name] of this.#names) if (name.digest === digest) this.#names.delete(key);
      const doomed = this.#dir("pulls", randomUUID());
      // At once: a launch that finds it after this pulls it again.
      renameSync(this.#place(digest), doomed);
      await rm(doomed, { recursive: true, force: true });
    }
    await this.#keepNames();
  }

  /** Those under way, and how far they are. */
  pulls(): Promise<readonly ImagePull[]> {
    return Promise.all(
      [...this.#pulls.values()].map(async ({ image, containers, progress }) => ({
        containerIds: [...containers],
        image,
        ...(await progress.told()),
      })),
    );
  }

  /** One pull serves all who wait for the same; it ends when nobody waits any more. */
  async #joinPull(
    key: string,
    {
      containerId,
      reference,
      credentials,
      signal,
      image,
    }: Omit<Pull, "dir" | "progress"> & { readonly containerId: string; readonly image: ContainerImage },
  ): Promise<Named> {
    let pull = this.#pulls.get(key);
    if (pull === undefined) {
      const ending = new AbortController();
      const progress = new PullProgress();
      const done = this.#pull(key, { reference, credentials, signal: ending.signal, progress }).finally(() =>
        this.#pulls.delete(key),
      );
      done.catch(() => undefined);
      pull = { image: image.reference, done, ending, progress, containers: new Set() };
      this.#pulls.set(key, pull);
    }
    const { done, ending, containers } = pull;
    containers.add(containerId);
    const left = Promise.withResolvers<never>();
    const leave = (): void =>
      left.reject(new LaunchError("destroyed", "Container was destroyed while its image was pulled"));
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    try {
      return await Promise.race([done, left.promise]);
    } catch (error) {
      throw error instanceof LaunchError
        ? error
        : new LaunchError("image", `Failed to pull image ${image.reference}: ${messageOf(error)}`);
    } finally {
      signal.removeEventListener("abort", leave);
      containers.delete(containerId);
      if (containers.size === 0) ending.abort();
    }
  }

  async #pull(key: string, request: Omit<Pull, "dir">): Promise<Named> {
    await this.#turn();
    request.progress.phase = "fetching";
    const dir = this.#dir("pulls", randomUUID());
    try {
      await mkdir(dir, { mode: 0o700 });
      const pull: Pull = { ...request, dir };
      const started = performance.now();
      const manifest = await askManifest(pull);
      const asked = manifest.digest;
      const known = this.#names.get(key);
      if (known?.asked === asked && existsSync(this.#place(known.digest))) return known;
      const { digest, config } = await pullImage(pull, manifest, (found) => existsSync(this.#place(found)));
      const place = this.#place(digest);
      // Under another name it may have come meanwhile.
      if (!existsSync(place))
        await settleImage(dir, place, config).catch((error: unknown) => {
          if (!existsSync(place)) throw error;
        });
      this.pullTimes.add(performance.now() - started);
      const named: Named = { digest, asked };
      this.#names.delete(key);
      this.#names.set(key, named);
      for (const oldest of this.#names.keys()) {
        if (this.#names.size <= namesMax) break;
        this.#names.delete(oldest);
      }
      await this.#keepNames();
      return named;
    } finally {
      this.#pulling -= 1;
      this.#line.shift()?.();
      await rm(dir, { recursive: true, force: true });
    }
  }

  async #turn(): Promise<void> {
    while (this.#pulling >= pullsMax) await new Promise<void>((resolve) => this.#line.push(resolve));
    this.#pulling += 1;
  }

  #opened(): Promise<void> {
    this.#ready ??= this.#open();
    return this.#ready;
  }

  /** Pulls that were cut off by the agent's end are nobody's. */
  async #open(): Promise<void> {
    await mkdir(this.#options.dir, { recursive: true, mode: 0o711 });
    await rm(this.#dir("pulls"), { recursive: true, force: true });
    await mkdir(this.#dir("pulls"), { mode: 0o711 });
    await mkdir(this.#dir("unpacked"), { recursive: true, mode: 0o700 });
    const text = await readFile(this.#dir("names.json"), "utf8").catch(() => "{}");
    // Written by `#keepNames` alone.
    const names = JSON.parse(text) as Record<string, Named>;
    for (const [key, named] of Object.entries(names))
      if (existsSync(this.#place(named.digest))) this.#names.set(key, named);
  }

  async #keepNames(): Promise<void> {
    const path = this.#dir("names.json");
    const part = `${path}.${randomUUID()}`;
    await writeFile(part, JSON.stringify(Object.fromEntries(this.#names)), { mode: 0o600 });
    await rename(part, path);
  }

  #dir(...names: readonly string[]): string {
    return join(this.#options.dir, ...names);
  }

  #place(digest: string): string {
    return this.#dir("unpacked", digest);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
