/** Who asks, of a request to a daemon behind the door. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { anonymousUser, identityHeaders } from "#contracts/identity.ts";

export interface Caller {
  /** uid of a user or service account, or `anonymous`. */
  readonly user: string;
  /** Address of the client, as the door saw it; of the connection without a door. */
  readonly from: string;
}

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string;
}

/**
 * The caller as the door says it, believed only beside the shared secret; otherwise nobody in particular, from
 * wherever the connection came. Without a secret nothing is believed.
 */
export function callerOf({ headers, remoteAddress }: Asked, doorSecret: string | undefined): Caller {
  const given = headers[identityHeaders.door];
  if (doorSecret === undefined || typeof given !== "string" || !isSameSecret(given, doorSecret))
    return { user: anonymousUser, from: remoteAddress };
  const user = headers[identityHeaders.user];
  const from = headers[identityHeaders.from];
  return {
    user: typeof user === "string" && user !== "" ? user : anonymousUser,
    from: typeof from === "string" && from !== "" ? from : remoteAddress,
  };
}

/** Compares secrets of any lengths in a time that tells nothing of where they differ. */
export function isSameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
