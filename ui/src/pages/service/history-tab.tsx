/** Who changed the service, when, from where, and what: versions with the way back, then every other call. */
import { Button } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import type { AuditRecord, FieldChange } from "#contracts/observe/audit.ts";
import type { HistoryEntry } from "#contracts/services/own-endpoints.ts";
import { FieldChanges } from "../../components/field-changes.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { useHistory, useServiceAudit } from "../../services/service-queries.ts";
import { type HistoryRow, historyRows } from "../../services/view/history-rows.ts";
import classes from "./history.module.css";

export function HistoryTab(properties: { readonly id: string }): ReactNode {
  const { id } = properties;
  const text = useText();
  const history = useHistory(id);
  const audit = useServiceAudit(id);
  const rows = useMemo(
    () => historyRows(history.data ?? [], audit.data?.items ?? []),
    [history.data, audit.data],
  );
  if (history.data === undefined)
    return history.error === null ? (
      <Loading />
    ) : (
      <Failed error={history.error} onRetry={() => void history.refetch()} />
    );
  if (rows.length === 0) return <Empty title={text("ui.history.none")} />;
  return (
    <ol className={classes.rows}>
      {rows.map((row) => (
        <Row key={row.key} id={id} row={row} />
      ))}
    </ol>
  );
}

function Row(properties: { readonly id: string; readonly row: HistoryRow }): ReactNode {
  const { id, row } = properties;
  const text = useText();
  const formats = useFormats();
  const { version, call } = row;
  const user = version?.user ?? call?.user;
  const from = version?.from ?? call?.from;
  return (
    <li className={classes.row}>
      <div className={classes.head}>
        <time dateTime={new Date(row.at).toISOString()}>{formats.instant(row.at)}</time>
        <strong>{user ?? text("ui.inTheWay.somebody")}</strong>
        {from === undefined ? null : <span className="quiet">{text("ui.history.from", { from })}</span>}
        {call === undefined ? null : <code className={classes.action}>{call.action}</code>}
        {call === undefined || call.status < 400 ? null : (
          <StateBadge tone="bad">{text("ui.history.refused", { status: call.status })}</StateBadge>
        )}
        {version?.isCurrent === true ? (
          <StateBadge tone="good">{text("ui.configuration.current")}</StateBadge>
        ) : null}
        {version === undefined || version.isCurrent ? null : <Back id={id} version={version} />}
      </div>
      <Message version={version} call={call} />
      <Changes changes={version?.changes ?? call?.changes ?? []} />
    </li>
  );
}

function Message(properties: {
  readonly version: HistoryEntry | undefined;
  readonly call: AuditRecord | undefined;
}): ReactNode {
  const message = properties.version?.message ?? properties.call?.message;
  return message === undefined ? null : <p className={classes.message}>{message}</p>;
}

function Changes(properties: { readonly changes: readonly FieldChange[] }): ReactNode {
  return properties.changes.length === 0 ? null : <FieldChanges changes={properties.changes} />;
}

function Back(properties: { readonly id: string; readonly version: HistoryEntry }): ReactNode {
  const { id, version } = properties;
  const text = useText();
  return (
    <Button
      className={classes.back ?? ""}
      size="compact-sm"
      variant="default"
      leftSection={<IconArrowBackUp size={14} stroke={1.8} aria-hidden />}
      renderRoot={(root: object) => (
        <Link
          {...root}
          to="/services/$id"
          params={{ id }}
          search={{ tab: "configuration", version: version.version }}
        />
      )}
    >
      {text("ui.history.look")}
    </Button>
  );
}
