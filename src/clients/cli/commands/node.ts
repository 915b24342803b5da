/** `keelson node list`: the agents and how full they are. */
import { listAgents } from "#clients/client/kernel.ts";
import type { Context } from "../context.ts";
import { table } from "../table.ts";

export async function nodeList(context: Context): Promise<void> {
  const { say, print } = context;
  const agents = await listAgents(context.cluster);
  if (context.json) {
    print(JSON.stringify(agents));
    return;
  }
  if (agents.length === 0) print(say("node.none"));
  else
    print(
      table(
        [
          say("column.agent"),
          say("column.address"),
          say("column.state"),
          "CPU",
          say("column.memory"),
          say("column.disk"),
        ],
        agents.map(({ id, pid, active, resources, used_resources: used }) => [
          id,
          pid.slice(pid.indexOf("@") + 1),
          say(active ? "state.active" : "state.inactive"),
          `${used.cpus}/${resources.cpus}`,
          `${used.mem}/${resources.mem}`,
          `${used.disk}/${resources.disk}`,
        ]),
      ),
    );
}
