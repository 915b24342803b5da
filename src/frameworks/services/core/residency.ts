/**
 * Instances with persistent volumes: what they need is reserved on one agent, and they stay there.
 *
 * Reserved, created and launched in one ACCEPT, which may get lost on its way. So a reservation counts as made only when a
 * task ran on it or an offer held it; one that neither happened to is given up after a while, and another is made
 * elsewhere. What is left of instances that are gone is given back: `releases.ts`.
 * Source: contract marathon.md section 14.
 */
import type { Labels, OfferOperation, Resource } from "#contracts/kernel/messages.gen.ts";
import { volumesOf } from "#domain/definitions/app.ts";
import { instanceLabel } from "#domain/placement/offered-resources.ts";
import {
  type Entry,
  makeEntry,
  parseResources,
  Resources,
  remade,
  withAmount,
} from "#domain/resources/index.ts";
import { rootSizeOf } from "./app-facts.ts";
import type { App } from "./app-table.ts";
import { isActive } from "./conditions.ts";
import type { Instance, Reservation } from "./instance.ts";
import { frameworkLabel, noteRelease } from "./releases.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";
import type { WaitingInstances } from "./waiting-instances.ts";

/** Has volumes; everything of it is reserved before it is launched. */
export const isResident = ({ definition }: Pick<App, "definition">): boolean =>
  volumesOf(definition).length > 0;

/** Survives its task: there may be data. */
export const keepsReservation = ({ reservation }: Instance): boolean => reservation?.isMade === true;

/** Kept for another time; nothing of it runs, as far as anybody can see. */
export const isStopped = ({ goal, condition }: Instance): boolean =>
  goal === "Stopped" && (!isActive(condition) || condition === "Unreachable");

export interface Reserving {
  readonly reservation: Reservation;
  readonly operations: readonly OfferOperation[];
}

/** Out of what is anybody's: reserved for the instance, with its volumes. `disks` are those of volumes on others than the agent's own. */
export function reserveFor(
  state: ServicesState,
  app: App,
  instance: Pick<Instance, "id" | "role">,
  { taken, disks }: { readonly taken: Resources; readonly disks: readonly Entry[] },
): Reserving {
  const labels: Labels = {
    labels: [
      { key: frameworkLabel, value: state.connection.frameworkId ?? "" },
      { key: instanceLabel, value: instance.id },
    ],
  };
  const reservations = [{ type: "DYNAMIC" as const, role: instance.role, labels }];
  const others = [...disks];
  const volumes = volumesOf(app.definition).map(({ containerPath, persistent }) => {
    const uuid = state.random.uuid();
    const below = persistent.type === "root" ? rootDisk(persistent.size) : others.shift();
    if (below === undefined) throw new Error(`no disk was chosen for ${containerPath} of ${app.id}`);
    const persistenceId = `${app.id.slice(1).replaceAll("/", "_")}#${containerPath}#${uuid}`;
    return { containerPath, uuid, persistenceId, below: remade(below, { reservations }) };
  });
  const created = Resources.of(
    volumes.map(({ containerPath, persistenceId, below }) =>
      remade(below, {
        disk: {
          ...below.disk,
          persistence: { id: persistenceId },
          volume: { container_path: containerPath, mode: "RW" },
        },
      }),
    ),
  );
  const held = withoutVolumes(app, taken).map((entry) => remade(entry, { reservations }));
  return {
    reservation: {
      resources: wire(Resources.of(held).plus(created)),
      volumes: volumes.map(({ containerPath, uuid, persistenceId }) => ({
        containerPath,
        uuid,
        persistenceId,
      })),
      isMade: false,
    },
    operations: [
      {
        type: "RESERVE",
        reserve: { resources: wire(Resources.of([...held, ...volumes.map(({ below }) => below)])) },
      },
      { type: "CREATE", create: { volumes: wire(created) } },
    ],
  };
}

const rootDisk = (size: number): Entry =>
  makeEntry(
    {
      name: "disk",
      reservations: [],
      disk: undefined,
      providerId: undefined,
      revocable: false,
      shared: false,
    },
    { kind: "scalar", millis: size * 1_000 },
  );

/** What volumes are made of is not the task's own. */
function withoutVolumes({ definition }: App, taken: Resources): readonly Entry[] {
  const millis = rootSizeOf(volumesOf(definition)) * 1_000;
  return taken.entries
    .filter(({ disk }) => disk?.source === undefined)
    .map((entry) =>
      entry.name === "disk" && entry.amount.kind === "scalar"
        ? withAmount(entry, { kind: "scalar", millis: entry.amount.millis - millis })
        : entry,
    );
}

/** All that was reserved for an instance. */
export const reservedOf = ({ resources }: Reservation): Resources => parseResources(resources);

// The framework doesn't claim to know stacked reservations, so it speaks the older format.
const wire = (resources: Resources): readonly Resource[] => resources.toWire({ format: "old" });

/** The first waiting instance that can be placed here: one whose reservation is offered, or, in the role of its app, one without any. */
export function nextFor(
  waiting: WaitingInstances,
  {
    agentId,
    left,
    takesFresh,
  }: { readonly agentId: string; readonly left: Resources; readonly takesFresh: boolean },
): { readonly instance: Instance; readonly reserved: Resources | undefined } | undefined {
  for (const instance of waiting.boundTo(agentId)) {
    if (instance.reservation === undefined) continue;
    const reserved = reservedOf(instance.reservation);
    if (left.contains(reserved)) return { instance, reserved };
  }
  const fresh = takesFresh ? waiting.firstFresh() : undefined;
  return fresh === undefined ? undefined : { instance: fresh, reserved: undefined };
}

/** What a task says: the reservation is there, or it never came to be. */
export function reservationTold(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  told: "alive" | "refused" | "ended",
): void {
  const { reservation } = instance;
  if (reservation === undefined || reservation.isMade) return;
  if (told === "alive") {
    state.timers.cancel(reservationKey(instance.id));
    state.instances.change(turn, instance, { reservation: { ...reservation, isMade: true } });
  } else if (told === "refused") giveUp(turn, state, instance);
  else watchReservation(turn, state, instance);
}

/** Of an instance that waits and whose reservation nobody has seen. */
export function watchReservation(turn: Turn, state: ServicesState, instance: Instance): void {
  if (instance.reservation === undefined || instance.reservation.isMade || isActive(instance.condition))
    return;
  state.timers.set(reservationKey(instance.id), turn.now + state.policy.reservationTimeoutMs, {
    kind: "reservationLate",
    instanceId: instance.id,
  });
}

export function reservationLate(turn: Turn, state: ServicesState, instance: Instance): void {
  if (instance.reservation?.isMade === false && !isActive(instance.condition)) giveUp(turn, state, instance);
}

/** No task was ever in it, so there is no data; should it be there all the same, it is released. */
function giveUp(turn: Turn, state: ServicesState, instance: Instance): void {
  noteRelease(turn, state, instance);
  state.timers.cancel(reservationKey(instance.id));
  state.instances.change(turn, instance, { reservation: undefined });
}

export const reservationKey = (instanceId: string): string => `reservation/${instanceId}`;
