/** `keelson top`: what nodes, services and tasks use now, against what they asked for. */

import type { ReplyOf } from "#contracts/endpoint.ts";
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import {
  listNodes,
  listTasks,
  showUsage,
  type TaskItem,
  type TaskUsage,
} from "#contracts/kernel/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { serviceOfInstance } from "../find-task.ts";
import { amount, bytes } from "../output/table.ts";
import type { Cell, View } from "../output/view.ts";
import { everyItem } from "../paging.ts";

type NodeUsage = ReplyOf<typeof showUsage>;

/** Agents asked at once. */
const askedAtOnce = 32;
const bytesPerMib = 1_048_576;

interface NodeWithUsage {
  readonly node: NodeItem;
  /** Absent: it did not answer. */
  readonly usage: NodeUsage | undefined;
}

export async function topNodes(context: Context, _input: Input): Promise<View> {
  const nodes = await usageOfNodes(context);
  return {
    kind: "table",
    data: nodes.map(({ node, usage }) => ({
      id: node.id,
      hostname: node.hostname,
      total: node.total,
      requested: node.used,
      // Of its tasks; `used` is of the machine, which another agent may share.
      usedByTasks: usage === undefined ? undefined : usedByTasks(usage),
      used: usage,
    })),
    names: nodes.map(({ node }) => node.id),
    empty: context.say("node.none"),
    rows: nodes.map(({ node, usage }) => {
      const tasks = usage === undefined ? undefined : usedByTasks(usage);
      return {
        node: node.hostname === "" ? node.id : `${node.hostname} ${shortAgent(node.id)}`,
        cpus: tasks === undefined ? "-" : share(tasks.cpus, node.total.cpus),
        cpusWanted: `${amount(node.used.cpus)}/${amount(node.total.cpus)}`,
        memory: tasks === undefined ? "-" : memory(tasks.memBytes, node.total.mem * bytesPerMib),
        memoryWanted: `${bytes(node.used.mem * bytesPerMib)}/${bytes(node.total.mem * bytesPerMib)}`,
        tasks: node.tasks,
        machineCpus: usage === undefined ? "-" : share(usage.cpus, usage.cpusTotal),
        machineMemory: usage === undefined ? "-" : memory(usage.memUsedBytes, usage.memTotalBytes),
        machineDisk: usage === undefined ? "-" : memory(usage.diskUsedBytes, usage.diskTotalBytes),
        machineLoad: usage === undefined ? "-" : amount(usage.load1),
      };
    }),
  };
}

const usedByTasks = ({ tasks }: NodeUsage): { readonly cpus: number; readonly memBytes: number } => ({
  cpus: Math.round(tasks.reduce((sum, { cpus }) => sum + cpus, 0) * 1_000) / 1_000,
  memBytes: tasks.reduce((sum, { memBytes }) => sum + memBytes, 0),
});

/** The end of an agent's id, which tells agents of one machine apart. */
const shortAgent = (id: string): string => id.slice(id.lastIndexOf("-") + 1);

export async function topTasks(context: Context, _input: Input): Promise<View> {
  const used = await usageOfTasks(context);
  return {
    kind: "table",
    data: used.map(({ task, usage }) => ({ ...task, usage })),
    names: used.map(({ task }) => task.id),
    empty: context.say("task.none"),
    rows: used.map(({ task, usage }) => ({
      task: task.id,
      host: task.hostname,
      cpus: usage === undefined ? "-" : share(usage.cpus, task.cpus),
      cpusWanted: amount(task.cpus),
      memory: usage === undefined ? "-" : memory(usage.memBytes, task.mem * bytesPerMib),
      memoryWanted: bytes(task.mem * bytesPerMib),
      processes: usage?.processes,
    })),
  };
}

export async function topServices(context: Context, _input: Input): Promise<View> {
  const sums = new Map<string, Sum>();
  for (const { task, usage } of await usageOfTasks(context)) {
    const name = serviceOf(task);
    const sum = sums.get(name) ?? { instances: 0, cpus: 0, memBytes: 0, cpusWanted: 0, memWantedBytes: 0 };
    sums.set(name, {
      instances: sum.instances + 1,
      cpus: sum.cpus + (usage?.cpus ?? 0),
      memBytes: sum.memBytes + (usage?.memBytes ?? 0),
      cpusWanted: sum.cpusWanted + task.cpus,
      memWantedBytes: sum.memWantedBytes + task.mem * bytesPerMib,
    });
  }
  const rows = [...sums].sort(([, one], [, other]) => other.cpus - one.cpus);
  return {
    kind: "table",
    data: rows.map(([service, sum]) => ({ service, ...sum })),
    names: rows.map(([service]) => service),
    empty: context.say("service.none"),
    rows: rows.map(([service, sum]) => ({
      service,
      instances: sum.instances,
      cpus: share(sum.cpus, sum.cpusWanted),
      cpusWanted: amount(sum.cpusWanted),
      memory: memory(sum.memBytes, sum.memWantedBytes),
      memoryWanted: bytes(sum.memWantedBytes),
    })),
  };
}

interface Sum {
  readonly instances: number;
  readonly cpus: number;
  readonly memBytes: number;
  readonly cpusWanted: number;
  readonly memWantedBytes: number;
}

/** A task of another framework stands for itself. */
export const serviceOf = ({ id, name }: Pick<TaskItem, "id" | "name">): string =>
  serviceOfInstance(id) ?? name;

const share = (used: number, of: number): Cell => ({
  text: of > 0 ? `${amount(Math.round(used * 100) / 100)} (${Math.round((100 * used) / of)}%)` : amount(used),
  tone: of > 0 && used > of * 0.9 ? "warning" : "quiet",
});

const memory = (used: number, of: number): Cell => ({
  text: of > 0 ? `${bytes(used)} (${Math.round((100 * used) / of)}%)` : bytes(used),
  tone: of > 0 && used > of * 0.9 ? "warning" : "quiet",
});

async function usageOfNodes(context: Context): Promise<readonly NodeWithUsage[]> {
  const { items } = await everyItem(context, (query) =>
    context.connection.call("kernel", listNodes, { query }),
  );
  const found: NodeWithUsage[] = [];
  for (let start = 0; start < items.length; start += askedAtOnce) {
    const some = items.slice(start, start + askedAtOnce).map(async (node) => {
      const agent = context.cluster.agent(node.id, node.url);
      const usage = await context.connection.call({ agent }, showUsage).catch(() => undefined);
      return { node, usage };
    });
    found.push(...(await Promise.all(some)));
  }
  return found;
}

async function usageOfTasks(
  context: Context,
): Promise<readonly { readonly task: TaskItem; readonly usage: TaskUsage | undefined }[]> {
  const [{ items }, nodes] = await Promise.all([
    everyItem(context, (query) => context.connection.call("kernel", listTasks, { query })),
    usageOfNodes(context),
  ]);
  const byTask = new Map(
    nodes.flatMap(({ usage }) =>
      (usage?.tasks ?? []).map((each) => [`${each.frameworkId} ${each.taskId}`, each] as const),
    ),
  );
  return items
    .map((task) => ({ task, usage: byTask.get(`${task.frameworkId} ${task.id}`) }))
    .sort((one, other) => (other.usage?.cpus ?? 0) - (one.usage?.cpus ?? 0));
}
