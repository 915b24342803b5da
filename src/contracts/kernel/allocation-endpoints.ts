/** How resources are divided: roles with their quota, frameworks, and why somebody is, or is not, offered something. */
import { defineEndpoint } from "../endpoint.ts";
import { languageQuery, pageOf, pageQuery } from "../paging.ts";
import { type Static, Type } from "../schema.ts";

const None = Type.Object({});

/** Amounts by name, such as `cpus` or `mem`. */
const Amounts = Type.Record(Type.String(), Type.Number());

/** Why a framework is not offered a node in a role; the first that applies. `offered` and `offerable` are none. */
export const offerCauses = [
  "offered",
  "offerable",
  "inactive",
  "otherRegion",
  "constraints",
  "nothingFree",
  "gpus",
  "reserved",
  "missingCapability",
  "limit",
  "heldBack",
  "belowMinimum",
  "filtered",
] as const;
export type OfferCause = (typeof offerCauses)[number];

/** The cause that explains most, or one that goes before all nodes. */
export const offerReasons = [...offerCauses, "disconnected", "paused", "suppressed", "noNodes"] as const;
export type OfferReason = (typeof offerReasons)[number];

export const NodeOffer = Type.Object({
  id: Type.String(),
  hostname: Type.String(),
  cause: Type.Enum(offerCauses),
  /** Of everybody's. */
  free: Amounts,
  offerable: Amounts,
  /** ms UTC. */
  until: Type.Optional(Type.Integer()),
});
export type NodeOffer = Static<typeof NodeOffer>;

const counts = {
  offered: Type.Integer(),
  offerable: Type.Integer(),
  inactive: Type.Integer(),
  otherRegion: Type.Integer(),
  constraints: Type.Integer(),
  nothingFree: Type.Integer(),
  gpus: Type.Integer(),
  reserved: Type.Integer(),
  missingCapability: Type.Integer(),
  limit: Type.Integer(),
  heldBack: Type.Integer(),
  belowMinimum: Type.Integer(),
  filtered: Type.Integer(),
};

export const OfferVerdict = Type.Object({
  frameworkId: Type.String(),
  frameworkName: Type.String(),
  role: Type.String(),
  reason: Type.Enum(offerReasons),
  text: Type.String(),
  remedy: Type.Optional(Type.String()),
  suppressed: Type.Boolean(),
  /** Part of the cluster, 0 to 1, over weights. */
  share: Type.Number(),
  roleShare: Type.Number(),
  ahead: Type.Integer(),
  agents: Type.Integer(),
  examined: Type.Integer(),
  ...counts,
  /** The first nodes that were looked at. */
  nodes: Type.Array(NodeOffer),
});
export type OfferVerdict = Static<typeof OfferVerdict>;

/** Why a framework is, or is not, offered resources: nodes by cause, for each of its roles. */
export const explainFramework = defineEndpoint({
  method: "GET",
  path: "/frameworks/{id}/offers",
  summary: "Why a framework is, or is not, offered resources",
  params: Type.Object({ id: Type.String({ minLength: 1 }) }),
  query: Type.Object({ ...languageQuery }),
  reply: Type.Object({
    frameworkId: Type.String(),
    connected: Type.Boolean(),
    outstandingOffers: Type.Integer(),
    roles: Type.Array(OfferVerdict),
  }),
  errors: ["NotFound"],
  permission: { resource: "framework", action: "view" },
});

export const FrameworkItem = Type.Object({
  id: Type.String(),
  name: Type.String(),
  state: Type.Enum(["connected", "disconnected", "recovered"]),
  roles: Type.Array(Type.String()),
  suppressedRoles: Type.Array(Type.String()),
  tasks: Type.Integer(),
  offers: Type.Integer(),
  used: Amounts,
  offered: Amounts,
  hostname: Type.String(),
  /** ms UTC. */
  registeredAt: Type.Integer(),
});
export type FrameworkItem = Static<typeof FrameworkItem>;

export const listFrameworks = defineEndpoint({
  method: "GET",
  path: "/frameworks",
  summary: "Frameworks with their roles, what they use and what they are offered",
  params: None,
  query: Type.Object({ ...pageQuery }),
  reply: pageOf(FrameworkItem),
  errors: ["Invalid"],
  permission: { resource: "framework", action: "view" },
});

export const RoleItem = Type.Object({
  name: Type.String(),
  weight: Type.Number(),
  share: Type.Number(),
  frameworks: Type.Integer(),
  used: Amounts,
  offered: Amounts,
  reserved: Amounts,
  guarantees: Amounts,
  limits: Amounts,
  consumed: Amounts,
});
export type RoleItem = Static<typeof RoleItem>;

export const listRoles = defineEndpoint({
  method: "GET",
  path: "/roles",
  summary: "Roles with weight, share, quota and what they consume of it",
  params: None,
  query: Type.Object({ ...pageQuery }),
  reply: pageOf(RoleItem),
  errors: ["Invalid"],
  permission: { resource: "role", action: "view" },
});

/** Names of roles may hold slashes, so it is asked for in the query. */
export const explainRole = defineEndpoint({
  method: "GET",
  path: "/role-offers",
  summary: "Why the frameworks of a role, and of those below it, are or are not offered resources",
  params: None,
  query: Type.Object({ role: Type.String({ minLength: 1, maxLength: 1_024 }), ...languageQuery }),
  reply: Type.Object({
    role: RoleItem,
    /** What guarantees of its quota still lack. */
    lacking: Amounts,
    /** What may be consumed until the limit; without a limit nothing is named. */
    room: Amounts,
    /** The first of them; `total` says how many there are. */
    frameworks: Type.Array(OfferVerdict),
    total: Type.Integer(),
  }),
  errors: ["NotFound"],
  permission: { resource: "role", action: "view" },
});

/** Answered when it is durable. */
export const setQuota = defineEndpoint({
  method: "PUT",
  path: "/quota/{role}",
  summary:
    "Set what a top-level role is guaranteed and the most it may consume, instead of what was set before",
  params: Type.Object({ role: Type.String({ minLength: 1 }) }),
  query: None,
  body: Type.Object({
    guarantees: Type.Optional(Amounts),
    limits: Type.Optional(Amounts),
    /** Also when the cluster can't keep it, or more is used already. */
    force: Type.Optional(Type.Boolean()),
  }),
  reply: RoleItem,
  errors: ["Invalid", "Forbidden"],
  permission: { resource: "role", action: "update" },
});

export const removeQuota = defineEndpoint({
  method: "DELETE",
  path: "/quota/{role}",
  summary: "Take a role's guarantees and limits away",
  params: Type.Object({ role: Type.String({ minLength: 1 }) }),
  query: None,
  reply: RoleItem,
  errors: ["NotFound", "Invalid", "Forbidden"],
  permission: { resource: "role", action: "update" },
});
