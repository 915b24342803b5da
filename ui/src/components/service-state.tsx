/** The state of a service, and how many of its instances are how. */
import type { ReactNode } from "react";
import type { ServiceItem, ServiceStatus } from "#contracts/services/own-endpoints.ts";
import { useText } from "../i18n/language-provider.tsx";
import { Figures } from "./figures.tsx";
import { FillBar } from "./fill-bar.tsx";
import { StateBadge, type Tone } from "./state-badge.tsx";

const tones: Readonly<Record<ServiceStatus, Tone>> = {
  running: "good",
  deploying: "busy",
  waiting: "wait",
  failing: "bad",
  unhealthy: "bad",
  stopped: "idle",
};

export function ServiceStateBadge(properties: { readonly status: ServiceStatus }): ReactNode {
  const text = useText();
  const { status } = properties;
  return <StateBadge tone={tones[status]}>{text(`ui.services.status.${status}`)}</StateBadge>;
}

export function InstancesBar(properties: { readonly instances: ServiceItem["instances"] }): ReactNode {
  const text = useText();
  const { wanted, running, staged, unhealthy } = properties.instances;
  const well = Math.max(0, running - unhealthy);
  return (
    <>
      <FillBar
        parts={[
          { tone: "good", value: well },
          { tone: "bad", value: unhealthy },
          { tone: "busy", value: staged },
        ]}
        whole={Math.max(wanted, running + staged)}
        label={text("ui.services.instancesLabel", { running, wanted, unhealthy, staged })}
      />
      <Figures characters={6}>
        {running} <span className="quiet">/ {wanted}</span>
      </Figures>
    </>
  );
}
