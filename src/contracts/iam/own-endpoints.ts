/** What the identity service answers beyond `/acs/api/v1`, below `/keelson/v1` at the door. */

import { defineEndpoint } from "../endpoint.ts";
import { type Static, Type } from "../schema.ts";

/** How long a login link works; it works once. */
export const loginLinkLifeMs = 600_000;

export const LoginLink = Type.Object({
  /** Opened in a browser, below the door's address: `/?login=…` logs in and goes on to `/`. */
  path: Type.String(),
  uid: Type.String(),
  /** ms UTC */
  expiresAt: Type.Integer(),
});
export type LoginLink = Static<typeof LoginLink>;

/** A superuser may make links for any user that is no service account; the cluster's own token makes them too. */
export const createLoginLink = defineEndpoint({
  method: "POST",
  path: "/login-links",
  summary: "An address that logs a browser in, once, within ten minutes",
  params: Type.Object({}),
  query: Type.Object({}),
  body: Type.Object({
    /** Whom it logs in. The superuser who asks unless said. */
    uid: Type.Optional(Type.String({ minLength: 1, maxLength: 96 })),
  }),
  reply: LoginLink,
  errors: ["Forbidden", "NotFound", "Invalid"],
  permission: { resource: "user", action: "create" },
});
