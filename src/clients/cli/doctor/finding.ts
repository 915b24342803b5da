/** What a check found, and what mends it. */
export interface Finding {
  readonly check: string;
  readonly result: "ok" | "warning" | "problem" | "skipped";
  readonly message: string;
  /** A command or an act. */
  readonly fix?: string;
}

export type Found = Omit<Finding, "check">;
