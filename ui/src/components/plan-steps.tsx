/** The steps of a deployment: what was done, what is being done, what comes. */
import { IconCheck, IconPlayerPlay } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { DeploymentItem } from "#contracts/services/own-endpoints.ts";
import { useText } from "../i18n/language-provider.tsx";
import classes from "./plan-steps.module.css";

export function PlanSteps(properties: {
  readonly steps: DeploymentItem["steps"];
  /** 1-based; 0: none has begun. Past the last: all are done. */
  readonly current: number;
}): ReactNode {
  const text = useText();
  const { steps, current } = properties;
  return (
    <ol className={classes.steps}>
      {steps.map(({ actions }, index) => {
        const place = index + 1 < current ? "done" : index + 1 === current ? "now" : "later";
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place in the plan
          <li key={index} data-place={place} aria-current={place === "now" ? "step" : undefined}>
            <span className={classes.mark} aria-hidden>
              {place === "done" ? <IconCheck size={13} stroke={2.4} /> : null}
              {place === "now" ? <IconPlayerPlay size={12} stroke={2.2} /> : null}
              {place === "later" ? index + 1 : null}
            </span>
            <ul>
              {actions.map(({ action, service, from, to }) => (
                <li key={`${action} ${service}`}>
                  {text(`ui.plan.action.${action}`, { service, from, to })}
                </li>
              ))}
            </ul>
          </li>
        );
      })}
    </ol>
  );
}
