/** `keelson service logs`: the output of every instance, also of those that come later when following. */
import { listAgents, listTasks, sandboxOf } from "#clients/client/kernel.ts";
import { getApp, servicePath } from "#clients/client/services.ts";
import { CommandFailed, type Context } from "../context.ts";
import { positive } from "../numbers.ts";
import { followFile, lastLines } from "../output.ts";
import { pause } from "../progress.ts";

export interface ServiceLogOptions {
  readonly follow?: boolean;
  readonly lines?: string;
  readonly stderr?: boolean;
}

const discoverIntervalMs = 1_000;

export async function serviceLogs(context: Context, name: string, options: ServiceLogOptions): Promise<void> {
  const { cluster, say } = context;
  const count = positive(context, options.lines, "--lines") ?? 20;
  const file = options.stderr === true ? "stderr" : "stdout";
  const followed = new Set<string>();
  const app = await getApp(cluster, name);
  do {
    const [tasks, agents] = await Promise.all([listTasks(cluster), listAgents(cluster)]);
    const prefix = `${servicePath(name).slice(1).replaceAll("/", "_")}.`;
    const instances = tasks.filter((task) => task.id.startsWith(prefix) && !followed.has(task.id));
    // Ended instances matter when nothing runs: their last lines tell why.
    const running = instances.filter(({ state }) => state === "TASK_RUNNING");
    for (const task of running.length > 0 || followed.size > 0 ? running : instances.slice(0, 1)) {
      followed.add(task.id);
      const sandbox = sandboxOf(cluster, agents, task);
      if (sandbox === undefined) continue;
      const write = prefixed(task.id.slice(prefix.length), app.instances > 1);
      const tail = await lastLines(sandbox, file, count);
      write(tail.text);
      if (options.follow === true) {
        // An instance that ends takes its agent's file along later; the others go on.
        followFile(sandbox, file, tail.end, write).catch(() => followed.delete(task.id));
      }
    }
    if (followed.size === 0 && options.follow !== true)
      throw new CommandFailed(say("service.noInstances", { name: app.id }));
    if (options.follow === true) await pause(discoverIntervalMs);
  } while (options.follow === true);
}

/** With several instances each line begins with the one that wrote it. */
function prefixed(instance: string, several: boolean): (text: string) => void {
  const short = instance.replace(/^instance-/, "").slice(0, 8);
  return (text) => {
    if (text === "") return;
    const lines = several
      ? text
          .replace(/\n$/, "")
          .split("\n")
          .map((line) => `${short} | ${line}\n`)
          .join("")
      : text;
    process.stdout.write(lines);
  };
}
