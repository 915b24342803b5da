/**
 * Memory that the containers of a group have together: an IPC namespace kept at a file, and a file system in memory beside
 * it. Both outlive the agent; they go with the group. Source: Mesos, namespaces/ipc isolator (ADR 0177).
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { errorMessage } from "#foundation/base/errors.ts";
import { LaunchError, type SharedMemory } from "./driver.ts";
import { isNamespace, makeNamespace, removeNamespace } from "./networks/network-namespace.ts";

type Group = Extract<SharedMemory, { kind: "group" }>;

const run = promisify(execFile);
const timeoutMs = 10_000;

export class SharedMemories {
  /** One folder a group. Absolute. */
  readonly #dir: string;
  readonly #joined = new Map<string, Promise<Group>>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Once for each owner; all are given the same. Throws `LaunchError`. */
  join(owner: string, shmMib: number | undefined): Promise<Group> {
    const present = this.#joined.get(owner);
    if (present !== undefined) return present;
    const joined = this.#make(owner, shmMib).catch(async (error: unknown) => {
      await this.leave(owner);
      throw new LaunchError("isolation", `Shared memory: ${errorMessage(error)}`);
    });
    this.#joined.set(owner, joined);
    return joined;
  }

  async #make(owner: string, shmMib: number | undefined): Promise<Group> {
    const namespace = join(this.#dir, owner, "ipc");
    const directory = join(this.#dir, owner, "shm");
    const group: Group = { kind: "group", namespace, directory };
    if (await isNamespace(namespace)) return group; // of a former life of the agent
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const size = shmMib === undefined ? "" : `,size=${shmMib}m`;
    const options = `nosuid,nodev,noexec,mode=1777${size}`;
    await run("mount", ["-t", "tmpfs", "-o", options, "shm", directory], { timeout: timeoutMs });
    // The last: who finds it finds all.
    await makeNamespace(namespace, "ipc");
    return group;
  }

  /** What still runs keeps it to its end. Never fails. */
  async leave(owner: string): Promise<void> {
    this.#joined.delete(owner);
    const folder = join(this.#dir, owner);
    if (!existsSync(folder)) return;
    for (const name of ["ipc", "shm"]) await removeNamespace(join(folder, name));
    await rm(folder, { recursive: true, force: true }).catch(() => undefined); // the next start finds it
  }

  /** After a start of the agent: what is of no group that lives goes. */
  async recover(live: ReadonlySet<string>): Promise<void> {
    const found = await readdir(this.#dir).catch(() => []);
    await Promise.all(found.filter((owner) => !live.has(owner)).map((owner) => this.leave(owner)));
  }
}
