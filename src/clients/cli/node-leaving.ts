/** What has to leave a node when it is emptied, asked of the kernel and told in words. */
import { listNodes, listTasks, type NodeItem } from "#contracts/kernel/own-endpoints.ts";
import { type Leaving, leavingOf } from "#domain/nodes/index.ts";
import type { Context } from "./context.ts";
import { amount, table } from "./output/table.ts";
import { everyItem } from "./paging.ts";

export async function leavingFrom(context: Context, node: NodeItem): Promise<Leaving> {
  const { connection } = context;
  const [{ items: tasks }, { items: nodes }] = await Promise.all([
    everyItem(context, (query) =>
      connection.call("kernel", listTasks, { query: { ...query, node: node.id } }),
    ),
    everyItem(context, (query) => connection.call("kernel", listNodes, { query })),
  ]);
  return leavingOf(node.id, tasks, nodes);
}

/** Tasks by what they belong to, and the room for them. */
export function leavingText(
  context: Context,
  node: NodeItem,
  { count, groups, free, wanted, hasRoom }: Leaving,
): string {
  const { say } = context;
  const name = node.hostname === "" ? node.id : node.hostname;
  if (count === 0) return say("node.nothingLeaves", { name });
  const rows = groups.map((each) => [each.owner, String(each.count), amount(each.cpus), amount(each.mem)]);
  const headers = (["column.owner", "column.tasks", "column.cpus", "column.memory"] as const).map((key) =>
    say(key),
  );
  return [
    say("node.leaving", { name, count }),
    table(headers, rows, context.paint),
    say(hasRoom ? "node.roomElsewhere" : "node.noRoomElsewhere", {
      wantedCpus: amount(wanted.cpus),
      wantedMem: amount(wanted.mem),
      freeCpus: amount(free.cpus),
      freeMem: amount(free.mem),
    }),
  ].join("\n");
}
