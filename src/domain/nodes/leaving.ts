/** What has to leave a node when it is emptied, and whether there is room for it elsewhere. */
import type { NodeItem, TaskItem } from "#contracts/kernel/own-endpoints.ts";

export interface LeavingGroup {
  /** The service, or the framework of what is no service's. */
  readonly owner: string;
  readonly count: number;
  readonly cpus: number;
  readonly mem: number;
}

export interface Leaving {
  /** Tasks in all. */
  readonly count: number;
  readonly groups: readonly LeavingGroup[];
  readonly wanted: { readonly cpus: number; readonly mem: number };
  /** On other nodes that take tasks. */
  readonly free: { readonly cpus: number; readonly mem: number };
  readonly hasRoom: boolean;
}

export function leavingOf(nodeId: string, tasks: readonly TaskItem[], nodes: readonly NodeItem[]): Leaving {
  const byOwner = new Map<string, TaskItem[]>();
  for (const task of tasks) byOwner.set(ownerOf(task), [...(byOwner.get(ownerOf(task)) ?? []), task]);
  const others = nodes.filter(
    ({ id, state, standing }) => id !== nodeId && state === "active" && standing === "inService",
  );
  const wanted = needs(tasks);
  const free = {
    cpus: sum(others, ({ total, used }) => total.cpus - used.cpus),
    mem: sum(others, ({ total, used }) => total.mem - used.mem),
  };
  return {
    count: tasks.length,
    groups: [...byOwner].map(([owner, own]) => ({ owner, count: own.length, ...needs(own) })),
    wanted,
    free,
    hasRoom: wanted.cpus <= free.cpus && wanted.mem <= free.mem,
  };
}

const needs = (tasks: readonly TaskItem[]): { readonly cpus: number; readonly mem: number } => ({
  cpus: sum(tasks, ({ cpus }) => cpus),
  mem: sum(tasks, ({ mem }) => mem),
});

/** Services' tasks are named `web.shop` for `/shop/web`. */
const ownerOf = ({ name, frameworkName }: TaskItem): string =>
  frameworkName === "marathon" ? `/${name.split(".").reverse().join("/")}` : frameworkName;

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  Math.round(items.reduce((all, item) => all + of(item), 0) * 1_000) / 1_000;
