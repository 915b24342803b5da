/** A real registry on this machine, and images for it: made of files that a test says, layer by layer. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./cluster.ts";

const run = promisify(execFile);
const bootDeadlineMs = 60_000;
/** Of the password below, as registries keep it. */
const passwordHash = "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy";
const login = { user: "reader", password: "open sesame" } as const;

/** One layer: path → text, or what stands there instead. `.wh.name` takes a file of an earlier layer away. */
export type Layer = Readonly<Record<string, string | { readonly mode: number; readonly text: string }>>;

export interface ImageSettings {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
}

export class Registry {
  readonly #dir: string;
  readonly #process: ChildProcess;
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly #isPrivate: boolean;

  private constructor(dir: string, child: ChildProcess, port: number, isPrivate: boolean) {
    this.#dir = dir;
    this.#process = child;
    this.host = `127.0.0.1:${port}`;
    this.#isPrivate = isPrivate;
  }

  static async start({ isPrivate = false } = {}): Promise<Registry> {
    const dir = mkdtempSync(join(tmpdir(), "keelson-registry-"));
    for (;;) {
      const port = await freePort();
      const child = serve(dir, port, isPrivate);
      const registry = new Registry(dir, child, port, isPrivate);
      const isUp = await registry.#untilUp();
      if (isUp) return registry;
    }
  }

  /** Docker's config.json for who may read. */
  get credentials(): string {
    const auth = Buffer.from(`${login.user}:${login.password}`).toString("base64");
    return JSON.stringify({ auths: { [this.host]: { auth } } });
  }

  /** Requests for manifests so far, as its log has them. */
  pulls(name: string): number {
    const log = readFileSync(join(this.#dir, "log"), "utf8");
    return log.split("\n").filter((line) => line.includes(`GET /v2/${name}/manifests/`)).length;
  }

  /** The whole name of the image. The first layer has a shell and its tools. */
  async push(name: string, layers: readonly Layer[], settings: ImageSettings = {}): Promise<string> {
    const dir = mkdtempSync(join(this.#dir, "image-"));
    const layout = await writeLayout(
      dir,
      [shellLayer(dir), ...layers.map((layer) => layerDir(dir, layer))],
      settings,
    );
    const reference = `${this.host}/${name}`;
    const auth = join(dir, "auth.json");
    writeFileSync(auth, this.#isPrivate ? this.credentials : "{}");
    await run("skopeo", [
      "--insecure-policy",
      "copy",
      "--quiet",
      `--authfile=${auth}`,
      "--dest-tls-verify=false",
      `oci:${layout}:image`,
      `docker://${reference}`,
    ]);
    return reference;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    if (this.#process.exitCode === null && this.#process.kill("SIGKILL")) await ended;
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #untilUp(): Promise<boolean> {
    await eventually(
      "the registry answers",
      async () => this.#process.exitCode !== null || (await answers(this.host)),
      bootDeadlineMs,
    );
    return this.#process.exitCode === null;
  }
}

function serve(dir: string, port: number, isPrivate: boolean): ChildProcess {
  const passwords = join(dir, "htpasswd");
  writeFileSync(passwords, `${login.user}:${passwordHash}\n`);
  const config = join(dir, "config.yml");
  const auth = isPrivate ? `auth:\n  htpasswd:\n    realm: test\n    path: ${passwords}\n` : "";
  writeFileSync(
    config,
    `version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: ${join(dir, "data")}\nhttp:\n  addr: 127.0.0.1:${port}\n${auth}`,
  );
  return spawn("sh", ["-c", 'exec docker-registry serve "$0" >"$1" 2>&1', config, join(dir, "log")], {
    stdio: "ignore",
  });
}

async function answers(host: string): Promise<boolean> {
  try {
    return [200, 401].includes((await fetch(`http://${host}/v2/`)).status);
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === "object"
          ? resolve(address.port)
          : reject(new Error("no port")),
      );
    });
  });
}

function shellLayer(dir: string): string {
  const layer = mkdtempSync(join(dir, "layer-"));
  chmodSync(layer, 0o755);
  for (const folder of ["bin", "etc", "tmp"]) mkdirSync(join(layer, folder));
  chmodSync(join(layer, "tmp"), 0o1777);
  copyFileSync("/bin/busybox", join(layer, "bin/busybox"));
  for (const tool of [
    "sh",
    "cat",
    "echo",
    "ls",
    "env",
    "id",
    "sleep",
    "true",
    "touch",
    "pwd",
    "hostname",
    "ps",
    "mount",
    "kill",
    "test",
    "nc",
    "httpd",
    "tty",
    "wget",
  ])
    symlinkSync("busybox", join(layer, "bin", tool));
  writeFileSync(join(layer, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nguest:x:4321:4321::/:/bin/sh\n");
  writeFileSync(join(layer, "etc/group"), "root:x:0:\nguest:x:4321:\n");
  return layer;
}

function layerDir(dir: string, files: Layer): string {
  const layer = mkdtempSync(join(dir, "layer-"));
  chmodSync(layer, 0o755);
  for (const [path, file] of Object.entries(files)) {
    const at = join(layer, path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, typeof file === "string" ? file : file.text);
    chmodSync(at, typeof file === "string" ? 0o644 : file.mode);
  }
  return layer;
}

/** An OCI image layout with one image. */
async function writeLayout(dir: string, layers: readonly string[], settings: ImageSettings): Promise<string> {
  const layout = join(dir, "layout");
  const blobs = join(layout, "blobs", "sha256");
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Buffer) => {
    const digest = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(blobs, digest), bytes);
    return { digest: `sha256:${digest}`, size: bytes.length };
  };
  const document = (value: object) => put(Buffer.from(JSON.stringify(value)));
  const written = [];
  for (const layer of layers) {
    const tar = `${layer}.tar`;
    await run("tar", ["--owner=0", "--group=0", "--numeric-owner", "-C", layer, "-cf", tar, "."]);
    written.push({ mediaType: "application/vnd.oci.image.layer.v1.tar", ...put(readFileSync(tar)) });
  }
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const config = document({
    architecture,
    os: "linux",
    config: settings,
    rootfs: { type: "layers", diff_ids: written.map(({ digest }) => digest) },
  });
  const manifest = document({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: written,
  });
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(layout, "index.json"),
    JSON.stringify({
      schemaVersion: 2,
      manifests: [
        {
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          ...manifest,
          annotations: { "org.opencontainers.image.ref.name": "image" },
        },
      ],
    }),
  );
  return layout;
}
