/** The first thing of the dashboard: what needs a person, why, and the button that leads there. */
import { Button } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { NodeState } from "../../components/node-state.tsx";
import { ServiceLink } from "../../components/service-link.tsx";
import { ServiceStateBadge } from "../../components/service-state.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import type { Attention } from "./attention.ts";
import classes from "./dashboard.module.css";

export function AttentionList(properties: { readonly items: readonly Attention[] }): ReactNode {
  const text = useText();
  const { items } = properties;
  if (items.length === 0) {
    return (
      <p className={classes.allWell}>
        <IconCircleCheck size={19} stroke={1.8} aria-hidden />
        {text("ui.dashboard.allWell")}
      </p>
    );
  }
  return (
    <ul className={classes.attention}>
      {items.map((item) => (
        <AttentionRow key={keyOf(item)} item={item} />
      ))}
    </ul>
  );
}

function keyOf(item: Attention): string {
  if (item.kind === "service") return `service ${item.service.id}`;
  return item.kind === "node" ? `node ${item.node.id}` : `deployment ${item.deployment.id}`;
}

function AttentionRow(properties: { readonly item: Attention }): ReactNode {
  const text = useText();
  const navigate = useNavigate();
  const { item } = properties;
  switch (item.kind) {
    case "service": {
      const { service, reason } = item;
      return (
        <Row
          badge={<ServiceStateBadge status={service.status} />}
          object={<ServiceLink id={service.id} />}
          cause={reason?.message ?? text("ui.dashboard.noCause")}
          remedy={reason?.remedy}
          action={text(`ui.dashboard.act.${service.status === "waiting" ? "why" : "open"}`)}
          label={service.id}
          onAct={() => void navigate({ to: "/services/$id", params: { id: service.id } })}
        />
      );
    }
    case "node": {
      const { id, hostname } = item.node;
      return (
        <Row
          badge={<NodeState node={item.node} />}
          object={<strong className={classes.object}>{hostname || id}</strong>}
          cause={text("ui.dashboard.nodeAway")}
          remedy={text("ui.dashboard.nodeAwayRemedy")}
          action={text("ui.dashboard.act.node")}
          label={hostname}
          onAct={() => void navigate({ to: "/nodes/$id", params: { id } })}
        />
      );
    }
    case "deployment": {
      const { services } = item.deployment;
      return (
        <Row
          badge={<StateBadge tone="busy">{text("ui.deployments.state.running")}</StateBadge>}
          object={<strong className={classes.object}>{services.join(", ")}</strong>}
          cause={item.reason.message}
          remedy={item.reason.remedy}
          action={text("ui.dashboard.act.deployment")}
          label={services.join(", ")}
          onAct={() => void navigate({ to: "/deployments" })}
        />
      );
    }
  }
}

function Row(properties: {
  readonly badge: ReactNode;
  readonly object: ReactNode;
  readonly cause: string;
  readonly remedy: string | undefined;
  readonly action: string;
  /** Of the object, read out with the action. */
  readonly label: string;
  readonly onAct: () => void;
}): ReactNode {
  const { badge, object, cause, remedy, action, label, onAct } = properties;
  return (
    <li className={classes.row}>
      <div className={classes.badge}>{badge}</div>
      <div className={classes.words}>
        {object}
        <p className="sentence">{cause}</p>
        {remedy === undefined ? null : <p className="quiet">{remedy}</p>}
      </div>
      <Button variant="default" size="xs" aria-label={`${action}: ${label}`} onClick={onAct}>
        {action}
      </Button>
    </li>
  );
}
