/** What of an offer a framework may take, and taking it. Source: contract marathon.md section 13. */
import type { Offer } from "#contracts/kernel/messages.gen.ts";
import { type Entry, makeEntry, type Resources, roleOf } from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";

/** Labels on reservations made for one instance; nobody else may use those. */
const reservationLabel = "marathon_framework_id";
/** Whose they are. */
export const instanceLabel = "marathon_task_id";

export function isUsable(entry: Entry, acceptedRoles: ReadonlySet<string>): boolean {
  if (entry.revocable || entry.shared || entry.providerId !== undefined) return false;
  if (entry.disk?.persistence !== undefined || entry.disk?.source !== undefined) return false;
  const isOwned = entry.reservations.some((reservation) =>
    (reservation.labels?.labels ?? []).some(({ key }) => key === reservationLabel),
  );
  return !isOwned && acceptedRoles.has(roleOf(entry));
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
  let missing = millis;
  for (const entry of reservedFirst(usable, name)) {
    if (missing === 0) break;
    if (entry.amount.kind !== "scalar") continue;
    const part = Math.min(missing, entry.amount.millis);
    if (part > 0) taken.push(makeEntry(entry, { kind: "scalar", millis: part }));
    missing -= part;
  }
  return missing === 0;
}

export function reservedFirst(usable: Resources, name: string): readonly Entry[] {
  const named = usable.entries.filter((entry) => entry.name === name);
  if (named.length < 2) return named;
  return [
    ...named.filter((entry) => entry.reservations.length > 0),
    ...named.filter((entry) => entry.reservations.length === 0),
  ];
}
