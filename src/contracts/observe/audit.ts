/** The audit trail: who changed what, when and from where. Each daemon keeps its own; the door shows all of them. */

import { defineEndpoint } from "../endpoint.ts";
import { pageOf, pageQuery } from "../paging.ts";
import { type Static, Type } from "../schema.ts";

/** One field that changed; absent sides did not exist. Secrets never appear: only that they changed. */
export const FieldChange = Type.Object({
  /** JSON pointer, such as `/upgradeStrategy/maximumOverCapacity`. */
  path: Type.String(),
  before: Type.Optional(Type.Unknown()),
  after: Type.Optional(Type.Unknown()),
});

export const AuditRecord = Type.Object({
  /** Grows with time within its source. */
  id: Type.String(),
  /** Which daemon took the call: services, iam, kernel, agent. */
  source: Type.String(),
  /** ms UTC */
  at: Type.Integer(),
  user: Type.String(),
  /** Address of the client. */
  from: Type.String(),
  /** What was done, such as `service.update`, `deployment.cancel`, `user.create`, `task.exec`. */
  action: Type.String(),
  /** What it was done to, such as `/shop/cart` or a uid. */
  object: Type.String(),
  method: Type.String(),
  path: Type.String(),
  /** HTTP status of the answer. */
  status: Type.Integer(),
  /** What the person wrote beside it. */
  message: Type.Optional(Type.String()),
  deploymentId: Type.Optional(Type.String()),
  changes: Type.Array(FieldChange),
});

export type FieldChange = Static<typeof FieldChange>;
export type AuditRecord = Static<typeof AuditRecord>;

/** Newest first. Served by every daemon that takes mutating calls, and by the door over all of them. */
export const listAudit = defineEndpoint({
  method: "GET",
  path: "/audit",
  summary: "Who changed what, when and from where",
  params: Type.Object({}),
  query: Type.Object({
    ...pageQuery,
    object: Type.Optional(Type.String()),
    user: Type.Optional(Type.String()),
  }),
  reply: Type.Intersect([
    pageOf(AuditRecord),
    Type.Object({
      /** ms UTC of the oldest record that is still kept, when older ones were dropped for the budget. */
      droppedBefore: Type.Optional(Type.Integer()),
      /** At the door: addresses of daemons whose records are missing, since they did not answer. */
      unreachable: Type.Optional(Type.Array(Type.String())),
    }),
  ]),
  errors: [],
  permission: { resource: "audit", action: "view" },
});
