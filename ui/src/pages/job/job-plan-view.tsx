/** What saving a job would do: what changes, when the next runs are, where one would go. */
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { JobPlan } from "#contracts/jobs/own-endpoints.ts";
import { FieldChanges } from "../../components/field-changes.tsx";
import { StateBadge, type Tone } from "../../components/state-badge.tsx";
import { useFormats, useText } from "../../i18n/language-provider.tsx";
import plans from "../../services/plan/plan.module.css";
import classes from "./job-plan.module.css";

const tones: Readonly<Record<JobPlan["effect"], Tone>> = {
  create: "good",
  change: "busy",
  unchanged: "idle",
};

export function JobPlanView(properties: { readonly plan: JobPlan }): ReactNode {
  const { plan } = properties;
  const text = useText();
  const { id, effect, changes, activeCount } = plan;
  return (
    <div className={plans.plan} data-plan-effect={effect}>
      <h3 className={plans.name}>
        <StateBadge tone={tones[effect]}>{text(`ui.jobs.plan.${effect}`)}</StateBadge>
        <code>{id}</code>
      </h3>
      {activeCount === 0 || effect === "unchanged" ? null : (
        <p className={plans.effect}>{text("ui.jobs.plan.active", { count: activeCount })}</p>
      )}
      {changes.length === 0 ? null : <FieldChanges changes={changes} />}
      <Times plan={plan} />
      <Places plan={plan} />
    </div>
  );
}

function Times(properties: { readonly plan: JobPlan }): ReactNode {
  const text = useText();
  const formats = useFormats();
  const { nextRuns } = properties.plan;
  return (
    <section className={classes.part}>
      <h4>{text("ui.jobs.plan.times")}</h4>
      {nextRuns.length === 0 ? (
        <p className="quiet">{text("ui.jobs.plan.noTimes")}</p>
      ) : (
        <ol className={classes.times}>
          {nextRuns.map((at) => (
            <li key={at}>{formats.instant(at)}</li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Places(properties: { readonly plan: JobPlan }): ReactNode {
  const text = useText();
  const { nodes, nodesCount, reason } = properties.plan;
  return (
    <section className={classes.part}>
      <h4>{text("ui.jobs.plan.places")}</h4>
      {reason === undefined ? null : (
        <p className={plans.warning}>
          <IconAlertTriangle size={16} stroke={1.8} aria-hidden />
          <span className="sentence">{reason.message}</span>
        </p>
      )}
      {nodesCount === 0 && reason === undefined ? (
        <p className="quiet">{text("ui.jobs.plan.placesUnknown")}</p>
      ) : null}
      {nodesCount === 0 ? null : (
        <div className={plans.placements}>
          {nodes.map(({ agentId, hostname }) => (
            <span key={agentId} className={plans.node}>
              {hostname || agentId}
            </span>
          ))}
          {nodesCount === nodes.length ? null : (
            <span className="quiet">
              {text("ui.jobs.plan.moreNodes", { count: nodesCount - nodes.length })}
            </span>
          )}
        </div>
      )}
    </section>
  );
}
