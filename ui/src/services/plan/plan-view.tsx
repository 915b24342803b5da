/** What a change would do: for each service the effect, restarts, where new instances go, what to know. */
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Plan, PlannedService } from "#contracts/services/plan.ts";
import { FieldChanges } from "../../components/field-changes.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import classes from "./plan.module.css";
import { changedServices, effectNames, effectSentence, effectTones, isLikely } from "./plan-text.ts";

export function PlanView(properties: { readonly plan: Plan }): ReactNode {
  const { plan } = properties;
  const text = useText();
  if (plan.isEmpty) return <p className={classes.nothing}>{text("ui.plan.empty")}</p>;
  const { changed, same } = changedServices(plan);
  return (
    <div className={classes.plan}>
      {changed.map((planned) => (
        <PlannedChange key={planned.id} planned={planned} />
      ))}
      {same === 0 ? null : <p className="quiet">{text("ui.plan.same", { count: same })}</p>}
    </div>
  );
}

function PlannedChange(properties: { readonly planned: PlannedService }): ReactNode {
  const { planned } = properties;
  const text = useText();
  const sentence = effectSentence(planned);
  return (
    <section className={classes.service} data-plan-effect={planned.effect}>
      <h3 className={classes.name}>
        <StateBadge tone={effectTones[planned.effect]}>{text(effectNames[planned.effect])}</StateBadge>
        <code>{planned.id}</code>
      </h3>
      <p className={classes.effect}>{text(sentence.key, sentence.parameters)}</p>
      <Placements planned={planned} />
      {planned.warnings.map(({ code, message }) => (
        <p key={`${code} ${message}`} className={classes.warning}>
          <IconAlertTriangle size={16} stroke={1.8} aria-hidden />
          <span>{message}</span>
        </p>
      ))}
      {planned.effect === "create" || planned.changes.length === 0 ? null : (
        <FieldChanges changes={planned.changes} />
      )}
    </section>
  );
}

function Placements(properties: { readonly planned: PlannedService }): ReactNode {
  const { planned } = properties;
  const text = useText();
  const { placements, unplaced } = planned;
  if (placements.length === 0 && unplaced === 0) return null;
  return (
    <div className={classes.placements}>
      {placements.length === 0 ? null : (
        <>
          <span className="quiet">{text(isLikely(planned) ? "ui.plan.likelyOn" : "ui.plan.placedOn")}</span>
          {placements.map(({ agentId, hostname, count }) => (
            <span key={agentId} className={classes.node}>
              {text("ui.plan.onNode", { hostname, count })}
            </span>
          ))}
        </>
      )}
      {unplaced === 0 ? null : (
        <span className={classes.unplaced}>{text("ui.plan.unplaced", { count: unplaced })}</span>
      )}
    </div>
  );
}
