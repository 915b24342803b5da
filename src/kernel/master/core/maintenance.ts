/**
 * Maintenance: windows in which machines will not be there, said in advance, and machines that are down by an
 * operator's word. Up, draining (in a window), down, up: nothing changes by itself, windows are estimates.
 * Source: contract mesos.md sections 3.2, 5.5.
 */
import type { MachineID, MaintenanceSchedule, MaintenanceWindow } from "#contracts/kernel/messages.gen.ts";
import { removeAgent } from "./agent-loss.ts";
import type { Reply } from "./effects.ts";
import { dropInverseOffers } from "./inverse-offers.ts";
import { downMessage, machineKey, machineOf } from "./maintenance-state.ts";
import { rescindOffer } from "./offers.ts";
import { putMaintenance } from "./registry.ts";
import type { MasterState, Turn } from "./state.ts";

/** Machines in one schedule. */
const machinesMax = 5_000;

/** The whole schedule, instead of the one before. */
export function updateSchedule(state: MasterState, turn: Turn, schedule: MaintenanceSchedule): Reply {
  const windows = schedule.windows ?? [];
  const problem = scheduleProblem(state, windows);
  if (problem !== undefined) return { problem };
  const before = state.maintenance.unavailability;
  state.maintenance.setWindows(windows);
  turn.write(putMaintenance(state.maintenance.record()));
  for (const agent of state.agents.values()) {
    const key = machineKey(machineOf(agent));
    const now = state.maintenance.unavailability.get(key);
    if (JSON.stringify(before.get(key)) === JSON.stringify(now)) continue;
    // Offered again, with what is known now.
    for (const offer of [...agent.offers.values()]) rescindOffer(state, turn, offer);
    dropInverseOffers(state, turn, agent.id);
    state.allocator.updateAgent(agent.id, agent.total, turn.now);
    turn.changed({ kind: "agentChanged", agentId: agent.id });
  }
  if (windows.length > 0) state.timers.set("inverse offers", turn.now, { kind: "inverseOffers" });
  else state.timers.cancel("inverse offers");
  return {};
}

function scheduleProblem(state: MasterState, windows: readonly MaintenanceWindow[]): string | undefined {
  const seen = new Set<string>();
  for (const [index, { machine_ids: machines = [], unavailability }] of windows.entries()) {
    const where = `windows[${index}]`;
    if (machines.length === 0) return `${where}: a window needs at least one machine`;
    const { start, duration } = unavailability;
    if (!Number.isFinite(start.nanoseconds)) return `${where}: unavailability.start is not a time`;
    if (duration !== undefined && !(duration.nanoseconds >= 0))
      return `${where}: unavailability.duration must not be negative`;
    const problem = machinesProblem(machines, where);
    if (problem !== undefined) return problem;
    for (const machine of machines) {
      const key = machineKey(machine);
      if (seen.has(key)) return `${where}: machine ${nameOf(machine)} is in the schedule twice`;
      seen.add(key);
    }
  }
  if (seen.size > machinesMax)
    return `a schedule may have ${machinesMax} machines, this one has ${seen.size}`;
  for (const [key, machine] of state.maintenance.down)
    if (!seen.has(key))
      return `machine ${nameOf(machine)} is down and must stay in the schedule until it is up`;
  return undefined;
}

function machinesProblem(machines: readonly MachineID[], where: string): string | undefined {
  for (const { hostname = "", ip = "" } of machines) {
    if (hostname === "" && ip === "") return `${where}: a machine needs a hostname, an ip or both`;
    if (ip !== "" && !isAddress(ip)) return `${where}: ${ip} is not an IP address`;
  }
  return undefined;
}

/** Dotted IPv4, or what only IPv6 looks like. */
function isAddress(ip: string): boolean {
  const bytes = ip.split(".");
  if (bytes.length === 4) return bytes.every((byte) => /^\d{1,3}$/.test(byte) && Number(byte) < 256);
  return ip.includes(":") && /^[0-9a-fA-F:.]{2,45}$/.test(ip);
}

const nameOf = ({ hostname, ip }: MachineID): string =>
  [hostname, ip].filter((part) => part !== undefined && part !== "").join(" at ");

/** Machines of the schedule go down: their agents are removed and may not come back before they are up. */
export function startMaintenance(state: MasterState, turn: Turn, machines: readonly MachineID[]): Reply {
  const problem = machines.length === 0 ? "no machine is named" : machinesProblem(machines, "machines");
  if (problem !== undefined) return { problem };
  for (const machine of machines) {
    if (!state.maintenance.unavailability.has(machineKey(machine)))
      return { problem: `machine ${nameOf(machine)} is not in the maintenance schedule` };
    if (state.maintenance.isDown(machine))
      return { problem: `machine ${nameOf(machine)} is not draining: it is down already` };
  }
  for (const machine of machines) state.maintenance.down.set(machineKey(machine), machine);
  turn.write(putMaintenance(state.maintenance.record()));
  for (const agent of [...state.agents.values()]) {
    if (!state.maintenance.isDown(machineOf(agent))) continue;
    turn.tellAgent(agent, { kind: "shutdownAgent", message: downMessage, mayReturn: true });
    removeAgent(state, turn, agent);
  }
  return {};
}

/** They are up again, and out of the schedule. */
export function stopMaintenance(state: MasterState, turn: Turn, machines: readonly MachineID[]): Reply {
  const problem = machines.length === 0 ? "no machine is named" : machinesProblem(machines, "machines");
  if (problem !== undefined) return { problem };
  for (const machine of machines)
    if (!state.maintenance.isDown(machine)) return { problem: `machine ${nameOf(machine)} is not down` };
  const up = new Set(machines.map(machineKey));
  for (const key of up) state.maintenance.down.delete(key);
  const windows = state.maintenance.windows.flatMap((window) => {
    const left = (window.machine_ids ?? []).filter((machine) => !up.has(machineKey(machine)));
    return left.length === 0 ? [] : [{ ...window, machine_ids: left }];
  });
  state.maintenance.setWindows(windows);
  turn.write(putMaintenance(state.maintenance.record()));
  return {};
}
