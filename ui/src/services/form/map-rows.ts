/** Rows of names and values while they are typed, and the map they stand for. */
import type { TextKey } from "../../i18n/catalogue.ts";
import { isFields } from "../definition/document.ts";
import { sameJson } from "../definition/same-json.ts";

export interface MapRow {
  readonly name: string;
  /** Not a text where the definition has something else, such as a reference to a secret; it is kept as it is. */
  readonly value: unknown;
}

export const rowsOf = (value: unknown): readonly MapRow[] =>
  isFields(value) ? Object.entries(value).map(([name, item]) => ({ name, value: item })) : [];

/** Of several rows with one name the first counts; rows without a name do not. Undefined when nothing is left. */
export function mapOfRows(rows: readonly MapRow[]): Readonly<Record<string, unknown>> | undefined {
  const counted = rows.filter((row, index) => row.name !== "" && firstWith(rows, row.name) === index);
  return counted.length === 0
    ? undefined
    : Object.fromEntries(counted.map(({ name, value }) => [name, value]));
}

const firstWith = (rows: readonly MapRow[], name: string): number =>
  rows.findIndex((row) => row.name === name);

/** Why a row does not count, if it does not. */
export function rowProblem(rows: readonly MapRow[], index: number): TextKey | undefined {
  const row = rows[index];
  if (row === undefined) return undefined;
  if (row.name === "") return row.value === "" ? undefined : "ui.form.nameMissing";
  return firstWith(rows, row.name) === index ? undefined : "ui.form.nameTwice";
}

/** Whether the rows stand for this map. */
export const showsMap = (rows: readonly MapRow[], value: unknown): boolean =>
  sameJson(mapOfRows(rows) ?? {}, isFields(value) ? value : {});
