/** Who changed what, when and from where. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { type AuditRecord, listAudit } from "#contracts/observe/audit.ts";
import { ListPage } from "../../components/list-page.tsx";
import { Empty } from "../../components/states.tsx";
import { keys } from "../../data/keys.ts";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import { useServerList } from "../../data/server-list.ts";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { auditColumns } from "./audit-columns.tsx";
import { AuditDrawer } from "./audit-drawer.tsx";

const route = getRouteApi("/shell/audit");

export function AuditPage(): ReactNode {
  const text = useText();
  const formats = useFormats();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [opened, setOpened] = useState<AuditRecord>();
  const list = useServerList<AuditRecord>({
    queryKey: keys.audit(search),
    read: (window, signal) =>
      callEndpoint(daemonPaths.door, listAudit, { query: { ...search, ...window }, signal }),
  });
  const dropped = useQuery({
    queryKey: ["audit", "dropped"],
    queryFn: async ({ signal }) => {
      const reply = await callEndpoint(daemonPaths.door, listAudit, { query: { limit: 1 }, signal });
      return reply.droppedBefore ?? null;
    },
  });
  const columns = useMemo(() => auditColumns(setOpened), []);
  return (
    <>
      <ListPage
        title={text("ui.nav.audit")}
        filterHint={text("ui.audit.filterHint")}
        columns={columns}
        list={list}
        rowKey={({ source, id }) => `${source} ${id}`}
        search={search}
        onSearch={(next) => void navigate({ search: next, replace: true })}
        tools={
          typeof dropped.data === "number" ? (
            <span className="quiet">{text("ui.audit.dropped", { at: formats.instant(dropped.data) })}</span>
          ) : null
        }
        empty={
          <Empty
            title={text("ui.audit.empty")}
            hint={text("ui.audit.emptyHint")}
            command="keelson history /web"
          />
        }
      />
      {opened === undefined ? null : <AuditDrawer record={opened} onClose={() => setOpened(undefined)} />}
    </>
  );
}
