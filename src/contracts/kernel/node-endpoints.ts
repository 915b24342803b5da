/** What operators do with one machine: empty it, set it aside, give it up. */

import { defineEndpoint } from "../endpoint.ts";
import { Type } from "../schema.ts";
import { NodeItem } from "./own-endpoints.ts";

const None = Type.Object({});
const params = Type.Object({ id: Type.String({ minLength: 1 }) });

export const showNode = defineEndpoint({
  method: "GET",
  path: "/nodes/{id}",
  summary: "One agent, also one that is gone for ever",
  params,
  query: None,
  reply: NodeItem,
  errors: ["NotFound"],
  permission: { resource: "agent", action: "view" },
});

/** Answered when it is durable; `tasks` of the node then says how far it is. */
export const drainNode = defineEndpoint({
  method: "POST",
  path: "/nodes/{id}/drain",
  summary: "End every task of an agent, each within its grace, and offer nothing of it any more",
  params,
  query: None,
  body: Type.Object({
    /** No task has longer than this to end by itself. */
    maxGraceMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000 })),
    /** When it is empty it is given up for ever. */
    markGone: Type.Optional(Type.Boolean()),
  }),
  reply: NodeItem,
  errors: ["NotFound", "Invalid", "Conflict"],
  permission: { resource: "agent", action: "update" },
});

export const deactivateNode = defineEndpoint({
  method: "POST",
  path: "/nodes/{id}/deactivate",
  summary: "Offer nothing of an agent any more; its tasks go on",
  params,
  query: None,
  body: None,
  reply: NodeItem,
  errors: ["NotFound", "Invalid", "Conflict"],
  permission: { resource: "agent", action: "update" },
});

export const reactivateNode = defineEndpoint({
  method: "POST",
  path: "/nodes/{id}/reactivate",
  summary: "Offer a deactivated or drained agent again",
  params,
  query: None,
  body: None,
  reply: NodeItem,
  errors: ["NotFound", "Invalid", "Conflict"],
  permission: { resource: "agent", action: "update" },
});

/** Can't be taken back: the id is refused for ever. */
export const markNodeGone = defineEndpoint({
  method: "POST",
  path: "/nodes/{id}/gone",
  summary: "Give an agent up for ever: its tasks are told over, and its agent ends them if it still can",
  params,
  query: None,
  body: None,
  reply: NodeItem,
  errors: ["NotFound", "Invalid", "Conflict"],
  permission: { resource: "agent", action: "delete" },
});
