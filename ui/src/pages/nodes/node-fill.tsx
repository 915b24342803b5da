/** How full a node is: what tasks were given, what is offered, and what is really used where the node says. */
import type { ReactNode } from "react";
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import { Card } from "../../components/card.tsx";
import { ResourceTiles } from "../../components/resource-tiles.tsx";
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
      <ResourceTiles
        total={node.total}
        used={node.used}
        offered={node.offered}
        notes={{
          cpus: really(usage === undefined ? undefined : formats.cpus(ofTasks("cpus"))),
          mem: really(usage === undefined ? undefined : formats.bytes(ofTasks("memBytes"))),
          disk: really(usage === undefined ? undefined : formats.bytes(usage.diskUsedBytes)),
        }}
      />
    </Card>
  );
}
