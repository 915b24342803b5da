/** The first page: what needs a person, then how full the cluster is, then what happened lately. */
import type { ReactNode } from "react";
import { useNow } from "../../components/age.tsx";
import { Card } from "../../components/card.tsx";
import { Page } from "../../components/page.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { useCapacity } from "../../data/capacity.ts";
import { useText } from "../../i18n/language-provider.tsx";
import { needsAttention } from "./attention.ts";
import { AttentionList } from "./attention-list.tsx";
import { CapacityCard } from "./capacity-card.tsx";
import classes from "./dashboard.module.css";
import { useDashboard } from "./dashboard-queries.ts";
import { RecentDeployments, RecentEvents } from "./recent.tsx";

export function DashboardPage(): ReactNode {
  const text = useText();
  const now = useNow();
  const found = useDashboard();
  const capacity = useCapacity();
  const items = needsAttention(found, now);
  return (
    <Page
      title={text("ui.nav.dashboard")}
      beside={<span className="quiet">{capacity.data?.clusterName ?? ""}</span>}
    >
      {found.error !== null ? <Failed error={found.error} onRetry={found.retry} /> : null}
      {found.error === null && found.servicesTotal === 0 ? (
        <Card>
          <Empty
            title={text("ui.dashboard.empty")}
            hint={text("ui.dashboard.emptyHint")}
            command="keelson demo"
          />
        </Card>
      ) : null}
      {found.error === null && found.servicesTotal !== 0 ? (
        <Card
          title={text("ui.dashboard.attention")}
          beside={items.length === 0 ? null : <span className={classes.number}>{items.length}</span>}
        >
          {found.isPending ? <Loading lines={3} /> : <AttentionList items={items} />}
        </Card>
      ) : null}
      {capacity.data === undefined ? null : <CapacityCard capacity={capacity.data} />}
      {found.error === null && !found.isPending ? (
        <div className={classes.columns}>
          <RecentDeployments deployments={found.deployments} />
          <RecentEvents />
        </div>
      ) : null}
    </Page>
  );
}
