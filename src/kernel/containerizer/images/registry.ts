/**
 * Brings images from registries and unpacks them: skopeo fetches, as an account that owns nothing; umoci unpacks, as root,
 * since files of an image are of several owners. Both are of the machine's distribution.
 */
import { createHash } from "node:crypto";
import { chown, mkdir, open, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestIn, field } from "./documents.ts";
import { type ImageConfig, readImageConfig } from "./image-config.ts";
import { manifestBytes, manifestFor, type PullProgress } from "./pull-progress.ts";
import type { ImageReference } from "./reference.ts";
import { runTool } from "./tool.ts";

export interface Pull {
  readonly reference: ImageReference;
  /** Docker's config.json, with credentials of registries. */
  readonly credentials: string | undefined;
  /** Empty, and nobody else's; everything of the pull is in it. */
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly progress: PullProgress;
}

export interface UnpackedImage {
  /** Of its manifest for this machine: hexadecimal. */
  readonly digest: string;
  readonly config: ImageConfig;
}

/** Whatever an image's size is, a registry that is this slow is as good as gone. */
const pullTimeoutMs = 1_200_000;
const askTimeoutMs = 60_000;
/** No account of a machine has this number, and no task is let run with it by a name. */
const fetcherId = 2_147_000_001;
const documentBytesMax = 4_194_304;
/** What a proxy or a private authority needs of the agent's own environment. */
const passed = [
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What the registry has under the name now. */
export interface AskedManifest {
  /** Hexadecimal. */
  readonly digest: string;
  readonly text: string;
}

/** The first of a pull: credentials are put where later questions find them. */
export async function askManifest(pull: Pull): Promise<AskedManifest> {
  const { dir, credentials } = pull;
  const file = join(dir, "auth.json");
  await writeFile(file, credentials ?? "{}", { mode: 0o600 });
  for (const path of [dir, file]) await chown(path, fetcherId, fetcherId);
  const text = await inspect(pull, address(pull));
  return { digest: createHash("sha256").update(text).digest("hex"), text };
}

/** Into `dir/rootfs`, unless `isKnown` says that this image is there already. */
export async function pullImage(
  pull: Pull,
  { text }: AskedManifest,
  isKnown: (digest: string) => boolean,
): Promise<UnpackedImage> {
  const layout = join(pull.dir, "layout");
  pull.progress.fetchInto(layout);
  const fetched = new AbortController();
  const sized = tellSize({ ...pull, signal: AbortSignal.any([pull.signal, fetched.signal]) }, text);
  try {
    await copy(pull, layout);
  } finally {
    fetched.abort();
    await sized;
  }
  const { digest, config } = await readLayout(layout);
  if (!isKnown(digest)) {
    pull.progress.phase = "unpacking";
    await unpack(pull, layout);
  }
  return { digest, config };
}

async function copy(pull: Pull, layout: string): Promise<void> {
  const args = [
    "copy",
    "--quiet",
    ...registryArgs(pull, "--src-tls-verify"),
    address(pull),
    `oci:${layout}:image`,
  ];
  await skopeo(pull, args, pullTimeoutMs);
}

/** Beside the pull, which does without: of a list the registry is asked for the part that is meant for this machine. */
async function tellSize(pull: Pull, text: string): Promise<void> {
  try {
    const manifest: unknown = JSON.parse(text);
    const digest = manifestFor(manifest, process.arch);
    const whole: unknown =
      digest === undefined ? manifest : JSON.parse(await inspect(pull, addressOf(pull, digest)));
    pull.progress.totalBytes = manifestBytes(whole);
  } catch {
    // How much there is to come stays unknown; what is wrong with the image, the pull says.
  }
}

const inspect = (pull: Pull, image: string): Promise<string> =>
  skopeo(pull, ["inspect", "--raw", ...registryArgs(pull, "--tls-verify"), image], askTimeoutMs);

async function unpack({ dir, signal }: Pull, layout: string): Promise<void> {
  const run = { environment: toolEnvironment(dir), cwd: dir, timeoutMs: pullTimeoutMs, signal };
  const rootfs = join(dir, "rootfs");
  await runTool({ ...run, file: "umoci", args: ["raw", "unpack", "--image", `${layout}:image`, rootfs] });
  // A crash of the machine must not leave an image with holes under its name.
  await runTool({ ...run, file: "sync", args: ["-f", rootfs] });
}

/** Who fetches owns nothing but the folder of the pull. */
function skopeo({ dir, signal }: Pull, args: readonly string[], timeoutMs: number): Promise<string> {
  return runTool({
    file: "skopeo",
    args: ["--insecure-policy", ...args],
    environment: toolEnvironment(dir),
    cwd: dir,
    account: { uid: fetcherId, gid: fetcherId },
    timeoutMs,
    signal,
  });
}

const address = ({ reference }: Pull): string => `docker://${reference.canonical}`;

/** Of the same repository, by its digest. */
const addressOf = (pull: Pull, digest: string): string =>
  `${address(pull).replace(/[:@][^/]*$/, "")}@${digest}`;

const registryArgs = ({ reference, dir }: Pull, verify: string): readonly string[] => [
  `--authfile=${join(dir, "auth.json")}`,
  ...(reference.isInsecure ? [`${verify}=false`] : []),
];

function toolEnvironment(dir: string): Readonly<Record<string, string>> {
  const own = passed.flatMap((name): [string, string][] => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { PATH: searchPath, HOME: dir, TMPDIR: dir, XDG_RUNTIME_DIR: dir, ...Object.fromEntries(own) };
}

async function readLayout(layout: string): Promise<UnpackedImage> {
  const index = await readDocument(join(layout, "index.json"));
  const digest = digestOf(first(field(index, "manifests")));
  const manifest = await readDocument(join(layout, "blobs", "sha256", digest));
  const config = digestOf(field(manifest, "config"));
  return { digest, config: readImageConfig(await readDocument(join(layout, "blobs", "sha256", config))) };
}

async function readDocument(path: string): Promise<unknown> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (size > documentBytesMax)
      throw new Error(`the image's description has ${size} bytes, more than ${documentBytesMax}`);
    return JSON.parse(await file.readFile("utf8"));
  } finally {
    await file.close();
  }
}

const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined);

function digestOf(descriptor: unknown): string {
  const digest = digestIn(descriptor);
  if (digest === undefined) throw new Error("the image's description names no sha256 digest");
  return digest.slice("sha256:".length);
}

/** For the store: an unpacked image and what it says, at its place at once. */
export async function settleImage(dir: string, place: string, config: ImageConfig): Promise<void> {
  const whole = join(dir, "image");
  await mkdir(whole, { mode: 0o700 });
  await rename(join(dir, "rootfs"), join(whole, "rootfs"));
  await writeFile(join(whole, "config.json"), JSON.stringify(config), { mode: 0o600, flush: true });
  await rename(whole, place);
}

export async function readSettled(place: string): Promise<ImageConfig> {
  // Written by `settleImage` alone.
  return JSON.parse(await readFile(join(place, "config.json"), "utf8")) as ImageConfig;
}
