/** How a node stands, in a word: whether it answers, and else what was decided about it. */
import type { ReactNode } from "react";
import type { NodeItem } from "#contracts/kernel/own-endpoints.ts";
import { useText } from "../i18n/language-provider.tsx";
import { StateBadge, type Tone } from "./state-badge.tsx";

const tones: Readonly<Record<Exclude<NodeItem["state"], "active"> | NodeItem["standing"], Tone>> = {
  disconnected: "wait",
  unreachable: "bad",
  inService: "good",
  deactivated: "idle",
  draining: "busy",
  drained: "idle",
  gone: "bad",
};

export function NodeState(properties: { readonly node: Pick<NodeItem, "state" | "standing"> }): ReactNode {
  const text = useText();
  const { state, standing } = properties.node;
  const decided = standing === "inService" ? undefined : standing;
  return (
    <>
      {state === "active" && decided !== undefined ? null : (
        <StateBadge tone={state === "active" ? tones.inService : tones[state]}>
          {text(`ui.nodes.state.${state}`)}
        </StateBadge>
      )}
      {decided === undefined ? null : (
        <StateBadge tone={tones[decided]}>{text(`ui.nodes.standing.${decided}`)}</StateBadge>
      )}
    </>
  );
}
