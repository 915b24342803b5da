/** A change under way, in the place of its plan: how far it is, the verdict, and when it goes wrong the cause and the last lines. */
import { Button } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { DeploymentItem } from "#contracts/services/own-endpoints.ts";
import { Loading } from "../../components/states.tsx";
import { useText } from "../../i18n/language-provider.tsx";
import { LastLines } from "../../logs/last-lines.tsx";
import { DeploymentCard } from "../deployment-card.tsx";
import { ReasonPanel } from "../reasons/reason-view.tsx";
import { useServiceDeployments, useWhy } from "../service-queries.ts";
import classes from "./editor.module.css";
import type { Applied } from "./service-editor.tsx";
import { isGoingWrong } from "./verdict.ts";

export function ProgressPanel(properties: {
  readonly applied: Applied;
  readonly onEditAgain: () => void;
}): ReactNode {
  const { applied, onEditAgain } = properties;
  const text = useText();
  const deployments = useServiceDeployments(applied.id);
  const why = useWhy(applied.id);
  const deployment = deployments.data?.find(({ id }) => id === applied.deploymentId);
  const isWrong = isGoingWrong(deployment, why.data);
  return (
    <div className={classes.panel}>
      <h2>{text("ui.progress.title")}</h2>
      <Verdict applied={applied} deployment={deployment} isWrong={isWrong} />
      {deployment === undefined ? (
        applied.deploymentId === undefined ? null : (
          <Loading lines={3} />
        )
      ) : (
        <DeploymentCard deployment={deployment} isPlain />
      )}
      {isWrong && why.data !== undefined ? (
        <>
          <ReasonPanel reasons={why.data.reasons} tone="bad" />
          <LastLines service={applied.id} />
        </>
      ) : null}
      <div className={classes.buttons}>
        <Button variant="default" onClick={onEditAgain}>
          {text("ui.progress.editAgain")}
        </Button>
        <Button
          renderRoot={(root: object) => (
            <Link {...root} to="/services/$id" params={{ id: applied.id }} search={{}} />
          )}
        >
          {text("ui.progress.open")}
        </Button>
      </div>
    </div>
  );
}

function Verdict(properties: {
  readonly applied: Applied;
  readonly deployment: DeploymentItem | undefined;
  readonly isWrong: boolean;
}): ReactNode {
  const { applied, deployment, isWrong } = properties;
  const text = useText();
  const verdict =
    applied.deploymentId === undefined ? "nothing" : isWrong ? "wrong" : (deployment?.state ?? "running");
  return (
    <p className={classes.verdict} role="status" data-verdict={verdict}>
      {verdict === "succeeded" ? <IconCircleCheck size={18} stroke={1.8} aria-hidden /> : null}
      {text(`ui.progress.${verdict}`, { service: applied.id })}
    </p>
  );
}
