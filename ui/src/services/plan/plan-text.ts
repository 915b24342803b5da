/** What a plan would do, in the words of the catalogue. */
import type { Plan, PlannedService } from "#contracts/services/plan.ts";
import type { Tone } from "../../components/state-badge.tsx";
import type { TextKey, TextParameters } from "../../i18n/catalogue.ts";

export interface Sentence {
  readonly key: TextKey;
  readonly parameters: TextParameters;
}

export const effectTones: Readonly<Record<PlannedService["effect"], Tone>> = {
  create: "good",
  restart: "wait",
  scale: "busy",
  keep: "idle",
  remove: "bad",
  unchanged: "idle",
};

export const effectNames: Readonly<Record<PlannedService["effect"], TextKey>> = {
  create: "ui.plan.effect.create",
  restart: "ui.plan.effect.restart",
  scale: "ui.plan.effect.scale",
  keep: "ui.plan.effect.keep",
  remove: "ui.plan.effect.remove",
  unchanged: "ui.plan.effect.unchanged",
};

/** The consequence in one sentence: what starts, what ends, what goes on running. */
export function effectSentence(planned: PlannedService): Sentence {
  const { effect, instancesBefore: before, instancesAfter: after, restarts } = planned;
  switch (effect) {
    case "create":
      return { key: "ui.plan.creates", parameters: { after } };
    case "restart":
      return { key: "ui.plan.restarts", parameters: { restarts, before, after } };
    case "scale":
      return after > before
        ? { key: "ui.plan.scalesUp", parameters: { more: after - before, before, after } }
        : { key: "ui.plan.scalesDown", parameters: { fewer: before - after, before, after } };
    case "keep":
      return { key: "ui.plan.keeps", parameters: { after } };
    case "remove":
      return { key: "ui.plan.removes", parameters: { before } };
    default:
      return { key: "ui.plan.unchanged", parameters: {} };
  }
}

/** Services that something happens to; the rest is only counted. */
export function changedServices(plan: Plan): {
  readonly changed: readonly PlannedService[];
  readonly same: number;
} {
  const changed = plan.services.filter(({ effect }) => effect !== "unchanged");
  return { changed, same: plan.services.length - changed.length };
}

/** Whether all placements are certain, or only likely. */
export const isLikely = ({ placements }: PlannedService): boolean =>
  placements.some(({ certainty }) => certainty === "likely");
