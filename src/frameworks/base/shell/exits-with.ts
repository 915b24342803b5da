import type { Logger } from "#foundation/telemetry/index.ts";

export type Exit = (reason: string, error: unknown, exitCode?: number) => void;

/** Ends the process, and says why; who watches over it starts it again. */
export const exitsWith =
  (log: Logger): Exit =>
  (reason, error, exitCode = 1) => {
    log.error(reason, { error: String(error) });
    process.exit(exitCode);
  };
