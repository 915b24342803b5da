/**
 * The inside of every supervised process: takes its configuration, starts its daemons, says so, and ends with
 * its supervisor.
 */
import { errorMessage } from "#foundation/base/errors.ts";
import type { ReadyInfo } from "./supervisor/supervisor.ts";

export interface Daemon {
  /** What others need to know, such as addresses. */
  readonly info: ReadyInfo;
  close(): Promise<void>;
}

/** Runs `start` with the configuration that the supervisor sends. Ends the process when it is over. */
export function hostDaemon<Config>(start: (config: Config) => Promise<Daemon>): void {
  let running: Promise<Daemon> | undefined;
  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    await (await running)?.close();
    process.exit(0);
  };
  process.once("SIGTERM", () => void end());
  process.once("disconnect", () => void end());
  process.once("message", (message: { readonly config: Config }) => {
    running = start(message.config);
    running.then(
      // A supervisor that ended meanwhile hears nothing; `disconnect` says so.
      ({ info }) => process.send?.({ kind: "ready", info }, () => undefined),
      (error: unknown) => {
        console.error(error);
        process.send?.({ kind: "failed", reason: errorMessage(error) }, () => process.exit(1));
      },
    );
  });
}
