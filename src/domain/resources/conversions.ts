/**
 * What an operation does to resources: some are consumed, others stand in their place.
 *
 * Master and agent both work it out from here, so that one order given to both leads to one result. Whether the
 * operation is allowed is the master's question (`kernel/master/core/operations`).
 * Source: Mesos, Offer.Operation (contract mesos.md sections 1.5 and 5.6).
 */
import type { OfferOperation, Resource } from "#contracts/kernel/messages.gen.ts";
import { addAmounts, type Entry, makeEntry, remade, subtractAmounts, withAmount } from "./entry.ts";
import { parseResources, ResourcesInvalid } from "./parse.ts";
import { Resources } from "./resources.ts";

export interface Conversion {
  readonly consumed: Resources;
  readonly converted: Resources;
}

/** Operations that change what kind of resources an agent has. */
export const conversionTypes = [
  "RESERVE",
  "UNRESERVE",
  "CREATE",
  "DESTROY",
  "GROW_VOLUME",
  "SHRINK_VOLUME",
] as const;
export type ConversionType = (typeof conversionTypes)[number];

export function isConversion(type: string | undefined): type is ConversionType {
  return (conversionTypes as readonly (string | undefined)[]).includes(type);
}

/** Throws `ResourcesInvalid` for an operation that makes no sense by itself. */
export function conversionOf(operation: OfferOperation): Conversion {
  const { reserve, unreserve, create, destroy, grow_volume: grow, shrink_volume: shrink } = operation;
  switch (operation.type) {
    case "RESERVE":
      return reserveConversion(present(operation.type, reserve));
    case "UNRESERVE": {
      const consumed = some(operation.type, present(operation.type, unreserve).resources);
      return { consumed, converted: Resources.of(consumed.entries.map(unreserved)) };
    }
    case "CREATE": {
      const converted = some(operation.type, present(operation.type, create).volumes);
      return { consumed: Resources.of(converted.entries.map(withoutVolume)), converted };
    }
    case "DESTROY": {
      const consumed = some(operation.type, present(operation.type, destroy).volumes);
      return { consumed, converted: Resources.of(consumed.entries.map(withoutVolume)) };
    }
    case "GROW_VOLUME": {
      const { volume, addition } = present(operation.type, grow);
      return growConversion(one(volume), one(addition));
    }
    case "SHRINK_VOLUME": {
      const { volume, subtract } = present(operation.type, shrink);
      return shrinkConversion(one(volume), subtract.value);
    }
    default:
      throw new ResourcesInvalid(
        `${operation.type ?? "an operation without a type"} does not change resources`,
      );
  }
}

/** `resources` after the conversion; undefined when they do not hold what it consumes. */
export function converted(
  resources: Resources,
  { consumed, converted: made }: Conversion,
): Resources | undefined {
  return resources.contains(consumed) ? resources.minus(consumed).plus(made) : undefined;
}

/** The same operation with its resources in the one format that master and agent keep. */
export function normalised(operation: OfferOperation): OfferOperation {
  const {
    type,
    id,
    reserve,
    unreserve,
    create,
    destroy,
    grow_volume: grow,
    shrink_volume: shrink,
  } = operation;
  const wire = (given: readonly Resource[] = []): readonly Resource[] => parseResources(given).toWire();
  return {
    ...(type === undefined ? {} : { type }),
    ...(id === undefined ? {} : { id }),
    ...(reserve === undefined
      ? {}
      : {
          reserve: {
            ...((reserve.source ?? []).length === 0 ? {} : { source: wire(reserve.source) }),
            resources: wire(reserve.resources),
          },
        }),
    ...(unreserve === undefined ? {} : { unreserve: { resources: wire(unreserve.resources) } }),
    ...(create === undefined ? {} : { create: { volumes: wire(create.volumes) } }),
    ...(destroy === undefined ? {} : { destroy: { volumes: wire(destroy.volumes) } }),
    ...(grow === undefined
      ? {}
      : { grow_volume: { volume: wireOne(grow.volume), addition: wireOne(grow.addition) } }),
    ...(shrink === undefined
      ? {}
      : { shrink_volume: { volume: wireOne(shrink.volume), subtract: shrink.subtract } }),
  };
}

