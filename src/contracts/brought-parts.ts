/** What Keelson does not have and an operator may bring: programs of DC/OS that answer at addresses of their own. */
export const broughtParts = ["mesos-dns", "checks", "net"] as const;
export type BroughtPart = (typeof broughtParts)[number];

/** Where they are, as `http://host:port`. */
export type BroughtAddresses = Readonly<Partial<Record<BroughtPart, string>>>;
