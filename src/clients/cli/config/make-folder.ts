/** Makes a folder of this program, and the one above it; not further up, where nothing is ours to make. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Throws what the system says when it can't. Node's own recursive way never ends below a folder such as /proc, which
 * says of what it can't make that it is not there.
 */
export function makeFolder(path: string): void {
  for (const each of [dirname(path), path]) {
    try {
      mkdirSync(each, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        // The one above may be there and not be ours: then this one decides.
        if (each === path) throw error;
      }
    }
  }
}
