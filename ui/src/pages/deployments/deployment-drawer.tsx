/** One deployment at the side of the list: its plan as it goes, and the way to end or undo it. */
import { Button, Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type DeploymentItem, listDeployments } from "#contracts/services/own-endpoints.ts";
import { Age } from "../../components/age.tsx";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { DeploymentProgress, DeploymentStateBadge } from "../../components/deployment-progress.tsx";
import { Facts } from "../../components/facts.tsx";
import { PlanSteps } from "../../components/plan-steps.tsx";
import { ServiceLink } from "../../components/service-link.tsx";
import { SideDrawer } from "../../components/side-drawer.tsx";
import { Empty, Failed, Loading } from "../../components/states.tsx";
import { callEndpoint, daemonPaths } from "../../data/request.ts";
import { useLanguage, useText } from "../../i18n/language-provider.tsx";
import { cancelDeployment, revertDeployment } from "../../services/service-changes.ts";
import classes from "./deployments.module.css";

export function DeploymentDrawer(properties: {
  readonly id: string;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const { language } = useLanguage();
  const { id, onClose } = properties;
  const found = useQuery({
    queryKey: ["deployment", id, language],
    queryFn: async ({ signal }) => {
      const { items } = await callEndpoint(daemonPaths.services, listDeployments, {
        query: { filter: `id:${JSON.stringify(id)}`, language, limit: 1 },
        signal,
      });
      return items.find((deployment) => deployment.id === id) ?? null;
    },
  });
  return (
    <SideDrawer onClose={onClose} size={480} title={text("ui.deployments.one")}>
      {found.isPending ? <Loading /> : null}
      {found.isError && found.data === undefined ? (
        <Failed error={found.error} onRetry={() => void found.refetch()} />
      ) : null}
      {found.data === null ? <Empty title={text("ui.deployments.gone")} /> : null}
      {found.data ? <DeploymentDetail deployment={found.data} /> : null}
    </SideDrawer>
  );
}

function DeploymentDetail(properties: { readonly deployment: DeploymentItem }): ReactNode {
  const text = useText();
  const [asking, setAsking] = useState<"cancel" | "rollback">();
  const { deployment } = properties;
  const { id, services, state, step, steps, user, message, startedAt, endedAt, reason } = deployment;
  return (
    <div className={classes.detail}>
      <div className={classes.state}>
        <DeploymentStateBadge state={state} />
        <DeploymentProgress deployment={deployment} />
      </div>
      {reason === undefined ? null : (
        <div className={classes.reason}>
          <p className="sentence">{reason.message}</p>
          {reason.remedy === undefined ? null : <p className="quiet">{reason.remedy}</p>}
        </div>
      )}
      <Facts
        facts={[
          {
            name: text("ui.deployments.services"),
            value: services.map((service) => (
              <div key={service}>
                <ServiceLink id={service} />
              </div>
            )),
          },
          { name: text("ui.deployments.owner"), value: user ?? text("ui.unknownUser") },
          { name: text("ui.deployments.started"), value: <Age at={startedAt} /> },
          {
            name: text("ui.deployments.ended"),
            value: endedAt === undefined ? undefined : <Age at={endedAt} />,
          },
          { name: text("ui.deployments.message"), value: message },
          { name: text("ui.deployments.id"), value: <code className="mono">{id}</code> },
        ]}
      />
      <h3 className={classes.heading}>{text("ui.deployments.plan")}</h3>
      <PlanSteps steps={steps} current={state === "succeeded" ? steps.length + 1 : step} />
      {state === "running" ? (
        <Group gap="sm">
          <Button variant="default" onClick={() => setAsking("rollback")}>
            {text("ui.deployments.rollback")}
          </Button>
          <Button variant="default" onClick={() => setAsking("cancel")}>
            {text("ui.deployments.cancel")}
          </Button>
        </Group>
      ) : null}
      {asking === undefined ? null : (
        <ConfirmDialog
          title={text(`ui.deployments.${asking}.title`, { services: services.join(", ") })}
          effect={<p>{text(`ui.deployments.${asking}.effect`, { services: services.join(", ") })}</p>}
          confirm={text(`ui.deployments.${asking}`)}
          isDangerous
          act={() => (asking === "cancel" ? cancelDeployment(id) : revertDeployment(id))}
          onClose={() => setAsking(undefined)}
        />
      )}
    </div>
  );
}
