/** A Docker volume plugin that others wrote: rclone's, which mounts folders by FUSE. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./cluster.ts";

const program = "/usr/bin/rclone";

/** Whether this machine has it, and may mount. */
export const hasVolumePlugin =
  process.getuid?.() === 0 &&
  existsSync(program) &&
  existsSync("/usr/bin/fusermount3") &&
  existsSync("/dev/fuse");

export class VolumePlugin {
  readonly #dir = mkdtempSync(join(tmpdir(), "keelson-rclone-"));
  #process: ChildProcess | undefined;

  /** `flags` that agents have besides. */
  constructor(flags: object = {}) {
    // Tasks of other users pass through it to their volumes.
    chmodSync(this.#dir, 0o711);
    for (const name of ["plugins", "data"]) mkdirSync(join(this.#dir, name), { mode: 0o711 });
    writeFileSync(this.agentFlags, JSON.stringify({ ...flags, docker_volume_plugins_dir: this.pluginDir }));
  }

  /** File of flags with which agents find it. */
  get agentFlags(): string {
    return join(this.#dir, "agent-flags.json");
  }

  /** Where agents find it. */
  get pluginDir(): string {
    return join(this.#dir, "plugins");
  }

  /** Where the data of volumes are. */
  get dataDir(): string {
    return join(this.#dir, "data");
  }

  /** What an app says to have a volume of it. */
  get options(): Readonly<Record<string, string>> {
    const told = { type: "local", path: this.dataDir, allow_other: "true", umask: "0" };
    return {
      "dvdi/driver": "rclone",
      ...Object.fromEntries(Object.entries(told).map(([name, value]) => [`dvdi/${name}`, value])),
    };
  }

  async start(): Promise<void> {
    const socket = join(this.pluginDir, "rclone.sock");
    const folders = { "base-dir": "mounted", "cache-dir": "cache", config: "rclone.conf" };
    const flags = Object.entries(folders).flatMap(([flag, name]) => [`--${flag}`, join(this.#dir, name)]);
    this.#process = spawn(program, ["serve", "docker", "--socket-addr", socket, ...flags], {
      stdio: "ignore",
    });
    await eventually("the volume plugin answers", async () => existsSync(socket));
  }

  /** Volumes that it has mounted, once for each mount. */
  mounted(): readonly string[] {
    const place = join(this.#dir, "mounted/");
    return readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .flatMap((line) => line.split(" ")[4] ?? [])
      .filter((target) => target.startsWith(place))
      .map((target) => target.slice(place.length));
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process?.once("exit", resolve));
    if (this.#process?.kill() === true) await ended;
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
