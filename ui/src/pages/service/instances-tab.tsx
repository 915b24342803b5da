/** Instances that run and those that ended, each with its cause and the ways to look into it. */
import { Switch } from "@mantine/core";
import { type CSSProperties, type ReactNode, useMemo, useState } from "react";
import type { InstanceItem, ServiceItem } from "#contracts/services/own-endpoints.ts";
import { DataTable } from "../../components/data-table.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import type { ServerList } from "../../data/server-list.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { useInstances } from "../../services/service-queries.ts";
import { sortInstances } from "../../services/view/service-view.ts";
import { instanceColumns } from "./instance-columns.tsx";
import { InstanceDrawer, type InstanceView } from "./instance-drawer.tsx";
import classes from "./instances.module.css";
import { KillDialog } from "./kill-dialog.tsx";

interface Opened {
  readonly instance: InstanceItem;
  readonly view: InstanceView | "kill";
}

export function InstancesTab(properties: { readonly service: ServiceItem }): ReactNode {
  const { service } = properties;
  const text = useText();
  const formats = useFormats();
  const [areEndedShown, setAreEndedShown] = useState(true);
  const [opened, setOpened] = useState<Opened | undefined>();
  const instances = useInstances(service.id, { ended: areEndedShown });
  const rows = useMemo(() => sortInstances(instances.data?.items ?? []), [instances.data]);
  const columns = useMemo(
    () => instanceColumns({ text, formats, open: (instance, view) => setOpened({ instance, view }) }),
    [text, formats],
  );
  const { data } = instances;
  if (data === undefined)
    return instances.error === null ? (
      <Loading />
    ) : (
      <Failed error={instances.error} onRetry={() => void instances.refetch()} />
    );
  return (
    <div className={classes.tab}>
      <div className={classes.tools}>
        <Switch
          label={text("ui.instance.showEnded")}
          checked={areEndedShown}
          onChange={(event) => setAreEndedShown(event.currentTarget.checked)}
        />
        {data.endedSince === undefined || !areEndedShown ? null : (
          <span className="quiet">
            {text("ui.instance.keptSince", { time: formats.instant(data.endedSince) })}
          </span>
        )}
      </div>
      {rows.length === 0 ? (
        <Empty title={text("ui.instance.none")} hint={text("ui.instance.noneHint")} />
      ) : (
        <div className={classes.table} style={{ "--rows": rows.length } as CSSProperties}>
          <DataTable
            label={text("ui.service.tab.instances")}
            columns={columns}
            list={listOf(rows)}
            rowKey={(instance) => instance.taskId ?? instance.id}
          />
        </div>
      )}
      {data.total <= rows.length ? null : (
        <p className="quiet">{text("ui.instance.more", { count: data.total - rows.length })}</p>
      )}
      {opened === undefined ? null : opened.view === "kill" ? (
        <KillDialog service={service} instance={opened.instance} onClose={() => setOpened(undefined)} />
      ) : (
        <InstanceDrawer
          instance={opened.instance}
          view={opened.view}
          onView={(view) => setOpened({ instance: opened.instance, view })}
          onClose={() => setOpened(undefined)}
        />
      )}
    </div>
  );
}

/** Rows that are all here, as the table takes them. */
const listOf = <Row,>(rows: readonly Row[]): ServerList<Row> => ({
  total: rows.length,
  row: (index) => rows[index],
  error: undefined,
  isChanging: false,
  retry: () => undefined,
  show: () => undefined,
});
