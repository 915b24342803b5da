/** What master and agents answer beyond Mesos' own API. */
import { Type } from "typebox";
import { defineEndpoint } from "../endpoint.ts";

const None = Type.Object({});

/** Why a framework is, or is not, offered resources: agents by cause, for each of its roles. */
export const explainFramework = defineEndpoint({
  method: "GET",
  path: "/frameworks/{id}/offers",
  summary: "Why a framework is, or is not, offered resources",
  params: Type.Object({ id: Type.String({ minLength: 1 }) }),
  query: None,
  reply: Type.Object({
    frameworkId: Type.String(),
    connected: Type.Boolean(),
    outstandingOffers: Type.Integer(),
    roles: Type.Array(
      Type.Object({
        role: Type.String(),
        suppressed: Type.Boolean(),
        agents: Type.Integer(),
        inactive: Type.Integer(),
        nothingFree: Type.Integer(),
        missingCapability: Type.Integer(),
        belowMinimum: Type.Integer(),
        filtered: Type.Integer(),
        offerable: Type.Integer(),
      }),
    ),
  }),
  errors: ["NotFound"],
  permission: { resource: "framework", action: "view" },
});

/** What keeps tasks on this agent apart. */
export const showIsolation = defineEndpoint({
  method: "GET",
  path: "/isolation",
  summary: "What is enforced between tasks on this agent",
  params: None,
  query: None,
  reply: Type.Object({
    driver: Type.String(),
    cgroups: Type.Union([Type.Literal("v1"), Type.Literal("v2"), Type.Literal("none")]),
    controllers: Type.Array(Type.String()),
    switchUser: Type.Boolean(),
    note: Type.String(),
  }),
  errors: [],
  permission: { resource: "agent", action: "view" },
});
