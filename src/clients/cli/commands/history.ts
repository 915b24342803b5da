/** `keelson history`: versions of a service, who made them and why, and what changed. */

import { servicePath } from "#clients/client/services.ts";
import { type HistoryEntry, showHistory } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { age, instant } from "../output/table.ts";
import type { View } from "../output/view.ts";
import { everyItem } from "../paging.ts";
import { changeLines } from "../plan-text.ts";
import { namingService } from "../services.ts";

/** As many as are kept. */
const versionsShown = 50;
const pathsShown = 4;

export async function history(context: Context, input: Input): Promise<View> {
  const id = servicePath(input.word(0));
  const max = Math.max(1, Math.floor(input.number("lines") ?? versionsShown));
  const { items } = await namingService(context, id, () =>
    everyItem(
      context,
      (window) =>
        context.connection.call("services", showHistory, { params: { id: id.slice(1) }, query: window }),
      max,
    ),
  );
  const names = items.map(({ version }) => version);
  if (input.isOn("diff")) {
    return {
      kind: "text",
      data: items,
      names,
      text: () => items.map((entry) => entryText(context, entry)).join("\n\n"),
    };
  }
  const now = Date.now();
  return {
    kind: "table",
    data: items,
    names,
    empty: context.say("history.none", { name: id }),
    rows: items.map((entry) => ({
      version: entry.version,
      current: entry.isCurrent ? "*" : "",
      age: age(entry.at, now),
      user: entry.user,
      changes: pathsText(entry.changes.map(({ path }) => path)),
      message: entry.message,
      from: entry.from,
    })),
  };
}

/** The fields that changed, the first few of them. */
export function pathsText(paths: readonly string[]): string {
  const shown = paths.slice(0, pathsShown).join(" ");
  return paths.length > pathsShown ? `${shown} +${paths.length - pathsShown}` : shown;
}

function entryText(context: Context, entry: HistoryEntry): string {
  const { say, paint } = context;
  const head = say("history.entry", {
    version: entry.version,
    current: entry.isCurrent ? "yes" : "no",
    at: instant(entry.at),
    user: entry.user ?? "-",
    from: entry.from ?? "-",
  });
  return [
    paint("strong", head),
    ...(entry.message === undefined ? [] : [`    ${entry.message}`]),
    ...(entry.changes.length === 0
      ? [`    ${say("history.noChanges")}`]
      : changeLines(context, entry.changes).map((line) => `    ${line}`)),
  ].join("\n");
}
