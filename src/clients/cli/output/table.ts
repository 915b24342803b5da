/** Tables for people: aligned columns without lines, in the columns of a terminal rather than in characters. */
import stringWidth from "string-width";
import type { Paint } from "../terminal/colour.ts";
import type { Cell } from "./view.ts";

/** `headers` may be empty: then there is no first line. */
export function table(
  headers: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: Paint = (_, text) => text,
): string {
  const texts = rows.map((row) => row.map(textOf));
  const all = headers.length === 0 ? texts : [headers, ...texts];
  const widths: number[] = [];
  for (const row of all) {
    row.forEach((text, column) => {
      widths[column] = Math.max(widths[column] ?? 0, stringWidth(text));
    });
  }
  const line = (cells: readonly string[], painted: (text: string, column: number) => string): string =>
    cells
      .map((text, column) => {
        const isLast = column === cells.length - 1;
        return painted(text, column) + (isLast ? "" : " ".repeat((widths[column] ?? 0) - stringWidth(text)));
      })
      .join("  ")
      .trimEnd();
  return [
    ...(headers.length === 0 ? [] : [line(headers, (text) => paint("heading", text))]),
    ...rows.map((row, index) =>
      line(texts[index] ?? [], (text, column) => {
        const cell = row[column];
        return typeof cell === "object" ? paint(cell.tone, text) : text;
      }),
    ),
  ].join("\n");
}

/** One line of text, whatever the cluster holds: no control character reaches the terminal. */
function textOf(cell: Cell): string {
  const text = cell === undefined ? "" : typeof cell === "object" ? cell.text : String(cell);
  return printable(text);
}

/** Line ends, escapes and other control characters as spaces. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be printed.
  text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");

/** Time since, in the two largest units a person needs: `3d4h`, `12m5s`. */
export function age(sinceMs: number | undefined, nowMs: number): string {
  if (sinceMs === undefined || Number.isNaN(sinceMs)) return "";
  return span(nowMs - sinceMs);
}

/** A length of time in the two largest units. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${Math.floor((seconds % 86_400) / 3600)}h`;
}

/** `2026-11-25 21:45:03`, in UTC as everything the cluster says. */
export const instant = (ms: number | undefined): string =>
  ms === undefined ? "" : new Date(ms).toISOString().slice(0, 19).replace("T", " ");

/** Bytes as `12 KiB`, `3.4 GiB`. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10} ${units[unit]}`;
}

/** At most three decimals, none that say nothing. */
export const amount = (value: number): string => String(Math.round(value * 1_000) / 1_000);
