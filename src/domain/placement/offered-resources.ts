/** What of an offer a framework may take, and taking it. Source: contract marathon.md section 13. */
import type { Offer } from "#contracts/kernel/messages.gen.ts";
import { type Entry, makeEntry, type Resources, roleOf } from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";

/** Labels on reservations made for one instance; nobody else may use those. */
const reservationLabel = "marathon_framework_id";
/** Whose they are. */
export const instanceLabel = "marathon_task_id";

type AcceptsRole = (role: string) => boolean;

/** By anybody; of disks, the agent's own. */
export const isUsable = (entry: Entry, isAcceptedRole: AcceptsRole): boolean =>
  entry.disk?.source === undefined && isFree(entry, isAcceptedRole);

/** By volumes that ask for another disk than the agent's own. */
export const isUsableDisk = (entry: Entry, isAcceptedRole: AcceptsRole): boolean =>
  (entry.disk?.source?.type === "PATH" || entry.disk?.source?.type === "MOUNT") &&
  isFree(entry, isAcceptedRole);

function isFree(entry: Entry, isAcceptedRole: AcceptsRole): boolean {
  if (entry.revocable || entry.shared || entry.providerId !== undefined) return false;
  if (entry.disk?.persistence !== undefined) return false;
  const isOwned = entry.reservations.some((reservation) =>
    (reservation.labels?.labels ?? []).some(({ key }) => key === reservationLabel),
  );
  return !isOwned && isAcceptedRole(roleOf(entry));
}

/** From `drainingMs` before the window's start to its end. */
export function isInMaintenance(
  offer: Offer,
  { now, drainingMs }: { readonly now: InstantMs; readonly drainingMs: number },
): boolean {
  const start = offer.unavailability?.start.nanoseconds;
  if (start === undefined) return false;
  const startMs = Number(start) / 1_000_000;
  const duration = offer.unavailability?.duration?.nanoseconds;
  const endMs = duration === undefined ? Number.POSITIVE_INFINITY : startMs + Number(duration) / 1_000_000;
  return now > startMs - drainingMs && now < endMs;
}

/** Reserved resources first: nobody else can use those. */
export function takeScalar(usable: Resources, name: string, millis: number, taken: Entry[]): boolean {
  const missing = takePart(usable, name, millis, taken, isReserved);
  return (missing === 0 ? 0 : takePart(usable, name, missing, taken, isUnreserved)) === 0;
}

/** What is still missing after those of one kind. */
function takePart(
  { entries }: Resources,
  name: string,
  millis: number,
  taken: Entry[],
  isOfKind: (entry: Entry) => boolean,
): number {
  let missing = millis;
  for (const entry of entries) {
    if (missing === 0) break;
    if (entry.name !== name || entry.amount.kind !== "scalar" || !isOfKind(entry)) continue;
    const part = Math.min(missing, entry.amount.millis);
    if (part > 0) taken.push(makeEntry(entry, { kind: "scalar", millis: part }));
    missing -= part;
  }
  return missing;
}

const isReserved = ({ reservations }: Entry): boolean => reservations.length > 0;
const isUnreserved = (entry: Entry): boolean => !isReserved(entry);

export function reservedFirst(usable: Resources, name: string): readonly Entry[] {
  const named = usable.entries.filter((entry) => entry.name === name);
  if (named.length < 2) return named;
  return [...named.filter(isReserved), ...named.filter(isUnreserved)];
}
