/** All services: their state, why they are not as wished, and what one does to them every day. */
import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { ListPage } from "../../components/list-page.tsx";
import { Empty } from "../../components/states.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { ServiceActionDialog } from "../../services/service-action-dialog.tsx";
import type { ServiceAction } from "../../services/service-actions.ts";
import { ChosenTools } from "./chosen-tools.tsx";
import { RowMenu } from "./row-menu.tsx";
import { serviceColumns } from "./service-columns.tsx";
import { useServiceList } from "./service-queries.ts";

const route = getRouteApi("/shell/services");
const quickFilters = (["failing", "unhealthy", "waiting", "deploying", "stopped"] as const).map(
  (state) => [`status:${state}`, `ui.services.status.${state}`] as const,
);

interface Asking {
  readonly action: ServiceAction;
  readonly services: readonly ServiceItem[];
}

export function ServicesPage(): ReactNode {
  const text = useText();
  const formats = useFormats();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const list = useServiceList(search);
  const [chosen, setChosen] = useState<ReadonlyMap<string, ServiceItem>>(new Map());
  const [asking, setAsking] = useState<Asking>();
  const [menu, setMenu] = useState<{ readonly service: ServiceItem; readonly anchor: HTMLElement }>();

  const columns = useMemo(
    () =>
      serviceColumns({
        text,
        formats,
        chosen: new Set(chosen.keys()),
        toggle: (service) =>
          setChosen((before) => {
            const next = new Map(before);
            if (!next.delete(service.id)) next.set(service.id, service);
            return next;
          }),
        act: (action, service) => setAsking({ action, services: [service] }),
        openMenu: (service, anchor) => setMenu({ service, anchor }),
      }),
    [text, formats, chosen],
  );

  return (
    <>
      <ListPage
        title={text("ui.nav.services")}
        filterHint={text("ui.services.filterHint")}
        columns={columns}
        list={list}
        rowHeight={54}
        rowKey={({ id }) => id}
        search={search}
        onSearch={(next) => void navigate({ search: next, replace: true })}
        actions={<NewService />}
        quickFilters={chosen.size > 0 ? [] : quickFilters}
        tools={
          chosen.size === 0 ? null : (
            <ChosenTools
              count={chosen.size}
              act={(action) => setAsking({ action, services: [...chosen.values()] })}
              clear={() => setChosen(new Map())}
            />
          )
        }
        empty={
          <Empty
            title={text("ui.services.empty")}
            hint={text("ui.services.emptyHint")}
            command="keelson demo"
          />
        }
      />
      {menu === undefined ? null : (
        <RowMenu
          {...menu}
          onClose={() => setMenu(undefined)}
          act={(action) => setAsking({ action, services: [menu.service] })}
        />
      )}
      {asking === undefined ? null : (
        <ServiceActionDialog
          {...asking}
          onClose={() => setAsking(undefined)}
          onDone={() => setChosen(new Map())}
        />
      )}
    </>
  );
}

function NewService(): ReactNode {
  const text = useText();
  return (
    <Button
      leftSection={<IconPlus size={16} stroke={1.8} aria-hidden />}
      renderRoot={(root: object) => <Link {...root} to="/services/new" />}
    >
      {text("ui.create.title")}
    </Button>
  );
}
