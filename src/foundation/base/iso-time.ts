/**
 * Instants as Marathon writes them: ISO 8601, UTC, milliseconds, `Z`.
 *
 * Cores have no `Date`; the calendar is worked out here from days since the epoch (proleptic Gregorian).
 */
import type { InstantMs } from "#foundation/base/core.ts";

const dayMs = 86_400_000;

/** The newest answer: the instances of an app all tell the same version, thousands in a row. */
let newest = { at: 0, text: "1970-01-01T00:00:00.000Z" };

export function formatInstant(at: InstantMs): string {
  if (newest.at !== at) newest = { at, text: instantText(at) };
  return newest.text;
}

function instantText(at: InstantMs): string {
  const days = Math.floor(at / dayMs);
  const inDay = at - days * dayMs;
  const { year, month, day } = civilFromDays(days);
  const hours = Math.floor(inDay / 3_600_000);
  const minutes = Math.floor(inDay / 60_000) % 60;
  const seconds = Math.floor(inDay / 1_000) % 60;
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${pad(hours, 2)}:${pad(minutes, 2)}:${pad(seconds, 2)}.${pad(inDay % 1_000, 3)}Z`;
}

const shape = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))$/;

/** Any ISO 8601 date-time with an offset; undefined for other text. Digits past the millisecond are dropped. */
export function parseInstant(text: string): InstantMs | undefined {
  const match = shape.exec(text);
  if (match === null) return undefined;
  const part = (index: number): number => Number(match[index] ?? 0);
  const days = daysFromCivil(part(1), part(2), part(3));
  const fraction = Number((match[7] ?? "").padEnd(3, "0").slice(0, 3));
  const offsetMinutes = (match[8] === "-" ? -1 : 1) * (part(9) * 60 + part(10));
  const clock = part(4) * 3_600_000 + part(5) * 60_000 + part(6) * 1_000 + fraction;
  return days * dayMs + clock - offsetMinutes * 60_000;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

/** Years start in March here, so that the leap day is the last of its year. An era has 400 years. */
export function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
}

export function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
