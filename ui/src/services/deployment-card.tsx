/** One deployment: how far it is, what it does step by step, what it waits for, and how it ended. */
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { DeploymentItem } from "#contracts/services/own-endpoints.ts";
import { DeploymentStateBadge } from "../components/deployment-progress.tsx";
import { FillBar } from "../components/fill-bar.tsx";
import { PlanSteps } from "../components/plan-steps.tsx";
import { errorText } from "../i18n/error-text.ts";
import { useFormats, useText } from "../i18n/language-provider.tsx";
import classes from "./deployment-card.module.css";
import { cancelDeployment } from "./service-changes.ts";
import { useNow } from "./use-now.ts";

export function DeploymentCard(properties: {
  readonly deployment: DeploymentItem;
  /** Inside a card already. */
  readonly isPlain?: boolean;
}): ReactNode {
  const { deployment } = properties;
  const text = useText();
  const formats = useFormats();
  const now = useNow();
  const { state, done, wanted } = deployment;
  const isRunning = state === "running";
  return (
    <section
      className={classes.card}
      data-plain={properties.isPlain || undefined}
      data-deployment-state={state}
    >
      <div className={classes.head}>
        <h2>{text("ui.deployment.title", { services: deployment.services.join(", ") })}</h2>
        <DeploymentStateBadge state={state} />
        {isRunning ? <CancelButton id={deployment.id} /> : null}
      </div>
      <p className={classes.facts}>
        <span>{text("ui.deployment.by", { user: deployment.user ?? text("ui.inTheWay.somebody") })}</span>
        <span>{formats.ago(deployment.startedAt, now)}</span>
        <span>
          {text(deployment.endedAt === undefined ? "ui.deployment.runsFor" : "ui.deployment.took", {
            time: formats.duration((deployment.endedAt ?? now) - deployment.startedAt),
          })}
        </span>
      </p>
      {deployment.message === undefined ? null : <p className={classes.message}>{deployment.message}</p>}
      {isRunning ? (
        <>
          <FillBar
            isThick
            parts={[{ tone: "busy", value: done }]}
            whole={wanted}
            label={text("ui.deployment.progress", { done, wanted })}
          />
          <p className={classes.progress}>
            {text("ui.deployment.progress", { done, wanted })} ·{" "}
            {text("ui.deployment.step", { step: deployment.step, steps: deployment.steps.length })}
          </p>
          {deployment.reason === undefined ? null : (
            <p className={classes.reason}>{deployment.reason.message}</p>
          )}
        </>
      ) : null}
      <PlanSteps
        steps={deployment.steps}
        current={state === "succeeded" ? deployment.steps.length + 1 : deployment.step}
      />
    </section>
  );
}

/** Cancelling goes back to what was before; asked once more, since it changes what runs. */
function CancelButton(properties: { readonly id: string }): ReactNode {
  const text = useText();
  const [isAsked, setIsAsked] = useState(false);
  const cancelling = useMutation({ mutationFn: () => cancelDeployment(properties.id) });
  if (cancelling.error !== null) return <span role="alert">{errorText(text, cancelling.error)}</span>;
  return isAsked ? (
    <span className={classes.ask}>
      <span>{text("ui.deployment.cancelAsk")}</span>
      <Button size="xs" color="red" loading={cancelling.isPending} onClick={() => cancelling.mutate()}>
        {text("ui.deployment.cancel")}
      </Button>
      <Button size="xs" variant="default" onClick={() => setIsAsked(false)}>
        {text("ui.deployment.goOn")}
      </Button>
    </span>
  ) : (
    <Button size="xs" variant="default" onClick={() => setIsAsked(true)}>
      {text("ui.deployment.cancel")}
    </Button>
  );
}
