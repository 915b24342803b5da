/** `keelson audit`: who changed what, when and from where; of the whole cluster, or of one object. */
import { type AuditRecord, listAudit } from "#contracts/observe/audit.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { instant } from "../output/table.ts";
import type { Cell, View } from "../output/view.ts";
import { everyItem } from "../paging.ts";
import { pathsText } from "./history.ts";

const recordsShown = 50;

export async function audit(context: Context, input: Input): Promise<View> {
  const object = input.optionalWord(0);
  const user = input.text("user");
  let droppedBefore: number | undefined;
  const { items } = await everyItem(
    context,
    async (window) => {
      const page = await context.connection.call("door", listAudit, {
        query: {
          ...window,
          ...(object === undefined ? {} : { object }),
          ...(user === undefined ? {} : { user }),
        },
      });
      droppedBefore = page.droppedBefore;
      return page;
    },
    Math.max(1, Math.floor(input.number("lines") ?? recordsShown)),
  );
  return {
    kind: "table",
    data: items,
    names: items.map(({ source, id }) => `${source}/${id}`),
    empty: context.say("audit.none"),
    ...(droppedBefore === undefined
      ? {}
      : { foot: context.say("audit.dropped", { at: instant(droppedBefore) }) }),
    rows: items.map((record) => ({
      at: instant(record.at),
      user: record.user,
      action: record.action,
      object: record.object,
      result: resultCell(record),
      changes: pathsText(record.changes.map(({ path }) => path)),
      from: record.from,
      source: record.source,
      message: record.message,
    })),
  };
}

const resultCell = ({ status }: AuditRecord): Cell => ({
  text: String(status),
  tone: status < 300 ? "good" : "bad",
});
