/** What a framework that keeps the data of its tasks does with an offer: reservations and volumes of its own. */
import type { Offer, OfferOperation, Resource, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import { conversionOf, converted, parseResources, Resources } from "#domain/resources/index.ts";
import type { StrangerSettings } from "./stranger-core.ts";

export interface DurableSettings extends StrangerSettings {
  readonly volumeMib: number;
}

export const isDurable = (settings: StrangerSettings): settings is DurableSettings =>
  settings.volumeMib !== undefined;

export interface DurableMoves {
  readonly operations: readonly OfferOperation[];
  readonly launched: readonly TaskInfo[];
}

/** Volumes that are not taken again but destroyed: each so many tasks. */
const freshEvery = 4;

/**
 * Volumes that came back get a task, or are destroyed when no task is wanted; then new ones are made. What is reserved
 * and belongs to no volume is given back.
 */
export function durableMoves(
  offer: Offer,
  settings: DurableSettings,
  wishes: {
    readonly wanted: number;
    readonly nextNumber: () => number;
    readonly taskOf: (number: number, resources: readonly Resource[]) => TaskInfo;
  },
): DurableMoves {
  const { role, name, volumeMib } = settings;
  const operations: OfferOperation[] = [];
  const launched: TaskInfo[] = [];
  let rest = parseResources(offer.resources ?? []);
  const perform = (operation: OfferOperation): void => {
    const after = converted(rest, conversionOf(operation));
    if (after === undefined) return;
    operations.push({ ...operation, id: { value: `${name}-op-${offer.id.value}-${operations.length}` } });
    rest = after;
  };
  const reserved = (what: string, value: number): Resource => ({
    name: what,
    type: "SCALAR",
    scalar: { value },
    reservations: [{ type: "DYNAMIC", role }],
  });
  const unit = [reserved("cpus", settings.cpus), reserved("mem", settings.memMib)];
  const disk = reserved("disk", volumeMib);
  const launch = (number: number, volume: Resource): void => {
    const task = wishes.taskOf(number, [...unit, volume]);
    operations.push({ type: "LAUNCH", launch: { task_infos: [task] } });
    launched.push(task);
    rest = rest.minus(parseResources([...unit, volume]));
  };
  const isWanted = (): boolean => launched.length < wishes.wanted;
  const canRun = (volume: readonly Resource[]): boolean =>
    rest.contains(parseResources([...unit, ...volume]));
  for (const entry of rest.volumes()) {
    const [volume] = Resources.of([entry]).toWire();
    if (volume === undefined) continue;
    const number = isWanted() ? wishes.nextNumber() : 0;
    if (number % freshEvery === 0) {
      perform({ type: "DESTROY", destroy: { volumes: [volume] } });
      continue;
    }
    if (!canRun([volume])) perform({ type: "RESERVE", reserve: { resources: unit } });
    if (canRun([volume])) launch(number, volume);
  }
  while (isWanted()) {
    perform({ type: "RESERVE", reserve: { resources: [...unit, disk] } });
    const number = wishes.nextNumber();
    const volume: Resource = {
      ...disk,
      disk: { persistence: { id: `${name}-v${number}` }, volume: { container_path: "data", mode: "RW" } },
    };
    perform({ type: "CREATE", create: { volumes: [volume] } });
    if (!canRun([volume])) break;
    launch(number, volume);
  }
  const idle = rest.filter(
    ({ disk: of, reservations }) => of?.persistence === undefined && reservations.at(-1)?.type === "DYNAMIC",
  );
  if (!idle.isEmpty) perform({ type: "UNRESERVE", unreserve: { resources: idle.toWire() } });
  return { operations, launched };
}
