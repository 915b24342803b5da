/** A broken assumption of ours, never a caller's mistake. It ends the request or the process. */
export class AssertionFailed extends Error {
  override readonly name = "AssertionFailed";
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}

/** Ends every `switch` over a closed union: adding a member then fails to compile. */
export function assertNever(value: never): never {
  throw new AssertionFailed(`unexpected value: ${JSON.stringify(value)}`);
}
