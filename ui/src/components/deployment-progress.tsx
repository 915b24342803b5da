/** How far a deployment is, in a bar and in words. */
import type { ReactNode } from "react";
import type { DeploymentItem } from "#contracts/services/own-endpoints.ts";
import { useText } from "../i18n/language-provider.tsx";
import { Figures } from "./figures.tsx";
import { FillBar } from "./fill-bar.tsx";
import { StateBadge, type Tone } from "./state-badge.tsx";

const tones: Readonly<Record<DeploymentItem["state"], Tone>> = {
  running: "busy",
  succeeded: "good",
  failed: "bad",
  cancelled: "idle",
};

export function DeploymentStateBadge(properties: { readonly state: DeploymentItem["state"] }): ReactNode {
  const text = useText();
  const { state } = properties;
  return <StateBadge tone={tones[state]}>{text(`ui.deployments.state.${state}`)}</StateBadge>;
}

export function DeploymentProgress(properties: { readonly deployment: DeploymentItem }): ReactNode {
  const text = useText();
  const { done, wanted, state } = properties.deployment;
  return (
    <>
      <FillBar
        parts={[{ tone: tones[state], value: state === "succeeded" ? Math.max(1, wanted) : done }]}
        whole={Math.max(1, wanted)}
        label={text("ui.deployments.progressLabel", { done, wanted })}
      />
      <Figures characters={5}>
        {done} <span className="quiet">/ {wanted}</span>
      </Figures>
    </>
  );
}