const wireOne = (given: Resource): Resource => parseResources([given]).toWire()[0] ?? given;

/** What these were before any dynamic reservation and volume: what the agent was started with. */
export function asStarted(resources: Resources): Resources {
  return Resources.of(
    resources.entries.map((entry) => {
      const plain = entry.disk?.persistence === undefined ? entry : withoutVolume(entry);
      return remade(plain, { reservations: plain.reservations.filter(({ type }) => type === "STATIC") });
    }),
  );
}

/** What an agent must remember: dynamically reserved resources and persistent volumes. */
export function toRemember(resources: Resources): Resources {
  return resources.filter(
    ({ reservations, disk }) =>
      disk?.persistence !== undefined || reservations.some(({ type }) => type !== "STATIC"),
  );
}

function present<Part>(type: string, part: Part | undefined): Part {
  if (part === undefined) throw new ResourcesInvalid(`${type}: ${type.toLowerCase()} is missing`);
  return part;
}

function some(type: string, wire: readonly Resource[] | undefined): Resources {
  const resources = parseResources(wire ?? []);
  if (resources.isEmpty) throw new ResourcesInvalid(`${type}: no resources are named`);
  return resources;
}

function one(wire: Resource): Entry {
  const [entry, ...others] = parseResources([wire]).entries;
  if (entry === undefined || others.length > 0) throw new ResourcesInvalid(`${wire.name}: nothing is named`);
  return entry;
}

function reserveConversion({
  source,
  resources,
}: {
  readonly source?: readonly Resource[];
  readonly resources?: readonly Resource[];
}): Conversion {
  const made = some("RESERVE", resources);
  if (source === undefined || source.length === 0)
    return { consumed: Resources.of(made.entries.map(unreserved)), converted: made };
  const consumed = some("RESERVE", source);
  // A static reservation is how the agent was started: nothing but a restart of the agent changes it.
  const kind = (entry: Entry): Entry =>
    remade(entry, { reservations: entry.reservations.filter(({ type }) => type === "STATIC") });
  if (!Resources.of(consumed.entries.map(kind)).equals(Resources.of(made.entries.map(kind))))
    throw new ResourcesInvalid(`RESERVE: ${made} are not the quantities of the source ${consumed}`);
  return { consumed, converted: made };
}

/** Without the top of its stack. */
function unreserved(entry: Entry): Entry {
  const top = entry.reservations.at(-1);
  if (top === undefined) throw new ResourcesInvalid(`${entry.name}: it is not reserved`);
  if (top.type === "STATIC") throw new ResourcesInvalid(`${entry.name}: its reservation is static`);
  return remade(entry, { reservations: entry.reservations.slice(0, -1) });
}

/** The disk below a persistent volume. */
function withoutVolume(entry: Entry): Entry {
  if (entry.disk?.persistence === undefined)
    throw new ResourcesInvalid(`${entry.name}: disk.persistence is missing`);
  const { source } = entry.disk;
  return remade(entry, { disk: source === undefined ? undefined : { source }, shared: false });
}

function growConversion(volume: Entry, addition: Entry): Conversion {
  if (withoutVolume(volume).key !== addition.key)
    throw new ResourcesInvalid(
      `GROW_VOLUME: the addition is not disk of the kind that the volume is made of`,
    );
  return {
    consumed: Resources.of([volume, addition]),
    converted: Resources.of([withAmount(volume, addAmounts(volume.amount, addition.amount))]),
  };
}

function shrinkConversion(volume: Entry, subtract: number): Conversion {
  const { amount: freed } = one({ name: "disk", type: "SCALAR", scalar: { value: subtract } });
  const has = volume.amount.kind === "scalar" ? volume.amount.millis : 0;
  if (freed.kind !== "scalar" || freed.millis >= has)
    throw new ResourcesInvalid(`SHRINK_VOLUME: ${subtract} of ${has / 1000} would leave nothing`);
  const below = withoutVolume(volume);
  return {
    consumed: Resources.of([volume]),
    converted: Resources.of([
      withAmount(volume, subtractAmounts(volume.amount, freed)),
      makeEntry(below, freed),
    ]),
  };
}
