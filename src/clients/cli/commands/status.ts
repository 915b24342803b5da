/** `keelson status`: what of the cluster runs, and what in it. */
import { readFileSync } from "node:fs";
import { type AgentSummary, isolationOf, listAgents, listTasks } from "#clients/client/kernel.ts";
import { listApps, listDeployments } from "#clients/client/services.ts";
import { type Context, readLocalCluster } from "../context.ts";
import { table } from "../table.ts";

/** A large cluster is alike enough: more than these are not asked what they enforce. */
const agentsAskedMax = 16;

interface ProcessState {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
}

export async function status(context: Context): Promise<void> {
  const { cluster, say, print } = context;
  const processes = localProcesses(context.dataDir);
  const [agents, tasks, apps, deployments] = await Promise.all([
    listAgents(cluster),
    listTasks(cluster),
    listApps(cluster),
    listDeployments(cluster),
  ]);
  const live = tasks.filter(({ state }) =>
    ["TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING"].includes(state),
  );
  const summary = {
    kernel: cluster.kernel,
    services: cluster.services,
    processes,
    agents: { total: agents.length, active: agents.filter(({ active }) => active).length },
    tasks: live.length,
    apps: { total: apps.length, complete: apps.filter((app) => app.tasksRunning >= app.instances).length },
    deployments: deployments.length,
    isolation: await isolation(context, agents),
  };
  if (context.json) {
    print(JSON.stringify(summary));
    return;
  }
  print(say("status.addresses", { kernel: cluster.kernel, services: cluster.services }));
  print(
    say("status.counts", {
      agents: summary.agents.active,
      agentsTotal: summary.agents.total,
      tasks: live.length,
      complete: summary.apps.complete,
      apps: apps.length,
      deployments: deployments.length,
    }),
  );
  for (const note of new Set(summary.isolation.map((facts) => facts.note))) print(note);
  if (processes.length === 0) return;
  print("");
  print(
    table(
      [say("column.process"), "PID", say("column.state")],
      processes.map(({ name, pid, running }) => [name, pid, say(running ? "state.running" : "state.ended")]),
    ),
  );
}

/** What each agent enforces; one that does not answer is left out. */
async function isolation(
  { cluster }: Context,
  agents: readonly AgentSummary[],
): Promise<readonly Isolation[]> {
  const asked = agents
    .slice(0, agentsAskedMax)
    .map(async (agent) => ({ agent: agent.id, ...(await isolationOf(cluster, agent)) }));
  return (await Promise.allSettled(asked)).flatMap((answer) =>
    answer.status === "fulfilled" ? [answer.value] : [],
  );
}

interface Isolation {
  readonly agent: string;
  readonly note: string;
}

function localProcesses(dataDir: string): readonly ProcessState[] {
  const local = process.env["KEELSON_URL"] === undefined ? readLocalCluster(dataDir) : undefined;
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
