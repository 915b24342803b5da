/** `keelson status`: what of the cluster runs, and what in it. */
import { readFileSync } from "node:fs";
import { listNodes, showCapacity, showIsolation } from "#contracts/kernel/own-endpoints.ts";
import { listDeployments, listServices, type ServiceItem } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import { readLocalCluster } from "../config/choose-cluster.ts";
import type { Context } from "../context.ts";
import { table } from "../output/table.ts";
import type { View } from "../output/view.ts";
import { everyItem } from "../paging.ts";

/** A large cluster is alike enough: more than these are not asked what they enforce. */
const agentsAskedMax = 16;
/** Services in trouble that are named. */
const troubledShown = 10;

export interface ProcessState {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
}

export async function status(context: Context, _input: Input): Promise<View> {
  const { cluster, connection, language } = context;
  const [capacity, { items: nodes }, { items: services }, deployments] = await Promise.all([
    connection.call("kernel", showCapacity),
    everyItem(context, (query) => connection.call("kernel", listNodes, { query })),
    everyItem(context, (query) =>
      connection.call("services", listServices, { query: { ...query, language } }),
    ),
    connection.call("services", listDeployments, { query: { limit: 1_000, language } }),
  ]);
  const asked = nodes.slice(0, agentsAskedMax).map(async ({ id, url }) => ({
    agent: id,
    ...(await connection.call({ agent: cluster.agent(id, url) }, showIsolation)),
  }));
  const answers = await Promise.allSettled(asked);
  const summary = {
    cluster: capacity.clusterName,
    context: context.choice.name,
    kernel: cluster.kernel,
    services: cluster.services,
    door: cluster.door?.url,
    processes: context.choice.name === "local" ? localProcesses(context.dataDir) : [],
    agents: { total: nodes.length, active: nodes.filter(({ state }) => state === "active").length },
    tasks: Object.values(capacity.tasks).reduce((sum, count) => sum + count, 0),
    apps: { total: services.length, complete: services.filter(isWell).length },
    deployments: deployments.items.filter(({ state }) => state === "running").length,
    capacity: { total: capacity.total, used: capacity.used, offered: capacity.offered },
    troubled: services
      .filter((service) => !isWell(service))
      .map(({ id, status: state, reason }) => ({ id, status: state, reason: reason?.message })),
    isolation: answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : [])),
  };
  return { kind: "text", data: summary, names: [summary.cluster], text: () => statusText(context, summary) };
}

const isWell = ({ status: state }: ServiceItem): boolean => state === "running" || state === "stopped";

interface Summary {
  readonly kernel: string;
  readonly services: string;
  readonly processes: readonly ProcessState[];
  readonly agents: { readonly total: number; readonly active: number };
  readonly tasks: number;
  readonly apps: { readonly total: number; readonly complete: number };
  readonly deployments: number;
  readonly troubled: readonly {
    readonly id: string;
    readonly status: string;
    readonly reason: string | undefined;
  }[];
  readonly isolation: readonly { readonly note: string }[];
}

function statusText(context: Context, summary: Summary): string {
  const { say, paint } = context;
  const { agents, apps, processes, troubled } = summary;
  const lines = [
    say("status.addresses", { kernel: summary.kernel, services: summary.services }),
    say("status.counts", {
      agents: agents.active,
      agentsTotal: agents.total,
      tasks: summary.tasks,
      complete: apps.complete,
      apps: apps.total,
      deployments: summary.deployments,
    }),
    ...new Set(summary.isolation.map(({ note }) => note)),
  ];
  if (troubled.length > 0) {
    lines.push("", say("status.troubled", { count: troubled.length }));
    const rows = troubled
      .slice(0, troubledShown)
      .map(({ id, status: state, reason }) => [
        `  ${id}`,
        { text: say(`state.service.${state as ServiceItem["status"]}`), tone: "bad" as const },
        reason,
      ]);
    lines.push(table([], rows, paint));
  }
  if (processes.length > 0) {
    lines.push(
      "",
      table(
        [say("column.process"), "PID", say("column.state")],
        processes.map(({ name, pid, running }) => [
          name,
          pid,
          { text: say(running ? "state.running" : "state.ended"), tone: running ? "good" : "bad" },
        ]),
        paint,
      ),
    );
  }
  return lines.join("\n");
}

/** Processes of the cluster on this machine, by the numbers `up` wrote down; none when it is elsewhere. */
export function localProcesses(dataDir: string): readonly ProcessState[] {
  const local = readLocalCluster(dataDir);
  if (local === undefined) return [];
  return Object.entries(local.pids).map(([name, pid]) => ({
    name,
    pid,
    running: startTicks(pid) === local.startTicks[name],
  }));
}

function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
