/** `keelson service instances`: those that run, and with `--all` those that ended and why. */

import { servicePath } from "#clients/client/services.ts";
import { type InstanceItem, listInstances } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { age, instant } from "../output/table.ts";
import type { Cell, View } from "../output/view.ts";
import { everyItem } from "../paging.ts";
import { namingService } from "../services.ts";
import { healthText } from "./task.ts";

export async function serviceInstances(context: Context, input: Input): Promise<View> {
  const id = servicePath(input.word(0));
  const { say } = context;
  let endedSince: number | undefined;
  const { items } = await namingService(context, id, () =>
    everyItem(context, async (window) => {
      const page = await context.connection.call("services", listInstances, {
        query: { ...window, service: id, ...(input.isOn("all") ? { ended: true } : {}) },
      });
      endedSince = page.endedSince;
      return page;
    }),
  );
  const now = Date.now();
  return {
    kind: "table",
    data: items,
    names: items.map((instance) => instance.id),
    empty: say("service.noInstances", { name: id }),
    ...(endedSince === undefined ? {} : { foot: say("list.forgotten", { at: instant(endedSince) }) }),
    rows: items.map((instance) => ({
      instance: instance.id,
      condition: conditionCell(instance),
      health: healthText(context, instance.healthy),
      host: instance.hostname,
      ports: instance.ports.join(","),
      age: age(instance.startedAt ?? instance.stagedAt, now),
      cause: instance.cause,
      task: instance.taskId,
      containers: (instance.containers ?? [])
        .map(({ name, condition }) => (condition === "Running" ? name : `${name} (${condition})`))
        .join(", "),
      version: instance.version,
      agent: instance.agentId,
    })),
  };
}

function conditionCell({ condition, endedAt }: InstanceItem): Cell {
  const tone =
    condition === "Running" || condition === "Finished" ? "good" : endedAt === undefined ? "warning" : "bad";
  return { text: condition, tone };
}
