/** `keelson task`: every task of every framework, its output and its files. */
import {
  type AgentSummary,
  listAgents,
  listTasks,
  type Sandbox,
  sandboxOf,
  type TaskSummary,
} from "#clients/client/kernel.ts";
import { CommandFailed, type Context } from "../context.ts";
import { positive } from "../numbers.ts";
import { followFile, lastLines } from "../output.ts";
import { age, table } from "../table.ts";

const liveStates = new Set([
  "TASK_STAGING",
  "TASK_STARTING",
  "TASK_RUNNING",
  "TASK_KILLING",
  "TASK_UNREACHABLE",
]);

export interface LogOptions {
  readonly follow?: boolean;
  readonly lines?: string;
}

export async function list(context: Context, options: { readonly all?: boolean }): Promise<void> {
  const { say, print, cluster } = context;
  const [tasks, agents] = await Promise.all([listTasks(cluster), listAgents(cluster)]);
  const shown = options.all === true ? tasks : tasks.filter(({ state }) => liveStates.has(state));
  if (context.json) {
    print(JSON.stringify(shown));
    return;
  }
  if (shown.length === 0) {
    print(say("task.none"));
    return;
  }
  const now = Date.now();
  print(
    table(
      [
        say("column.task"),
        say("column.state"),
        say("column.agent"),
        "CPU",
        say("column.memory"),
        say("column.age"),
      ],
      shown.map((task) => [
        task.id,
        task.state,
        addressOf(agents, task),
        task.resources.cpus,
        task.resources.mem,
        task.statuses[0] === undefined ? "" : age(task.statuses[0].timestamp * 1000, now),
      ]),
    ),
  );
}

const addressOf = (agents: readonly AgentSummary[], task: TaskSummary): string => {
  const pid = agents.find(({ id }) => id === task.slave_id)?.pid;
  return pid === undefined ? task.slave_id : pid.slice(pid.indexOf("@") + 1);
};

export async function log(
  context: Context,
  id: string,
  file: string | undefined,
  options: LogOptions,
): Promise<void> {
  const { sandbox } = await findTask(context, id);
  const name = file ?? "stdout";
  const start = await lastLines(sandbox, name, positive(context, options.lines, "--lines") ?? 100);
  process.stdout.write(start.text);
  if (options.follow === true)
    await followFile(sandbox, name, start.end, (part) => process.stdout.write(part));
}

export async function ls(context: Context, id: string, folder: string | undefined): Promise<void> {
  const { sandbox } = await findTask(context, id);
  const entries = await sandbox.list(folder ?? "");
  if (context.json) context.print(JSON.stringify(entries));
  else
    context.print(
      table(
        [context.say("column.mode"), context.say("column.size"), context.say("column.name")],
        entries.map(({ mode, size, path }) => [mode, size, path.slice(path.lastIndexOf("/") + 1)]),
      ),
    );
}

interface FoundTask {
  readonly task: TaskSummary;
  readonly sandbox: Sandbox;
}

/** The one task whose id is, or holds, the given text; live ones before ended ones. */
export async function findTask(context: Context, text: string): Promise<FoundTask> {
  const { cluster, say } = context;
  const [tasks, agents] = await Promise.all([listTasks(cluster), listAgents(cluster)]);
  const matching = tasks.filter(({ id }) => id === text || id.includes(text));
  const exact = matching.filter(({ id }) => id === text);
  const live = matching.filter(({ state }) => liveStates.has(state));
  const candidates = [exact, live, matching].find((group) => group.length > 0) ?? [];
  if (candidates.length > 1) {
    throw new CommandFailed(
      say("task.several", { text, ids: candidates.map(({ id }) => `\n  ${id}`).join("") }),
    );
  }
  const task = candidates[0];
  if (task === undefined) throw new CommandFailed(say("task.unknown", { text }));
  const sandbox = sandboxOf(cluster, agents, task);
  if (sandbox === undefined) throw new CommandFailed(say("task.agentGone", { id: task.id }));
  return { task, sandbox };
}
