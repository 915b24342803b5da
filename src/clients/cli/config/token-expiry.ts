/** When a token ends, read from the token itself. Nothing is verified: only the cluster can do that. */

const dayMs = 86_400_000;
/** How long before its end a token is warned of: what a machine was given lasts long and is renewed by a person. */
const warnAheadMs = 7 * dayMs;
/** What a person logged in for lasts some days anyway. */
const warnOfLoginAheadMs = dayMs;

interface Claims {
  readonly exp?: unknown;
  readonly uid?: unknown;
}

export interface Expiry {
  /** ms UTC */
  readonly at: number;
  readonly isOver: boolean;
  /** Time to say so. */
  readonly isNear: boolean;
}

/** `undefined` for tokens that do not end, or do not say when. `isLogin`: a person got it by `keelson login`. */
export function expiryOf(
  token: string | undefined,
  nowMs: number,
  { isLogin }: { readonly isLogin: boolean },
): Expiry | undefined {
  const claims = claimsOf(token);
  if (typeof claims?.exp !== "number" || !Number.isFinite(claims.exp)) return undefined;
  const at = claims.exp * 1_000;
  const aheadMs = isLogin ? warnOfLoginAheadMs : warnAheadMs;
  return { at, isOver: at <= nowMs, isNear: at > nowMs && at - nowMs <= aheadMs };
}

/** The uid a token was made for, when it says so. */
export function userOf(token: string | undefined): string | undefined {
  const uid = claimsOf(token)?.uid;
  return typeof uid === "string" ? uid : undefined;
}

function claimsOf(token: string | undefined): Claims | undefined {
  const payload = token?.split(".")[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}
