/** How the service is now: in a sentence, with the reasons first when it is not as wished, then the facts. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import { FillBar } from "../../components/fill-bar.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import { DeploymentCard } from "../../services/deployment-card.tsx";
import { ReasonPanel, type ReasonTone } from "../../services/reasons/reason-view.tsx";
import { useServiceDeployments, useWhy } from "../../services/service-queries.ts";
import { instanceCounts } from "../../services/view/service-view.ts";
import { Addresses } from "./addresses.tsx";
import classes from "./service-page.module.css";

const reasonTones: Readonly<Record<ServiceItem["status"], ReasonTone>> = {
  running: "busy",
  deploying: "busy",
  waiting: "wait",
  failing: "bad",
  unhealthy: "bad",
  stopped: "busy",
};

export function OverviewTab(properties: { readonly service: ServiceItem }): ReactNode {
  const { service } = properties;
  const why = useWhy(service.id);
  const deployments = useServiceDeployments(service.id);
  const running = deployments.data?.filter(({ state }) => state === "running") ?? [];
  const all = why.data?.isAsWished === false ? why.data.reasons : [];
  // What a deployment waits for stands on its own card.
  const reasons = running.length === 0 ? all : all.filter(({ code }) => !code.startsWith("deployment"));
  return (
    <div className={classes.overview}>
      <ReasonPanel reasons={reasons} tone={reasonTones[service.status]} />
      {running.map((deployment) => (
        <DeploymentCard key={deployment.id} deployment={deployment} />
      ))}
      <div className={classes.facts}>
        <InstancesCard service={service} />
        <Addresses service={service} />
        <ResourcesCard service={service} />
      </div>
    </div>
  );
}

function InstancesCard(properties: { readonly service: ServiceItem }): ReactNode {
  const { service } = properties;
  const text = useText();
  const { wanted, running } = service.instances;
  const counts = instanceCounts(service);
  const parts = [
    { tone: "good", value: counts.healthy + counts.running },
    { tone: "bad", value: counts.unhealthy },
    { tone: "busy", value: counts.staged },
    { tone: "idle", value: counts.missing },
  ] as const;
  const legend = (["healthy", "running", "unhealthy", "staged", "missing"] as const).filter(
    (name) => counts[name] > 0,
  );
  const summary = text("ui.service.instancesOf", { running, wanted });
  return (
    <section className={classes.card}>
      <h2>{text("ui.service.tab.instances")}</h2>
      <span className={classes.big}>{summary}</span>
      <FillBar
        parts={parts}
        whole={Math.max(wanted, running + service.instances.staged)}
        label={summary}
        isThick
      />
      <span className={classes.legend}>
        {legend.map((name) => (
          <span key={name}>{text(`ui.service.count.${name}`, { count: counts[name] })}</span>
        ))}
      </span>
      <Link
        to="/services/$id"
        params={{ id: service.id }}
        search={{ tab: "instances" }}
        className={classes.more ?? ""}
      >
        {text("ui.service.showInstances")}
      </Link>
    </section>
  );
}

function ResourcesCard(properties: { readonly service: ServiceItem }): ReactNode {
  const { service } = properties;
  const text = useText();
  const formats = useFormats();
  const labels = Object.entries(service.labels);
  return (
    <section className={classes.card}>
      <h2>{text("ui.service.perInstance")}</h2>
      <dl className={classes.pairs}>
        <dt>{text("ui.quantity.cpus")}</dt>
        <dd>{formats.cpus(service.cpus)}</dd>
        <dt>{text("ui.quantity.mem")}</dt>
        <dd>{formats.mebibytes(service.mem)}</dd>
        {service.disk === 0 ? null : (
          <>
            <dt>{text("ui.quantity.disk")}</dt>
            <dd>{formats.mebibytes(service.disk)}</dd>
          </>
        )}
        {service.gpus === 0 ? null : (
          <>
            <dt>{text("ui.quantity.gpus")}</dt>
            <dd>{formats.number(service.gpus)}</dd>
          </>
        )}
        <dt>{text("ui.service.version")}</dt>
        <dd>{formats.instant(Date.parse(service.version))}</dd>
      </dl>
      {labels.length === 0 ? null : (
        <span className={classes.labels}>
          {labels.map(([name, value]) => (
            <span key={name} className={classes.label}>
              {value === "" ? name : `${name}=${value}`}
            </span>
          ))}
        </span>
      )}
    </section>
  );
}
