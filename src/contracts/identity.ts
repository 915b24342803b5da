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

/** What a daemon of the cluster brings when it asks another one on its own behalf. */
export const daemonHeaders = (doorSecret: string | undefined): Readonly<Record<string, string>> =>
  doorSecret === undefined ? {} : { [identityHeaders.door]: doorSecret };

/**
 * What a console or any other page sends beside the cookie, with any value: a page of another origin can't without
 * asking first, and is refused. A request with `Authorization` needs none.
 */
export const csrfHeader = "x-keelson-csrf";

/** The user of a request that did not come through the door. */
export const anonymousUser = "anonymous";

/** Cookies of a login at the console's address. Source: contract platform.md section 2.1. */
export const cookieNames = {
  /** The token; scripts can't read it. */
  auth: "dcos-acs-auth-cookie",
  /** Base64 of JSON `{uid, description, is_remote}`, for scripts. */
  info: "dcos-acs-info-cookie",
} as const;

/** Who may be made to say who they are. Source: Mesos flags `authenticate_http_readonly` and so on. */
export const demands = ["readonly", "readwrite", "frameworks", "agents", "executors"] as const;
export type Demand = (typeof demands)[number];
