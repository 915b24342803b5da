/** JSON from strangers: bounded in depth before it is parsed. */

import type { ErrorCode } from "#contracts/errors.ts";
import { CodedError } from "#foundation/base/errors.ts";

export const jsonDepthMax = 128;

const quote = 0x22;
const backslash = 0x5c;

/** Parses a body. Throws CodedError `InvalidRequest` for malformed text, `BodyTooDeep` for deep nesting. */
export function parseJson(body: Buffer, depthMax: number = jsonDepthMax): unknown {
  if (depthOf(body) > depthMax) {
    throw new CodedError<ErrorCode>("BodyTooDeep", `the JSON is nested more than ${depthMax} levels deep`);
  }
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch (error) {
    throw new CodedError<ErrorCode>("InvalidRequest", error instanceof Error ? error.message : String(error));
  }
}

/** Deepest nesting of arrays and objects, counted on the bytes. */
function depthOf(body: Buffer): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] as number;
    if (inString) {
      if (byte === backslash) index += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return deepest;
}
