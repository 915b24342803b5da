/** Windows in which machines will not be there, and machines that are down for maintenance. */
import { defineEndpoint } from "../endpoint.ts";
import { type Static, Type } from "../schema.ts";

const None = Type.Object({});

/** A machine by both its names, as its agent tells them. */
const machine = {
  hostname: Type.String(),
  ip: Type.String(),
};
export const Machine = Type.Object(machine);

export const MaintenanceWindow = Type.Object({
  machines: Type.Array(Machine),
  startsAt: Type.Integer({ minimum: 0 }),
  /** An estimate; absent: nobody knows. */
  durationMs: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type MaintenanceWindow = Static<typeof MaintenanceWindow>;

export const showMaintenance = defineEndpoint({
  method: "GET",
  path: "/maintenance",
  summary: "The maintenance schedule, and how far each of its machines is",
  params: None,
  query: None,
  reply: Type.Object({
    windows: Type.Array(MaintenanceWindow),
    machines: Type.Array(
      Type.Object({
        ...machine,
        /** Still taking tasks, or down: its agent is refused. */
        mode: Type.Enum(["draining", "down"]),
        /** Its agent, if one is registered. */
        agentId: Type.Optional(Type.String()),
        /** Frameworks that said they leave, and those that won't. */
        accepted: Type.Array(Type.String()),
        declined: Type.Array(Type.String()),
      }),
    ),
  }),
  errors: [],
  permission: { resource: "maintenance", action: "view" },
});

/** Machines that are left out are out of maintenance; those that are down must stay in. */
export const putMaintenance = defineEndpoint({
  method: "PUT",
  path: "/maintenance",
  summary: "Put another maintenance schedule in the place of the present one",
  params: None,
  query: None,
  body: Type.Object({ windows: Type.Array(MaintenanceWindow) }),
  reply: None,
  errors: ["Invalid"],
  permission: { resource: "maintenance", action: "update" },
});

export const startMaintenance = defineEndpoint({
  method: "POST",
  path: "/maintenance/down",
  summary:
    "Take machines of the schedule down: their tasks are lost, and their agents refused until they are up",
  params: None,
  query: None,
  body: Type.Object({ machines: Type.Array(Machine) }),
  reply: None,
  errors: ["Invalid"],
  permission: { resource: "maintenance", action: "update" },
});

export const stopMaintenance = defineEndpoint({
  method: "POST",
  path: "/maintenance/up",
  summary: "Machines are up again, and out of the schedule",
  params: None,
  query: None,
  body: Type.Object({ machines: Type.Array(Machine) }),
  reply: None,
  errors: ["Invalid"],
  permission: { resource: "maintenance", action: "update" },
});
