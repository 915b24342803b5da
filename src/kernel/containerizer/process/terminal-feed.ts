/** The pipes by which a container's terminal is fed: see native/shim/README.md. */
import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { hasCode } from "#foundation/base/errors.ts";
import { LaunchError, type TerminalFeed } from "../driver.ts";

/** Throws `LaunchError` for a container without a terminal. */
export function openFeed(runtimeDir: string): TerminalFeed {
  const input = openPipe(join(runtimeDir, "input"));
  const sizes = openPipe(join(runtimeDir, "size"));
  return {
    input,
    resize({ rows, cols }) {
      if (!sizes.destroyed) sizes.write(`R ${rows} ${cols}\n`);
    },
    close() {
      // What the terminal has not taken by now is nobody's.
      for (const pipe of [input, sizes]) pipe.destroy();
    },
  };
}

/** Nobody is waited for: the shim has it open as long as the container runs. */
function openPipe(path: string): Socket {
  const { O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  try {
    // The socket has the file from here on, and closes it.
    const fd = openSync(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW);
    const pipe = new Socket({ fd, readable: false, writable: true });
    pipe.on("error", () => undefined); // the container has ended, which is told elsewhere
    return pipe;
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENXIO"))
      throw new LaunchError("spec", "The container has no terminal that could be typed into");
    throw error;
  }
}
