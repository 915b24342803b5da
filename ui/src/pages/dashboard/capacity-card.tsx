/** What the cluster has and what is given, in four figures and two counts. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Card } from "../../components/card.tsx";
import { ResourceTiles } from "../../components/resource-tiles.tsx";
import type { Capacity } from "../../data/capacity.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import classes from "./dashboard.module.css";

export function CapacityCard(properties: { readonly capacity: Capacity }): ReactNode {
  const text = useText();
  const formats = useFormats();
  const { total, used, offered, nodes, tasks } = properties.capacity;
  const nodeCount = nodes.active + nodes.disconnected + nodes.unreachable;
  const running = tasks["TASK_RUNNING"] ?? 0;
  const starting = (tasks["TASK_STAGING"] ?? 0) + (tasks["TASK_STARTING"] ?? 0);
  return (
    <Card title={text("ui.dashboard.capacity")}>
      <ResourceTiles total={total} used={used} offered={offered}>
        <Link to="/nodes" className={classes.count ?? ""}>
          <span className="quiet">{text("ui.nav.nodes")}</span>
          <strong>{formats.number(nodeCount)}</strong>
          <span className="quiet">
            {nodeCount === nodes.active
              ? text("ui.dashboard.allActive")
              : text("ui.dashboard.notActive", { count: nodeCount - nodes.active })}
          </span>
        </Link>
        <Link to="/tasks" className={classes.count ?? ""}>
          <span className="quiet">{text("ui.nav.tasks")}</span>
          <strong>{formats.number(running)}</strong>
          <span className="quiet">{text("ui.dashboard.starting", { count: starting })}</span>
        </Link>
      </ResourceTiles>
    </Card>
  );
}
