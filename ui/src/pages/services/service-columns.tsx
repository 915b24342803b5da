/** The columns of the list of services. */
import { IconArrowsDiff, IconDots, IconRefresh } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { Age } from "../../components/age.tsx";
import type { Column } from "../../components/data-table.tsx";
import { ServiceLink } from "../../components/service-link.tsx";
import { InstancesBar, ServiceStateBadge } from "../../components/service-state.tsx";
import type { Translate } from "../../i18n/catalogue.ts";
import type { Formats } from "../../i18n/formats.ts";
import type { ServiceAction } from "../../services/service-actions.ts";
import classes from "./services-page.module.css";

export interface ServiceColumnsOptions {
  readonly text: Translate;
  readonly formats: Formats;
  readonly chosen: ReadonlySet<string>;
  readonly toggle: (service: ServiceItem) => void;
  readonly act: (action: ServiceAction, service: ServiceItem) => void;
  readonly openMenu: (service: ServiceItem, anchor: HTMLElement) => void;
}

export function serviceColumns(options: ServiceColumnsOptions): readonly Column<ServiceItem>[] {
  const { text, formats, chosen, toggle } = options;
  return [
    {
      key: "choose",
      title: "ui.list.choose",
      isTitleHidden: true,
      width: "20px",
      from: 620,
      render: (service) => (
        <input
          type="checkbox"
          className="above-link row-checkbox"
          aria-label={text("ui.list.chooseOne", { name: service.id })}
          checked={chosen.has(service.id)}
          onChange={() => toggle(service)}
        />
      ),
    },
    {
      key: "id",
      title: "ui.services.name",
      width: "minmax(180px, 3fr)",
      sort: "id",
      narrow: "title",
      render: (service) => <NameAndReason service={service} />,
    },
    {
      key: "status",
      title: "ui.services.status",
      width: "104px",
      sort: "status",
      narrow: "side",
      render: ({ status }) => <ServiceStateBadge status={status} />,
    },
    {
      key: "instances",
      title: "ui.services.instances",
      width: "minmax(120px, 1.2fr)",
      sort: "instances",
      narrow: "line",
      render: ({ instances }) => <InstancesBar instances={instances} />,
    },
    {
      key: "cpus",
      title: "ui.resource.cpus",
      width: "64px",
      align: "end",
      sort: "cpus",
      from: 900,
      render: ({ cpus }) => formats.cpus(cpus),
    },
    {
      key: "mem",
      title: "ui.resource.mem",
      width: "84px",
      align: "end",
      sort: "mem",
      from: 820,
      render: ({ mem }) => <span className="nowrap">{formats.mebibytes(mem)}</span>,
    },
    {
      key: "version",
      title: "ui.services.changed",
      width: "112px",
      align: "end",
      sort: "version",
      from: 1_100,
      render: ({ version }) => <VersionAge version={version} />,
    },
    {
      key: "actions",
      title: "ui.list.actions",
      isTitleHidden: true,
      width: "104px",
      align: "end",
      narrow: "line",
      render: (service) => <RowActions service={service} options={options} />,
    },
  ];
}

function NameAndReason(properties: { readonly service: ServiceItem }): ReactNode {
  const { id, reason, status } = properties.service;
  const says = status === "running" || reason === undefined ? undefined : reason.message;
  return (
    <span className={classes.name}>
      <ServiceLink id={id} isRow />
      {says === undefined ? null : (
        <span className={`sentence ${classes.reason}`} title={says}>
          {says}
        </span>
      )}
    </span>
  );
}

/** Versions are times; one that is not is shown as it is. */
function VersionAge(properties: { readonly version: string }): ReactNode {
  const at = Date.parse(properties.version);
  return <span className="quiet">{Number.isNaN(at) ? properties.version : <Age at={at} />}</span>;
}

function RowActions(properties: {
  readonly service: ServiceItem;
  readonly options: ServiceColumnsOptions;
}): ReactNode {
  const { service, options } = properties;
  const { text, act, openMenu } = options;
  const label = (action: string): string => `${action}: ${service.id}`;
  return (
    <span className={classes.actions}>
      <button
        type="button"
        className="row-button wide-only"
        title={text("ui.services.scale")}
        aria-label={label(text("ui.services.scale"))}
        onClick={() => act("scale", service)}
      >
        <IconArrowsDiff size={16} stroke={1.7} aria-hidden />
      </button>
      <button
        type="button"
        className="row-button wide-only"
        title={text("ui.services.restart")}
        aria-label={label(text("ui.services.restart"))}
        onClick={() => act("restart", service)}
      >
        <IconRefresh size={16} stroke={1.7} aria-hidden />
      </button>
      <button
        type="button"
        className="row-button"
        title={text("ui.list.more")}
        aria-label={label(text("ui.list.more"))}
        aria-haspopup="menu"
        onClick={(event) => openMenu(service, event.currentTarget)}
      >
        <IconDots size={16} stroke={1.7} aria-hidden />
      </button>
    </span>
  );
}
