/** Where a fatal error came from. */
export type FatalOrigin = "uncaughtException" | "unhandledRejection";

export interface ProcessGuard {
  release(): void;
}

/**
 * Ends the process when something was thrown that nobody caught: the state behind it can't be trusted, and
 * the supervisor starts a new one from what is durable. `report` gets one synchronous chance to say why.
 */
export function guardProcess(report: (error: unknown, origin: FatalOrigin) => void): ProcessGuard {
  const end = (error: unknown, origin: FatalOrigin): void => {
    try {
      report(error, origin);
    } finally {
      process.exit(fatalExitCode);
    }
  };
  const onException = (error: unknown): void => end(error, "uncaughtException");
  const onRejection = (error: unknown): void => end(error, "unhandledRejection");
  process.on("uncaughtException", onException);
  process.on("unhandledRejection", onRejection);
  return {
    release: () => {
      process.off("uncaughtException", onException);
      process.off("unhandledRejection", onRejection);
    },
  };
}

/** Exit code after a fatal error, as sysexits' EX_SOFTWARE. */
export const fatalExitCode = 70;
