/** Flags as an operator writes them down: one JSON object, each name with its value. Everything wrong is told by the flag's name. */
import { isJsonObject, type JsonValue } from "./json.ts";

/** Reads the value of one flag; throws RangeError that says what it should be. */
export type FlagReader<Settings> = (value: JsonValue) => Settings;

/** What every flag says, in the order in which they stand. Throws RangeError. */
export function readFlagFile<Settings>(
  given: JsonValue,
  readers: Readonly<Record<string, FlagReader<Settings>>>,
): readonly Settings[] {
  if (!isJsonObject(given)) throw new RangeError("flags are an object: each name with its value");
  return Object.entries(given).map(([name, value = null]) => {
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (reader === undefined)
      throw new RangeError(`there is no flag ${name} here; there are ${Object.keys(readers).join(", ")}`);
    try {
      return reader(value);
    } catch (error) {
      throw new RangeError(`flag ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

/** As text, for those who ask what a daemon was started with. */
export const flagTexts = (given: JsonValue | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(isJsonObject(given) ? given : {}).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  secs: 1_000,
  mins: 60_000,
  hrs: 3_600_000,
  days: 86_400_000,
  weeks: 604_800_000,
};
const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
};

function quantity(value: JsonValue, units: Readonly<Record<string, number>>, example: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(String(value)) ?? [];
  const size = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (digits === undefined || size === undefined)
    throw new RangeError(
      `${JSON.stringify(value)} is not of the form ${example} (${Object.keys(units).join(", ")})`,
    );
  return Math.round(Number(digits) * size);
}

/** `15secs`, in ms. */
export const durationFlag = (value: JsonValue): number => quantity(value, unitMs, "15secs");

/** `2GB`, in bytes. */
export const bytesFlag = (value: JsonValue): number => quantity(value, unitBytes, "2GB");

export function textFlag(value: JsonValue): string {
  if (typeof value === "string" && value !== "") return value;
  throw new RangeError(`${JSON.stringify(value)} is not a text`);
}

export function booleanFlag(value: JsonValue): boolean {
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw new RangeError(`${JSON.stringify(value)} is neither true nor false`);
}

/** A switch of Marathon's: `on` and `off` beside true and false. */
export const switchFlag = (value: JsonValue): boolean =>
  value === "on" || value === "off" ? value === "on" : booleanFlag(value);

/** At least 0; `isWhole`: without a part. */
export function numberFlag(value: JsonValue, { isWhole = false } = {}): number {
  const found = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (
    typeof found === "number" &&
    Number.isFinite(found) &&
    found >= 0 &&
    (!isWhole || Number.isSafeInteger(found))
  )
    return found;
  throw new RangeError(`${JSON.stringify(value)} is not a ${isWhole ? "whole " : ""}number from 0 on`);
}

/** `a,b` or a list of texts. */
export function listFlag(value: JsonValue): readonly string[] {
  if (Array.isArray(value)) return value.map(textFlag);
  return textFlag(value)
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}
