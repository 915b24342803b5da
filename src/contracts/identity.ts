/**
 * Who asks, as the door says it to what is behind it. Believed only beside the door's own secret; a request without
 * it comes from somebody on a loopback port, who is nobody in particular.
 */
export const identityHeaders = {
  /** uid of the user or service account. */
  user: "x-keelson-user",
  /** Address of the client. */
  from: "x-keelson-from",
  /** The secret that the door and the daemons behind it share. */
  door: "x-keelson-door",
} as const;

/** The user of a request that did not come through the door. */
export const anonymousUser = "anonymous";
