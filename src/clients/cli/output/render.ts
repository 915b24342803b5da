/** A view in the form that was asked for. What only some forms need is loaded when they are asked for. */
import type { MessageKey } from "#contracts/messages/messages.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ColumnSpec } from "../registry/spec.ts";
import { table } from "./table.ts";
import type { Row, TableView, View } from "./view.ts";

/** Text without a line end at its end; `""` prints nothing. */
export async function render(
  context: Context,
  view: View,
  columns: readonly ColumnSpec[] = [],
): Promise<string> {
  const { output } = context;
  switch (output.kind) {
    case "table":
    case "wide":
      return view.kind === "text"
        ? view.text({ isWide: output.kind === "wide" })
        : renderTable(context, view, columns, output.kind === "wide");
    case "name":
      return view.names.join("\n");
    case "json":
      return JSON.stringify(view.data);
    case "yaml":
      return toYaml(view.data);
    case "jsonpath":
      return await jsonpath(context, view.data, output.expression);
  }
}

function renderTable(
  context: Context,
  view: TableView,
  columns: readonly ColumnSpec[],
  isWide: boolean,
): string {
  if (view.rows.length === 0) return [view.empty, ...(view.foot === undefined ? [] : [view.foot])].join("\n");
  const shown = columns.filter((column) => isWide || column.isWide !== true);
  const lines = table(
    shown.map(({ header }) => context.say(header)),
    view.rows.map((row) => cellsOf(row, shown)),
    context.paint,
  );
  return view.foot === undefined ? lines : `${lines}\n${view.foot}`;
}

/** Cells in the order of the columns. */
export const cellsOf = (row: Row, columns: readonly ColumnSpec[]): readonly Row[string][] =>
  columns.map(({ name }) => row[name]);

async function toYaml(data: unknown): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(data, { aliasDuplicateObjects: false }).trimEnd();
}

async function jsonpath({ say }: Context, data: unknown, expression: string): Promise<string> {
  const { JSONPath } = await import("jsonpath-plus");
  let found: unknown;
  try {
    // Filters and scripts are off: an expression chooses, it runs nothing.
    found = JSONPath({ path: expression, json: data as object, eval: false });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(say("output.jsonpathInvalid", { expression, problem }), exitCodes.usage);
  }
  return (Array.isArray(found) ? found : [found])
    .map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
    .join("\n");
}

/** `label  value` lines, aligned; those without a value are left out. */
export function pairs(context: Context, given: readonly (readonly [MessageKey, Row[string]])[]): string {
  const rows = given
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([key, value]) => [context.say(key), value] as const);
  return table([], rows, context.paint);
}
