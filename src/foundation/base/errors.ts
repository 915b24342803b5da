/** An outcome a caller can act on, told apart by `code`, never by its text. */
export class CodedError<Code extends string = string> extends Error {
  override readonly name = "CodedError";
  readonly code: Code;
  readonly details: unknown;

  constructor(
    code: Code,
    message: string,
    options?: { readonly cause?: unknown; readonly details?: unknown },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options?.details;
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}

/** The text of anything thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
