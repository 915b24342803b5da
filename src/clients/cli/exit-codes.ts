/** What the program ends with. One table for every command; docs/reference/cli.md shows it. */
export const exitCodes = {
  ok: 0,
  /** Failed, or a bug. */
  error: 1,
  /** `plan`: there is something to change. A change: done in part only. */
  change: 2,
  notFound: 3,
  /** Not allowed, not valid, or in conflict: nothing was changed. */
  refused: 4,
  unreachable: 5,
  usage: 64,
  timeout: 124,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
