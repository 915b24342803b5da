/**
 * How far a pull is. The program that fetches tells nobody, but its folder grows, and the image's manifest has the sizes of
 * what comes into it. Nothing of this is kept, and a pull goes on whatever becomes of it.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ImagePull } from "../driver.ts";
import { digestIn, field } from "./documents.ts";

/** A folder is not looked through more often than this. */
const measuredEveryMs = 2_000;

export class PullProgress {
  readonly #now: () => number;
  phase: ImagePull["phase"] = "waiting";
  totalBytes: number | undefined;
  #layout: string | undefined;
  #measured: { readonly at: number; readonly bytes: Promise<number> } | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** What is fetched goes into this folder, an OCI image layout. */
  fetchInto(layout: string): void {
    this.#layout = layout;
  }

  async told(): Promise<Pick<ImagePull, "phase" | "doneBytes" | "totalBytes">> {
    const bytes = await this.#bytes();
    const { phase, totalBytes } = this;
    if (totalBytes === undefined) return { phase, doneBytes: bytes };
    // Documents beside the layers count, and layers are stored in another form than they came in at times.
    return { phase, doneBytes: phase === "unpacking" ? totalBytes : Math.min(bytes, totalBytes), totalBytes };
  }

  #bytes(): Promise<number> {
    if (this.#layout === undefined) return Promise.resolve(0);
    const now = this.#now();
    if (this.#measured === undefined || now - this.#measured.at >= measuredEveryMs)
      this.#measured = { at: now, bytes: layoutBytes(this.#layout) };
    return this.#measured.bytes;
  }
}

/** Layers that come are at its top, those that are whole below `blobs`. What isn't there has no bytes. */
async function layoutBytes(layout: string): Promise<number> {
  const folders = [layout, join(layout, "blobs", "sha256")];
  const sizes = folders.map(async (folder) => {
    const names = await readdir(folder).catch(() => []);
    const files = names.map((name) => stat(join(folder, name)).catch(() => undefined));
    return (await Promise.all(files)).map((file) => (file?.isFile() === true ? file.size : 0));
  });
  return (await Promise.all(sizes)).flat().reduce((sum, size) => sum + size, 0);
}

/** Bytes of an image by its manifest; undefined when it does not tell, as a list of several machines' images. */
export function manifestBytes(manifest: unknown): number | undefined {
  const layers = field(manifest, "layers");
  if (!Array.isArray(layers)) return undefined;
  const sizes = [field(manifest, "config"), ...layers].map((each) => field(each, "size"));
  const known = sizes.filter((size): size is number => typeof size === "number" && size >= 0);
  return known.length === sizes.length ? known.reduce((sum, size) => sum + size, 0) : undefined;
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** In a list of several machines' images the one for this machine. `arch` as Node has it. */
export function manifestFor(list: unknown, arch: string): string | undefined {
  const manifests = field(list, "manifests");
  const found = (Array.isArray(manifests) ? manifests : []).find((each) => {
    const platform = field(each, "platform");
    return field(platform, "os") === "linux" && field(platform, "architecture") === architectures[arch];
  });
  return digestIn(found);
}
