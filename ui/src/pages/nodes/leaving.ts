/** What has to leave a node when it is emptied, and whether there is room for it elsewhere. */
import type { NodeItem, TaskItem } from "#contracts/kernel/own-endpoints.ts";

export interface LeavingGroup {
  /** The service, or the framework of what is no service's. */
  readonly owner: string;
  readonly count: number;
}

export interface Leaving {
  readonly groups: readonly LeavingGroup[];
  readonly wanted: { readonly cpus: number; readonly mem: number };
  /** On other nodes that take tasks. */
  readonly free: { readonly cpus: number; readonly mem: number };
  readonly hasRoom: boolean;
}

export function leavingOf(nodeId: string, tasks: readonly TaskItem[], nodes: readonly NodeItem[]): Leaving {
  const counts = new Map<string, number>();
  for (const task of tasks) counts.set(ownerOf(task), (counts.get(ownerOf(task)) ?? 0) + 1);
  const others = nodes.filter(
    ({ id, state, standing }) => id !== nodeId && state === "active" && standing === "inService",
  );
  const wanted = { cpus: sum(tasks, ({ cpus }) => cpus), mem: sum(tasks, ({ mem }) => mem) };
  const free = {
    cpus: sum(others, ({ total, used }) => total.cpus - used.cpus),
    mem: sum(others, ({ total, used }) => total.mem - used.mem),
  };
  return {
    groups: [...counts].map(([owner, count]) => ({ owner, count })),
    wanted,
    free,
    hasRoom: wanted.cpus <= free.cpus && wanted.mem <= free.mem,
  };
}

/** Services' tasks are named `web.shop` for `/shop/web`. */
const ownerOf = ({ name, frameworkName }: TaskItem): string =>
  frameworkName === "marathon" ? `/${name.split(".").reverse().join("/")}` : frameworkName;

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  Math.round(items.reduce((all, item) => all + of(item), 0) * 1_000) / 1_000;
