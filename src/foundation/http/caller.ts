/** Who asks, of a request to a daemon behind the door. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { anonymousUser, identityHeaders } from "#contracts/identity.ts";
import { nameOf, type Principal } from "./guard.ts";

export interface Caller {
  /** uid of a user or service account, or `anonymous`. */
  readonly user: string;
  /** Address of the client, as the door saw it; of the connection without a door. */
  readonly from: string;
}

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string;
  readonly principal?: Principal;
}

/**
 * The caller as the door says it, believed only beside the shared secret; otherwise whom the server's guard found, or
 * nobody in particular, from wherever the connection came.
 */
export function callerOf(
  { headers, remoteAddress, principal }: Asked,
  doorSecret: string | undefined,
): Caller {
  if (!isFromDoor(headers, doorSecret))
    return { user: (principal && nameOf(principal)) ?? anonymousUser, from: remoteAddress };
  const user = headers[identityHeaders.user];
  const from = headers[identityHeaders.from];
  return {
    user: typeof user === "string" && user !== "" ? user : anonymousUser,
    from: typeof from === "string" && from !== "" ? from : remoteAddress,
  };
}

/** Whether a request brings the secret that daemons of this cluster share. */
export function isFromDoor(headers: IncomingHttpHeaders, doorSecret: string | undefined): boolean {
  const given = headers[identityHeaders.door];
  return doorSecret !== undefined && typeof given === "string" && isSameSecret(given, doorSecret);
}

/** Compares secrets of any lengths in a time that tells nothing of where they differ. */
export function isSameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
