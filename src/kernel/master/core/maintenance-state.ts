/** What the master keeps of maintenance: the schedule and the machines that are down, and what frameworks answered. */
import type {
  InverseOffer,
  MachineID,
  MaintenanceWindow,
  Unavailability,
} from "#contracts/kernel/messages.gen.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { type AgentRecord, addressOf } from "./records.ts";
import type { MaintenanceRecord } from "./registry.ts";

/** Machines are the same when both their names are, whatever the letters' case. */
export const machineKey = ({ hostname = "", ip = "" }: MachineID): string =>
  `${hostname.toLowerCase()} ${ip}`;

export const machineOf = ({ info, pid }: Pick<AgentRecord, "info" | "pid">): MachineID => ({
  hostname: info.hostname,
  ip: addressOf(pid).ip,
});

/** What an agent of such a machine is told. */
export const downMessage = "its machine is down for maintenance";

/** An inverse offer that a framework has not answered. */
export interface InverseOfferRecord {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly wire: InverseOffer;
}

/** What a framework said last of an agent that will not be there. */
export interface InverseAnswer {
  readonly status: "ACCEPT" | "DECLINE";
  readonly at: InstantMs;
  /** It is not asked again before. */
  readonly quietUntil: InstantMs;
}

export class MaintenanceState {
  #windows: readonly MaintenanceWindow[] = [];
  #unavailability: ReadonlyMap<string, Unavailability> = new Map();
  /** By machine key. */
  readonly down = new Map<string, MachineID>();
  readonly inverseOffers = new Map<string, InverseOfferRecord>();
  /** By agent, then framework. */
  readonly answers = new Map<string, Map<string, InverseAnswer>>();

  get windows(): readonly MaintenanceWindow[] {
    return this.#windows;
  }

  /** By machine key. */
  get unavailability(): ReadonlyMap<string, Unavailability> {
    return this.#unavailability;
  }

  setWindows(windows: readonly MaintenanceWindow[]): void {
    this.#windows = windows;
    this.#unavailability = new Map(
      windows.flatMap(({ machine_ids: machines = [], unavailability }) =>
        machines.map((machine) => [machineKey(machine), unavailability] as const),
      ),
    );
  }

  /** When the agent's machine will not be there; undefined: nobody said. */
  unavailabilityOf(agent: Pick<AgentRecord, "info" | "pid">): Unavailability | undefined {
    return this.#unavailability.size === 0
      ? undefined
      : this.#unavailability.get(machineKey(machineOf(agent)));
  }

  isDown(machine: MachineID): boolean {
    return this.down.has(machineKey(machine));
  }

  record(): MaintenanceRecord {
    return { windows: this.#windows, down: [...this.down.values()] };
  }
}
