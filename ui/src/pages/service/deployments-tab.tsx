/** Deployments of this service: those under way with their plan, then those that ended. */
import type { ReactNode } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { DeploymentCard } from "../../services/deployment-card.tsx";
import { useServiceDeployments } from "../../services/service-queries.ts";
import classes from "./service-page.module.css";

export function DeploymentsTab(properties: { readonly service: ServiceItem }): ReactNode {
  const text = useText();
  const deployments = useServiceDeployments(properties.service.id);
  const { data } = deployments;
  if (data === undefined)
    return deployments.error === null ? (
      <Loading />
    ) : (
      <Failed error={deployments.error} onRetry={() => void deployments.refetch()} />
    );
  if (data.length === 0)
    return <Empty title={text("ui.deployment.none")} hint={text("ui.deployment.noneHint")} />;
  return (
    <div className={classes.overview}>
      {data.map((deployment) => (
        <DeploymentCard key={deployment.id} deployment={deployment} />
      ))}
    </div>
  );
}
