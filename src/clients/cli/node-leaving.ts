/** What has to leave a machine when it is emptied, and whether there is room for it elsewhere. */
import { listNodes, listTasks, type NodeItem, type TaskItem } from "#contracts/kernel/own-endpoints.ts";
import type { Context } from "./context.ts";
import { amount, table } from "./output/table.ts";
import { everyItem } from "./paging.ts";

export interface Leaving {
  readonly tasks: readonly TaskItem[];
  /** Free on other nodes that take tasks. */
  readonly free: { readonly cpus: number; readonly mem: number };
  readonly wanted: { readonly cpus: number; readonly mem: number };
}

export async function leavingOf(context: Context, node: NodeItem): Promise<Leaving> {
  const { connection } = context;
  const [{ items: tasks }, { items: nodes }] = await Promise.all([
    everyItem(context, (query) =>
      connection.call("kernel", listTasks, { query: { ...query, node: node.id } }),
    ),
    everyItem(context, (query) => connection.call("kernel", listNodes, { query })),
  ]);
  const others = nodes.filter(
    ({ id, state, standing }) => id !== node.id && state === "active" && standing === "inService",
  );
  const sum = (values: readonly number[]): number =>
    Math.round(values.reduce((all, each) => all + each, 0) * 1000) / 1000;
  return {
    tasks,
    free: {
      cpus: sum(others.map(({ total, used }) => total.cpus - used.cpus)),
      mem: sum(others.map(({ total, used }) => total.mem - used.mem)),
    },
    wanted: { cpus: sum(tasks.map(({ cpus }) => cpus)), mem: sum(tasks.map(({ mem }) => mem)) },
  };
}

/** Tasks by what they belong to, and the room for them. */
export function leavingText(context: Context, node: NodeItem, { tasks, free, wanted }: Leaving): string {
  const { say } = context;
  const name = node.hostname === "" ? node.id : node.hostname;
  if (tasks.length === 0) return say("node.nothingLeaves", { name });
  const groups = new Map<string, TaskItem[]>();
  for (const task of tasks) groups.set(ownerOf(task), [...(groups.get(ownerOf(task)) ?? []), task]);
  const rows = [...groups].map(([owner, own]) => [
    owner,
    String(own.length),
    amount(own.reduce((sum, { cpus }) => sum + cpus, 0)),
    amount(own.reduce((sum, { mem }) => sum + mem, 0)),
  ]);
  const headers = (["column.owner", "column.tasks", "column.cpus", "column.memory"] as const).map((key) =>
    say(key),
  );
  const isShort = wanted.cpus > free.cpus || wanted.mem > free.mem;
  return [
    say("node.leaving", { name, count: tasks.length }),
    table(headers, rows, context.paint),
    say(isShort ? "node.noRoomElsewhere" : "node.roomElsewhere", {
      wantedCpus: amount(wanted.cpus),
      wantedMem: amount(wanted.mem),
      freeCpus: amount(free.cpus),
      freeMem: amount(free.mem),
    }),
  ].join("\n");
}

/** The service, or the framework of what is no service's. Services' tasks are named `web.shop` for `/shop/web`. */
const ownerOf = ({ name, frameworkName }: TaskItem): string =>
  frameworkName === "marathon" ? `/${name.split(".").reverse().join("/")}` : frameworkName;
