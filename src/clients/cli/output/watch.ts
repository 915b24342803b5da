/** `--watch`: a read again and again. A terminal shows the newest whole; anything else gets a line for each change. */

import type { Input } from "../command-line/input.ts";
import type { Context, Read } from "../context.ts";
import { HeardChanges } from "../heard-changes.ts";
import { pause } from "../pause.ts";
import type { ColumnSpec, ReadSpec } from "../registry/spec.ts";
import { cellsOf, render } from "./render.ts";
import { table } from "./table.ts";
import type { TableView, View } from "./view.ts";

const intervalMs = 500;
/** Where events tell of changes: for what passes with time, and what has no event. */
const heardIntervalMs = 5_000;
/** A cluster that does not answer is asked again, this often. */
const retryMs = 2_000;

/** Never ends by itself: Ctrl-C does. A first answer that fails is thrown; later ones are told and tried again. */
export async function watch(
  context: Context,
  read: Read,
  input: Input,
  { columns = [], changes }: Pick<ReadSpec, "columns" | "changes">,
): Promise<never> {
  const heard = changes === undefined ? undefined : new HeardChanges(context, { kinds: changes });
  const show =
    context.terminal.isScreen && !context.json ? onScreen(context, columns) : asLines(context, columns);
  await show(await read(context, input));
  for (;;) {
    await (heard?.next({ heardMs: heardIntervalMs, unheardMs: intervalMs }) ?? pause(intervalMs));
    try {
      await show(await read(context, input));
    } catch (error) {
      const { describeFailure } = await import("../failure.ts");
      context.warn(describeFailure(error, context.say).text);
      await pause(retryMs);
    }
  }
}

function onScreen(context: Context, columns: readonly ColumnSpec[]): (view: View) => Promise<void> {
  let shown: string | undefined;
  return async (view) => {
    const text = await render(context, view, columns);
    if (text === shown) return;
    shown = text;
    const lines = text.split("\n").slice(0, Math.max(1, context.terminal.rows - 1));
    process.stdout.write(`\u001b[H\u001b[J${lines.join("\n")}\n`);
  };
}

function asLines(context: Context, columns: readonly ColumnSpec[]): (view: View) => Promise<void> {
  let before: ReadonlyMap<string, ShownRow> | undefined;
  let shown: string | undefined;
  return async (view) => {
    if (view.kind === "table" && !context.json) {
      const rows = rowsByName(context, view, columns);
      if (before === undefined) context.print(await render(context, view, columns));
      else for (const line of changesOf(before, rows)) context.print(line);
      before = rows;
      return;
    }
    const text = await render(context, view, columns);
    if (text !== shown) context.print(text);
    shown = text;
  };
}

/** A row as text, and what of it tells a change: an age passes by itself. */
export interface ShownRow {
  readonly line: string;
  readonly lasting: string;
}

function rowsByName(
  context: Context,
  view: TableView,
  columns: readonly ColumnSpec[],
): ReadonlyMap<string, ShownRow> {
  const shown = columns.filter((column) => context.output.kind === "wide" || column.isWide !== true);
  const lasting = shown.filter((column) => column.isPassing !== true);
  return new Map(
    view.rows.map((row, index) => [
      view.names[index] ?? String(index),
      { line: table([], [cellsOf(row, shown)]), lasting: table([], [cellsOf(row, lasting)]) },
    ]),
  );
}

/** A changed or new row as it is now; one that went with `-` before its name. */
export function changesOf(
  before: ReadonlyMap<string, ShownRow>,
  now: ReadonlyMap<string, ShownRow>,
): readonly string[] {
  return [
    ...[...now]
      .filter(([name, { lasting }]) => before.get(name)?.lasting !== lasting)
      .map(([, { line }]) => line),
    ...[...before.keys()].filter((name) => !now.has(name)).map((name) => `- ${name}`),
  ];
}
