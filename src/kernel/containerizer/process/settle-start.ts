/** What became of a start that was ordered: the files of the runtime directory decide, not what was said of it. */
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { isShortage } from "./proc.ts";
import { readExit, readIdentities, type ShimIdentities } from "./runtime-dir.ts";

export type StartOutcome =
  | { readonly kind: "running"; readonly identities: ShimIdentities }
  | { readonly kind: "failed"; readonly message: string };

/** A shim that took its spec writes `pid` or `exit` within this, on a busy machine too, or it is gone. */
const START_WAIT_MS = 30_000;
const PAUSE_MS = 20;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

/** Takes the spec back, or waits for what the shim that took it says. */
export async function settleStart(runtimeDir: string, isClosed: () => boolean): Promise<StartOutcome> {
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    const seen = look(runtimeDir, isClosed);
    if (seen === undefined) {
      await pause();
      continue;
    }
    const { exit, identities } = seen;
    if (exit?.kind === "failed") {
      return { kind: "failed", message: `Failed to start the command (${exit.stage}): ${exit.message}` };
    }
    // A pid file before the exec is decided: the failure follows at once, or the shim is alive.
    if (identities !== undefined) return { kind: "running", identities };
    try {
      renameSync(join(runtimeDir, "spec"), join(runtimeDir, "spec.void"));
      return { kind: "failed", message: "The process beside the task could not be started" };
    } catch {
      // a shim has it
    }
    if (waitedMs >= START_WAIT_MS || !existsSync(join(runtimeDir, "spec.taken"))) {
      return { kind: "failed", message: "The process beside the task ended while it started the task" };
    }
    await pause();
  }
}

/** undefined when the machine is too short of something to look: the task may run, and is not given up for that. */
function look(runtimeDir: string, isClosed: () => boolean) {
  try {
    return { exit: readExit(runtimeDir), identities: readIdentities(runtimeDir) };
  } catch (error) {
    if (isShortage(error) && !isClosed()) return undefined;
    throw error;
  }
}
