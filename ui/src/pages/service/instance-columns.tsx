/** The columns of a service's instances. */
import { IconFileText, IconFolder, IconTerminal2, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { InstanceItem } from "#contracts/services/own-endpoints.ts";
import type { Column } from "../../components/data-table.tsx";
import { IconButton } from "../../components/icon-button.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import type { Translate } from "../../i18n/catalogue.ts";
import type { Formats } from "../../i18n/formats.ts";
import { instanceState, shortInstanceId } from "../../services/view/service-view.ts";
import type { InstanceView } from "./instance-drawer.tsx";
import classes from "./instances.module.css";

export interface InstanceColumnsOptions {
  readonly text: Translate;
  readonly formats: Formats;
  readonly open: (instance: InstanceItem, view: InstanceView | "kill") => void;
}

export function instanceColumns({
  text,
  formats,
  open,
}: InstanceColumnsOptions): readonly Column<InstanceItem>[] {
  return [
    {
      key: "instance",
      title: "ui.instance.title",
      width: "minmax(150px, 1.4fr)",
      narrow: "title",
      render: (instance) => (
        <button
          type="button"
          className={classes.name}
          title={instance.id}
          onClick={() => open(instance, "log")}
        >
          {shortInstanceId(instance)}
        </button>
      ),
    },
    {
      key: "state",
      title: "ui.instance.state",
      width: "120px",
      narrow: "side",
      render: (instance) => {
        const state = instanceState(instance);
        return <StateBadge tone={state.tone}>{text(state.text)}</StateBadge>;
      },
    },
    {
      key: "cause",
      title: "ui.instance.cause",
      width: "minmax(160px, 2fr)",
      from: 860,
      render: (instance) => <span title={instance.cause}>{instance.cause ?? "–"}</span>,
    },
    {
      key: "node",
      title: "ui.instance.node",
      width: "minmax(110px, 1fr)",
      from: 620,
      render: (instance) =>
        instance.agentId === undefined ? (
          <span className="quiet">–</span>
        ) : (
          <Link
            to="/nodes"
            search={{ filter: instance.hostname ?? instance.agentId }}
            className="clipped"
            title={instance.hostname ?? instance.agentId}
          >
            {instance.hostname ?? instance.agentId}
          </Link>
        ),
    },
    {
      key: "ports",
      title: "ui.instance.ports",
      width: "90px",
      from: 1_180,
      render: (instance) => <span className="quiet">{instance.ports.join(", ") || "–"}</span>,
    },
    {
      key: "time",
      title: "ui.instance.time",
      width: "176px",
      from: 740,
      render: (instance) => <span className="quiet nowrap">{timeOf(instance, formats)}</span>,
    },
    {
      key: "actions",
      title: "ui.instance.actions",
      width: "148px",
      narrow: "line",
      render: (instance) => <Actions instance={instance} text={text} open={open} />,
    },
  ];
}

function Actions(properties: {
  readonly instance: InstanceItem;
  readonly text: Translate;
  readonly open: InstanceColumnsOptions["open"];
}): ReactNode {
  const { instance, text, open } = properties;
  const name = shortInstanceId(instance);
  const isPlaced = instance.agentId !== undefined && instance.taskId !== undefined;
  const runs = isPlaced && instance.isActive && instance.condition === "Running";
  return (
    <span className={classes.actions}>
      <IconButton
        label={text("ui.instance.log", { name })}
        disabled={!isPlaced}
        onClick={() => open(instance, "log")}
      >
        <IconFileText size={17} stroke={1.7} />
      </IconButton>
      <IconButton
        label={text("ui.instance.files", { name })}
        disabled={!isPlaced}
        onClick={() => open(instance, "files")}
      >
        <IconFolder size={17} stroke={1.7} />
      </IconButton>
      <IconButton
        label={text("ui.instance.terminal", { name })}
        disabled={!runs}
        onClick={() => open(instance, "terminal")}
      >
        <IconTerminal2 size={17} stroke={1.7} />
      </IconButton>
      <IconButton
        label={text("ui.instance.kill", { name })}
        disabled={!instance.isActive || instance.taskId === undefined}
        onClick={() => open(instance, "kill")}
      >
        <IconX size={17} stroke={1.7} />
      </IconButton>
    </span>
  );
}

function timeOf(instance: InstanceItem, formats: Formats): string {
  const { endedAt, startedAt, stagedAt } = instance;
  const at = endedAt ?? startedAt ?? stagedAt;
  return at === undefined ? "–" : formats.instant(at);
}
