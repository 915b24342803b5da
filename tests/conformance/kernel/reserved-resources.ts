/** Reservations, volumes and operations as tests write them. */
import type {
  Offer,
  OfferOperation,
  OperationStatus,
  Resource,
  TaskInfo,
} from "#contracts/kernel/messages.gen.ts";
import type { KernelProcesses } from "./kernel-processes.ts";
import { aTask, type SchedulerClient } from "./scheduler-client.ts";

export const reservedFor = (...roles: readonly string[]): Partial<Resource> => ({
  reservations: roles.map((role) => ({ type: "DYNAMIC" as const, role })),
});

export const scalar = (name: string, value: number, more: Partial<Resource> = {}): Resource => ({
  name,
  type: "SCALAR",
  scalar: { value },
  ...more,
});

/** A volume of reserved disk that tasks find at `data`. */
export const volume = (role: string, id: string, size: number, more: Partial<Resource> = {}): Resource =>
  scalar("disk", size, {
    ...reservedFor(role),
    disk: { persistence: { id }, volume: { container_path: "data", mode: "RW" } },
    ...more,
  });

export const reserve = (...resources: readonly Resource[]): OfferOperation => ({
  type: "RESERVE",
  reserve: { resources },
});
export const unreserve = (...resources: readonly Resource[]): OfferOperation => ({
  type: "UNRESERVE",
  unreserve: { resources },
});
export const create = (...volumes: readonly Resource[]): OfferOperation => ({
  type: "CREATE",
  create: { volumes },
});
export const destroy = (...volumes: readonly Resource[]): OfferOperation => ({
  type: "DESTROY",
  destroy: { volumes },
});
export const launch = (...task_infos: readonly TaskInfo[]): OfferOperation => ({
  type: "LAUNCH",
  launch: { task_infos },
});

/** A task on exactly these resources. */
export const taskOn = (id: string, offer: Offer, command: string, resources: readonly Resource[]): TaskInfo =>
  aTask(id, offer, { command, more: { resources } });

export const refining = {
  capabilities: ["MULTI_ROLE", "RESERVATION_REFINEMENT", "SHARED_RESOURCES"].map((type) => ({ type })),
};

export const idsOfVolumes = ({ resources = [] }: Offer): readonly string[] =>
  resources.flatMap(({ disk }) => disk?.persistence?.id ?? []);

export const operationStatuses = ({ events }: SchedulerClient): readonly OperationStatus[] =>
  events.flatMap(({ update_operation_status: update }) => update?.status ?? []);

export interface SlaveFull {
  readonly id: string;
  readonly hostname: string;
  readonly reserved_resources_full: Readonly<Record<string, readonly Resource[]>>;
  readonly unreserved_resources_full: readonly Resource[];
  readonly used_resources_full: readonly Resource[];
  readonly reserved_resources: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** An agent as `/slaves` shows it. */
export async function slave(world: KernelProcesses, name: string): Promise<SlaveFull> {
  const { slaves } = (await world.get("/slaves")) as { readonly slaves: readonly SlaveFull[] };
  const found = slaves.find(({ hostname }) => hostname === `${name}.test`);
  if (found === undefined) throw new Error(`no agent ${name}`);
  return found;
}
