/** `keelson node`: the machines of the cluster, how full they are, and what runs there. */
import { listNodes, listTasks, type NodeItem } from "#contracts/kernel/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { meant } from "../command-line/parse.ts";
import { similar } from "../command-line/similar.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { pairs } from "../output/render.ts";
import { age, amount, table } from "../output/table.ts";
import type { Cell, View } from "../output/view.ts";
import { everyItem, listQuery } from "../paging.ts";

export async function nodeList(context: Context, input: Input): Promise<View> {
  const { items, foot } = await everyItem(context, (query) =>
    context.connection.call("kernel", listNodes, { query: { ...listQuery(input), ...query } }),
  );
  return {
    kind: "table",
    data: items,
    names: items.map(({ id }) => id),
    empty: context.say("node.none"),
    ...(foot === undefined ? {} : { foot }),
    rows: items.map((node) => ({
      agent: node.id,
      host: node.hostname,
      state: nodeState(context, node),
      tasks: node.tasks,
      cpus: share(node.used.cpus, node.total.cpus),
      memory: share(node.used.mem, node.total.mem),
      disk: share(node.used.disk, node.total.disk),
      gpus: share(node.used.gpus, node.total.gpus),
      zone: [node.region, node.zone].filter((part) => part !== undefined).join("/"),
      attributes: Object.entries(node.attributes)
        .map(([name, value]) => `${name}:${value}`)
        .join(","),
      version: node.version,
      address: node.url,
    })),
  };
}

const share = (used: number, total: number): string => `${amount(used)}/${amount(total)}`;

function nodeState({ say }: Context, { state, standing, isPublic }: NodeItem): Cell {
  const isInService = standing === "inService";
  const words = [
    // What an operator decided says more than that the link stands.
    ...(state === "active" && !isInService ? [] : [say(`state.node.${state}`)]),
    ...(isInService ? [] : [say(`state.node.${standing}`)]),
    ...(isPublic ? [say("state.node.public")] : []),
  ];
  return { text: words.join(" "), tone: state !== "active" ? "bad" : isInService ? "good" : "warning" };
}

export async function nodeShow(context: Context, input: Input): Promise<View> {
  const node = await findNode(context, input.word(0));
  const { items: tasks } = await everyItem(context, (query) =>
    context.connection.call("kernel", listTasks, { query: { ...query, node: node.id } }),
  );
  const now = Date.now();
  return {
    kind: "text",
    data: { ...node, runningTasks: tasks },
    names: [node.id],
    text: () =>
      [
        pairs(context, [
          ["column.agent", node.id],
          ["column.host", node.hostname],
          ["column.address", node.url],
          ["column.state", nodeState(context, node)],
          ["column.cpus", share(node.used.cpus, node.total.cpus)],
          ["column.memory", `${share(node.used.mem, node.total.mem)} MiB`],
          ["column.disk", `${share(node.used.disk, node.total.disk)} MiB`],
          ["column.gpus", node.total.gpus === 0 ? undefined : share(node.used.gpus, node.total.gpus)],
          [
            "column.attributes",
            Object.entries(node.attributes)
              .map(([name, value]) => `${name}:${value}`)
              .join(", "),
          ],
          ["column.version", node.version],
          ["column.age", age(node.registeredAt, now)],
        ]),
        tasks.length === 0
          ? context.say("task.none")
          : table(
              [
                context.say("column.task"),
                context.say("column.state"),
                context.say("column.cpus"),
                context.say("column.memory"),
                context.say("column.age"),
              ],
              tasks.map((task) => [
                task.id,
                task.state,
                amount(task.cpus),
                amount(task.mem),
                age(task.startedAt, now),
              ]),
              context.paint,
            ),
      ].join("\n\n"),
  };
}

/** The node whose id or host name is, or begins with, or holds the text. */
export async function findNode(context: Context, text: string): Promise<NodeItem> {
  const { items } = await everyItem(context, (query) =>
    context.connection.call("kernel", listNodes, { query }),
  );
  const matching =
    [
      items.filter(({ id, hostname }) => id === text || hostname === text),
      items.filter(({ id, hostname }) => id.startsWith(text) || hostname.startsWith(text)),
      items.filter(({ id, hostname }) => id.includes(text) || hostname.includes(text)),
    ].find((group) => group.length > 0) ?? [];
  const [node] = matching;
  if (node === undefined) {
    const near = meant(
      similar(
        text,
        items.flatMap(({ id, hostname }) => [id, hostname]),
      ),
    );
    throw new CommandFailed(context.say("node.unknown", { text, ...near }), exitCodes.notFound);
  }
  if (matching.length > 1) {
    const ids = matching.map(({ id, hostname }) => `\n  ${id}  ${hostname}`).join("");
    throw new CommandFailed(context.say("node.several", { text, ids }), exitCodes.usage);
  }
  return node;
}
