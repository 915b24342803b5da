/** Directories of persistent volumes on the disk. Source: contract mesos.md section 5.6. */
import { lstat, mkdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorMessage } from "#foundation/base/errors.ts";
import type { AgentEvent } from "../core/events.ts";

/** Folders on the way to a volume may be passed, not listed, by the tasks' users. */
const passableMode = 0o711;

export class VolumeFolders {
  readonly #dispatch: (event: AgentEvent) => void;
  readonly #making = new Set<Promise<void>>();

  constructor(dispatch: (event: AgentEvent) => void) {
    this.#dispatch = dispatch;
  }

  make(directory: string): void {
    const made = makeFolder(directory).then(
      () => this.#dispatch({ kind: "volumeMade", directory }),
      (error: unknown) => this.#dispatch({ kind: "volumeMade", directory, failure: errorMessage(error) }),
    );
    this.#making.add(made);
    void made.finally(() => this.#making.delete(made));
  }

  remove(removalId: string, directory: string): void {
    removeFolder(directory).then(
      () => this.#dispatch({ kind: "volumeRemoved", removalId }),
      (error: unknown) => this.#dispatch({ kind: "volumeRemoved", removalId, failure: errorMessage(error) }),
    );
  }

  /** Every volume asked for before is there, or could not be made. */
  async settled(): Promise<void> {
    await Promise.all(this.#making);
  }
}

/** Again when the way was removed meanwhile, with the last volume of its role. */
async function makeFolder(directory: string, attempts = 5): Promise<void> {
  try {
    await mkdir(dirname(directory), { recursive: true, mode: passableMode });
    // As a sandbox: its task's own, which it becomes with the first one.
    await mkdir(directory, { mode: 0o750 });
  } catch (error) {
    if ((await lstat(directory).catch(() => undefined))?.isDirectory() === true) return;
    if (attempts <= 1) throw error;
    await makeFolder(directory, attempts - 1);
  }
}

/** Out of the way at once, so that its name is free; then its files, and the folders above that are empty now. */
async function removeFolder(directory: string): Promise<void> {
  const parent = dirname(directory);
  const aside = join(parent, `.removing-${directory.slice(parent.length + 1)}`);
  await rename(directory, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rm(aside, { recursive: true, force: true });
  // Volume, role, `roles`, `volumes`: each goes when it was the last one's.
  for (let folder = parent, level = 0; level < 4; folder = dirname(folder), level += 1) {
    if (
      !(await rmdir(folder).then(
        () => true,
        () => false,
      ))
    )
      return;
  }
}
