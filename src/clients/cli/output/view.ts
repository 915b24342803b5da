/** What a read shows, before it is known how: rows for a table, or a text, and the data they were made from. */
import type { ExitCode } from "../exit-codes.ts";
import type { Tone } from "../terminal/colour.ts";

/** What stands in a table; the tone is decoration, the text says it all. */
export type Cell = string | number | undefined | { readonly text: string; readonly tone: Tone };

/** Cells by name of the column. */
export type Row = Readonly<Record<string, Cell>>;

interface ViewBase {
  /** What `json`, `yaml` and `jsonpath` show. */
  readonly data: unknown;
  /** What `name` shows: one id a line. */
  readonly names: readonly string[];
  /** What the command ends with when it is not 0. */
  readonly exitCode?: ExitCode;
}

export interface TableView extends ViewBase {
  readonly kind: "table";
  /** One for each name, in the same order. */
  readonly rows: readonly Row[];
  /** The sentence where there is no row, with a command that changes that. */
  readonly empty: string;
  /** A line below the table: what was left out. */
  readonly foot?: string;
}

export interface TextView extends ViewBase {
  readonly kind: "text";
  readonly text: (options: { readonly isWide: boolean }) => string;
}

export type View = TableView | TextView;
