/** Maintenance by the v1 operator API, the v0 endpoints and our own. Source: contract mesos.md sections 3.2, 3.5. */

import type { ReplyOf } from "#contracts/endpoint.ts";
import { decodeMessage, MessageInvalid } from "#contracts/kernel/json-codec.ts";
import {
  putMaintenance,
  showMaintenance,
  startMaintenance,
  stopMaintenance,
} from "#contracts/kernel/maintenance-endpoints.ts";
import type {
  MachineID,
  MaintenanceClusterStatus,
  MaintenanceSchedule,
  MasterCall,
} from "#contracts/kernel/messages.gen.ts";
import { CodedError } from "#foundation/base/errors.ts";
import {
  type Answer,
  type EndpointSet,
  empty,
  type HttpRequest,
  json,
  parseJson,
  text,
} from "#foundation/http/index.ts";
import { type AgentRecord, type MasterState, machineKey, machineOf, type Reply } from "../core/index.ts";
import type { AddV0Route } from "./v0-routes.ts";

/** Each answers when it is durable, or why it was not done. */
export interface MaintenanceOrders {
  readonly schedule: (schedule: MaintenanceSchedule) => Promise<Reply>;
  readonly move: (isDown: boolean, machines: readonly MachineID[]) => Promise<Reply>;
}

export const scheduleOf = ({ maintenance }: MasterState): MaintenanceSchedule => ({
  windows: maintenance.windows,
});

export function statusOf(state: MasterState): MaintenanceClusterStatus {
  const { maintenance } = state;
  const agents = agentsByMachine(state);
  const draining = maintenance.windows
    .flatMap(({ machine_ids: machines = [] }) => machines)
    .filter((machine) => !maintenance.isDown(machine));
  return {
    draining_machines: draining.map((id) => ({
      id,
      statuses: (agents.get(machineKey(id)) ?? []).flatMap((agent) =>
        [...(maintenance.answers.get(agent.id) ?? [])].map(([frameworkId, { status, at }]) => ({
          status,
          framework_id: { value: frameworkId },
          timestamp: { nanoseconds: at * 1_000_000 },
        })),
      ),
    })),
    down_machines: [...maintenance.down.values()],
  };
}

function agentsByMachine({ agents }: MasterState): ReadonlyMap<string, readonly AgentRecord[]> {
  const byMachine = new Map<string, AgentRecord[]>();
  for (const agent of agents.values()) {
    const key = machineKey(machineOf(agent));
    byMachine.set(key, [...(byMachine.get(key) ?? []), agent]);
  }
  return byMachine;
}

/** UPDATE_MAINTENANCE_SCHEDULE, START_MAINTENANCE and STOP_MAINTENANCE. */
export async function maintenanceCall(call: MasterCall, orders: MaintenanceOrders): Promise<Answer> {
  const { update_maintenance_schedule: update, start_maintenance: start, stop_maintenance: stop } = call;
  if (call.type === "UPDATE_MAINTENANCE_SCHEDULE" && update !== undefined)
    return answered(await orders.schedule(update.schedule));
  if (call.type === "START_MAINTENANCE" && start !== undefined)
    return answered(await orders.move(true, start.machines ?? []));
  if (call.type === "STOP_MAINTENANCE" && stop !== undefined)
    return answered(await orders.move(false, stop.machines ?? []));
  return text(`Expecting '${call.type?.toLowerCase()}' to be present`, 400);
}

const answered = ({ problem }: Reply): Answer => (problem === undefined ? empty(200) : text(problem, 400));

export function addMaintenanceRoutes(add: AddV0Route, state: MasterState, orders: MaintenanceOrders): void {
  add("GET", "/maintenance/schedule", () => json(scheduleOf(state)));
  add("POST", "/maintenance/schedule", (request) =>
    withBody(request, async (body) =>
      answered(await orders.schedule(decodeMessage("MaintenanceSchedule", body))),
    ),
  );
  add("GET", "/maintenance/status", () => json(statusOf(state)));
  for (const isDown of [true, false])
    add("POST", isDown ? "/machine/down" : "/machine/up", (request) =>
      withBody(request, async (body) => {
        if (!Array.isArray(body)) return text("Expecting an array of machines", 400);
        const machines = (body as readonly unknown[]).map((each) => decodeMessage("MachineID", each));
        return answered(await orders.move(isDown, machines));
      }),
    );
}

async function withBody({ body }: HttpRequest, act: (body: unknown) => Promise<Answer>): Promise<Answer> {
  try {
    return await act(parseJson(body));
  } catch (error) {
    if (error instanceof MessageInvalid || error instanceof CodedError) return text(error.message, 400);
    throw error;
  }
}

export function addMaintenanceEndpoints(
  endpoints: EndpointSet,
  state: MasterState,
  orders: MaintenanceOrders,
): EndpointSet {
  const done = ({ problem }: Reply): Record<never, never> => {
    if (problem !== undefined) throw new CodedError("Invalid", problem);
    return {};
  };
  return endpoints
    .add(showMaintenance, () => maintenanceShown(state))
    .add(putMaintenance, async ({ body: { windows } }) =>
      done(
        await orders.schedule({
          windows: windows.map(({ machines, startsAt, durationMs }) => ({
            machine_ids: machines,
            unavailability: {
              start: { nanoseconds: startsAt * 1_000_000 },
              ...(durationMs === undefined ? {} : { duration: { nanoseconds: durationMs * 1_000_000 } }),
            },
          })),
        }),
      ),
    )
    .add(startMaintenance, async ({ body: { machines } }) => done(await orders.move(true, machines)))
    .add(stopMaintenance, async ({ body: { machines } }) => done(await orders.move(false, machines)));
}

function maintenanceShown(state: MasterState): ReplyOf<typeof showMaintenance> {
  const { maintenance } = state;
  const agents = agentsByMachine(state);
  const named = ({ hostname = "", ip = "" }: MachineID) => ({ hostname, ip });
  return {
    windows: maintenance.windows.map(
      ({ machine_ids: machines = [], unavailability: { start, duration } }) => ({
        machines: machines.map(named),
        startsAt: Math.floor(start.nanoseconds / 1_000_000),
        ...(duration === undefined ? {} : { durationMs: Math.floor(duration.nanoseconds / 1_000_000) }),
      }),
    ),
    machines: maintenance.windows
      .flatMap(({ machine_ids: machines = [] }) => machines)
      .map((machine) => {
        const [agent] = agents.get(machineKey(machine)) ?? [];
        const answers = agent === undefined ? [] : [...(maintenance.answers.get(agent.id) ?? [])];
        const saying = (wanted: "ACCEPT" | "DECLINE"): string[] =>
          answers
            .filter(([, { status }]) => status === wanted)
            .map(([frameworkId]) => state.frameworks.get(frameworkId)?.info.name ?? frameworkId);
        return {
          ...named(machine),
          mode: maintenance.isDown(machine) ? ("down" as const) : ("draining" as const),
          ...(agent === undefined ? {} : { agentId: agent.id }),
          accepted: saying("ACCEPT"),
          declined: saying("DECLINE"),
        };
      }),
  };
}
