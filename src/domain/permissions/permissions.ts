/**
 * What somebody may do: resource ids with actions, and whether one of them covers a question.
 * Source: DC/OS permission model, contract platform.md section 2.3.
 */

export const actions = ["create", "read", "update", "delete", "full"] as const;
export type Action = (typeof actions)[number];

/** Any action on it makes a superuser. */
export const superuserResource = "dcos:superuser";
export const resourceIdLengthMax = 500;

export interface Grant {
  readonly rid: string;
  readonly actions: readonly Action[];
}

export const isAction = (text: string): text is Action => (actions as readonly string[]).includes(text);

/** Segments of letters, digits and `_ . - @ *`, between colons and slashes. */
export const isResourceId = (text: string): boolean =>
  text.length <= resourceIdLengthMax && /^[A-Za-z0-9_.\-@*]+(?:[:/][A-Za-z0-9_.\-@*]*)*$/.test(text);

/**
 * Whether what is granted on one id counts for another: the same, or one below it. Below is what goes on after a colon
 * or a slash: `…services:/dev` covers `…services:/dev/web` and not `…services:/development`.
 */
export function covers(granted: string, asked: string): boolean {
  if (granted === asked) return true;
  if (!asked.startsWith(granted)) return false;
  const next = asked.charAt(granted.length);
  return next === ":" || next === "/" || granted.endsWith(":") || granted.endsWith("/");
}

/** What a refusal says: the permission that is missing, and what grants it. */
export const missingPermission = (uid: string, rid: string, action: Action): string =>
  `${uid} lacks ${action} on ${rid}; a superuser grants it: keelson permission grant ${rid} ${action} --user ${uid}`;

export const isSuperuser = (grants: readonly Grant[]): boolean =>
  grants.some(({ rid, actions: held }) => rid === superuserResource && held.length > 0);

/** `full` is every action; a superuser may do everything. */
export function allows(grants: readonly Grant[], rid: string, action: Action): boolean {
  if (isSuperuser(grants)) return true;
  return grants.some(
    (grant) => covers(grant.rid, rid) && (grant.actions.includes("full") || grant.actions.includes(action)),
  );
}
