/** `NAME=VALUE` as commands take it. */
import type { JsonValue } from "#foundation/base/json.ts";
import type { Input } from "./command-line/input.ts";
import { UsageError } from "./command-line/parse.ts";

/** Throws `UsageError` where there is no name. */
export function nameAndValue(input: Input, pair: string): readonly [string, string] {
  const at = pair.indexOf("=");
  if (at < 1) throw new UsageError("service.badPair", { pair }, input.path);
  return [pair.slice(0, at), pair.slice(at + 1)];
}

/** All of a flag that may be given several times; undefined when it was not given. */
export function pairsOf(input: Input, flag: string): Readonly<Record<string, string>> | undefined {
  const given = input.all(flag);
  return given.length === 0 ? undefined : Object.fromEntries(given.map((pair) => nameAndValue(input, pair)));
}

/** `3`, `true`, `{"A":"b"}` are JSON; anything else is text. */
export function literal(value: string): JsonValue {
  try {
    return JSON.parse(value) as JsonValue;
  } catch {
    return value;
  }
}
