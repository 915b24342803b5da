/** How full a node is: what tasks were given, what is offered, and what is really used where the node says. */
import type { ReactNode } from "react";
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import { Card } from "../../components/card.tsx";
import { ResourceTile } from "../../components/resource-tile.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { useNodeUsage } from "./node-queries.ts";

export function NodeFill(properties: { readonly node: NodeItem }): ReactNode {
  const text = useText();
  const formats = useFormats();
  const { node } = properties;
  const usage = useNodeUsage(node.id, node.state === "active").data;
  // Of its tasks, as what they were given; the disk is the machine's, whoever fills it.
  const ofTasks = (amount: "cpus" | "memBytes"): number =>
    (usage?.tasks ?? []).reduce((sum, task) => sum + task[amount], 0);
  const really = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : text("ui.nodes.reallyUsed", { amount: value });
  return (
    <Card>
      <div className="tiles">
        <ResourceTile
          name={text("ui.resource.cpus")}
          used={node.used.cpus}
          offered={node.offered.cpus}
          total={node.total.cpus}
          write={formats.cpus}
          note={really(usage === undefined ? undefined : formats.cpus(ofTasks("cpus")))}
        />
        <ResourceTile
          name={text("ui.resource.mem")}
          used={node.used.mem}
          offered={node.offered.mem}
          total={node.total.mem}
          write={formats.mebibytes}
          note={really(usage === undefined ? undefined : formats.bytes(ofTasks("memBytes")))}
        />
        <ResourceTile
          name={text("ui.resource.disk")}
          used={node.used.disk}
          offered={node.offered.disk}
          total={node.total.disk}
          write={formats.mebibytes}
          note={really(usage === undefined ? undefined : formats.bytes(usage.diskUsedBytes))}
        />
        {node.total.gpus === 0 ? null : (
          <ResourceTile
            name={text("ui.resource.gpus")}
            used={node.used.gpus}
            offered={node.offered.gpus}
            total={node.total.gpus}
            write={formats.number}
          />
        )}
      </div>
    </Card>
  );
}
