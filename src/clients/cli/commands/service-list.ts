/** `keelson service list`: every service with its state, and why when it is not as wished. */

import { servicePath } from "#clients/client/services.ts";
import { listServices, type ServiceItem } from "#contracts/services/own-endpoints.ts";
import type { Input } from "../command-line/input.ts";
import type { Context } from "../context.ts";
import { amount } from "../output/table.ts";
import type { Cell, View } from "../output/view.ts";
import { everyItem, listQuery } from "../paging.ts";
import type { Tone } from "../terminal/colour.ts";

export async function serviceList(context: Context, input: Input): Promise<View> {
  const group = input.text("group");
  const { items, foot } = await everyItem(context, (window) =>
    context.connection.call("services", listServices, {
      query: {
        ...window,
        ...listQuery(input),
        language: context.language,
        ...(group === undefined ? {} : { group: servicePath(group) }),
      },
    }),
  );
  return {
    kind: "table",
    data: items,
    names: items.map(({ id }) => id),
    empty: context.say("service.none"),
    ...(foot === undefined ? {} : { foot }),
    rows: items.map((service) => ({
      service: service.id,
      status: statusCell(context, service),
      running: `${service.instances.running}/${service.instances.wanted}`,
      health: health(context, service),
      cpus: amount(service.cpus),
      memory: amount(service.mem),
      reason: service.reason?.message,
      disk: amount(service.disk),
      version: service.version,
      addresses: service.addresses.join(" "),
      labels: Object.entries(service.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(","),
    })),
  };
}

const tones: Readonly<Record<ServiceItem["status"], Tone>> = {
  running: "good",
  deploying: "warning",
  waiting: "bad",
  failing: "bad",
  unhealthy: "bad",
  stopped: "quiet",
};

export const statusCell = ({ say }: Context, { status }: Pick<ServiceItem, "status">): Cell => ({
  text: say(`state.service.${status}`),
  tone: tones[status],
});

/** Counts of those that are checked; a service without checks has none. */
function health({ say }: Context, { instances }: ServiceItem): Cell {
  const { healthy, unhealthy } = instances;
  if (healthy + unhealthy === 0) return say("state.unchecked");
  return unhealthy > 0
    ? { text: `${healthy}/${healthy + unhealthy}`, tone: "bad" }
    : { text: say("state.healthy"), tone: "good" };
}
