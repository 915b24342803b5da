/** A CSI plugin whose interface and server are others': that of the specification, and grpc-go (`interop/csi-driver`). */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./cluster.ts";

export class CsiPlugin {
  readonly type = "folders.keelson.test";
  /** What it wants to be told before it stages or publishes. */
  readonly key = "open sesame";
  readonly #dir = mkdtempSync(join(tmpdir(), "keelson-csi-"));
  #process: ChildProcess | undefined;

  constructor() {
    chmodSync(this.#dir, 0o711);
    for (const name of ["config", "data"]) mkdirSync(join(this.#dir, name), { mode: 0o711 });
    const endpoints = [{ csi_service: "NODE_SERVICE", endpoint: `unix://${this.#socket}` }];
    const description = { type: this.type, endpoints, target_path_root: join(this.#dir, "volumes") };
    writeFileSync(join(this.configDir, "folders.json"), JSON.stringify(description));
  }

  get #socket(): string {
    return join(this.#dir, "csi.sock");
  }

  /** Where agents find it described. */
  get configDir(): string {
    return join(this.#dir, "config");
  }

  /** Makes a volume. */
  create(name: string): void {
    mkdirSync(join(this.#dir, "data", name));
  }

  /** What is in a volume, where the plugin keeps it. */
  filesOf(name: string): readonly string[] {
    return readdirSync(join(this.#dir, "data", name)).sort();
  }

  async start(program: string): Promise<void> {
    this.#process = spawn(program, [this.#socket, join(this.#dir, "data"), this.key], { stdio: "ignore" });
    await eventually("the CSI plugin answers", async () => existsSync(this.#socket));
  }

  /** How many places it has mounted volumes at. */
  mounts(): number {
    const place = join(this.#dir, "volumes/");
    const targets = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    return targets.filter((line) => line.split(" ")[4]?.startsWith(place)).length;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process?.once("exit", resolve));
    if (this.#process?.kill() === true) await ended;
    // With a volume still mounted it is left: what would be removed is that volume's.
    if (this.mounts() === 0) rmSync(this.#dir, { recursive: true, force: true });
  }
}
