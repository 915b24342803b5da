/** What containers have written to their sandboxes, looked at now and then when somebody asks. Source: contract mesos.md section 6. */
import { folderBytes } from "./folder-bytes.ts";

export interface SandboxSizesOptions {
  readonly now: () => number;
  /** So old may an answer be. */
  readonly freshMs: number;
}

interface Size {
  readonly at: number;
  /** The look that was begun then. */
  done: Promise<void>;
  isOver: boolean;
  known: number | undefined;
}

/** Who asks does not wait longer for a large folder; what was known before is told meanwhile. */
const patienceMs = 500;

export class SandboxSizes {
  readonly #options: SandboxSizesOptions;
  #sizes = new Map<string, Size>();

  constructor(options: SandboxSizesOptions) {
    this.#options = options;
  }

  /** Of each of the folders; undefined for one that is not known yet. Others are forgotten. */
  async of(directories: readonly string[]): Promise<readonly (number | undefined)[]> {
    const { now, freshMs } = this.#options;
    const before = this.#sizes;
    this.#sizes = new Map(
      directories.map((directory) => {
        const size = before.get(directory);
        const isDue = size === undefined || (size.isOver && now() - size.at >= freshMs);
        return [directory, isDue ? this.#look(directory, size?.known) : size];
      }),
    );
    const sizes = [...this.#sizes.values()];
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([Promise.all(sizes.map(({ done }) => done)), patience]);
    clearTimeout(timer);
    return directories.map((directory) => this.#sizes.get(directory)?.known);
  }

  #look(directory: string, known: number | undefined): Size {
    const size: Size = { at: this.#options.now(), done: Promise.resolve(), isOver: false, known };
    size.done = folderBytes(directory).then(
      (bytes) => {
        size.known = bytes;
        size.isOver = true;
      },
      // It went meanwhile.
      () => {
        size.isOver = true;
      },
    );
    return size;
  }
}
