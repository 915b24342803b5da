/** Everything about one service in one place: how it is now and why, instances, log, definition, versions, events, history. */
import { Tabs } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import { Page } from "../../components/page.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { useService } from "../../services/service-queries.ts";
import { statusTones } from "../../services/view/service-view.ts";
import { ConfigurationTab } from "./configuration-tab.tsx";
import { DeploymentsTab } from "./deployments-tab.tsx";
import { EventsTab } from "./events-tab.tsx";
import { HistoryTab } from "./history-tab.tsx";
import { InstancesTab } from "./instances-tab.tsx";
import { OverviewTab } from "./overview-tab.tsx";
import { ServiceActions } from "./service-actions.tsx";
import classes from "./service-page.module.css";
import { type ServiceTab, serviceTabs } from "./service-search.ts";

const route = getRouteApi("/shell/services/$id");
const ServiceLog = lazy(() =>
  import("../../logs/service-log.tsx").then((module) => ({ default: module.ServiceLog })),
);

export function ServicePage(): ReactNode {
  const text = useText();
  const { id } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const service = useService(id);
  const { data } = service;
  const tab = search.tab ?? "overview";
  const above = (
    <Link to="/services" search={{}}>
      {text("ui.nav.services")}
    </Link>
  );
  if (data === undefined || data === null) {
    return (
      <Page title={id} above={above}>
        {data === null ? (
          <Empty title={text("ui.service.gone", { id })} hint={text("ui.service.goneHint")} />
        ) : service.error === null ? (
          <Loading />
        ) : (
          <Failed error={service.error} onRetry={() => void service.refetch()} />
        )}
      </Page>
    );
  }
  return (
    <Page
      title={id}
      above={above}
      beside={
        <StateBadge tone={statusTones[data.status]}>{text(`ui.service.status.${data.status}`)}</StateBadge>
      }
      actions={<ServiceActions service={data} />}
      fills={tab === "log"}
    >
      <Tabs
        className={classes.tabs ?? ""}
        value={tab}
        keepMounted={false}
        onChange={(next) =>
          void navigate({ search: next === "overview" || next === null ? {} : { tab: next as ServiceTab } })
        }
      >
        <Tabs.List className={classes.list ?? ""}>
          {serviceTabs.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {text(`ui.service.tab.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab} className={classes.panel ?? ""} data-fills={tab === "log" || undefined}>
          <TabContent tab={tab} service={data} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function TabContent(properties: {
  readonly tab: ServiceTab;
  readonly service: Parameters<typeof OverviewTab>[0]["service"];
}): ReactNode {
  const { tab, service } = properties;
  switch (tab) {
    case "instances":
      return <InstancesTab service={service} />;
    case "log":
      return (
        <Suspense fallback={<Loading />}>
          <ServiceLog id={service.id} />
        </Suspense>
      );
    case "deployments":
      return <DeploymentsTab service={service} />;
    case "configuration":
      return <ConfigurationTab service={service} />;
    case "events":
      return <EventsTab id={service.id} />;
    case "history":
      return <HistoryTab id={service.id} />;
    default:
      return <OverviewTab service={service} />;
  }
}
