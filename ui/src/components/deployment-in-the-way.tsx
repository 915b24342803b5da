/** What a refused change shows: the deployments that hold the services, and the three ways on. */
import { Button, Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { listDeployments } from "#contracts/services/own-endpoints.ts";
import { keys } from "../data/keys.ts";
import { cancelDeployment } from "../data/marathon.ts";
import { callEndpoint, daemonPaths, type RequestFailed } from "../data/request.ts";
import { useText } from "../i18n/language-provider.tsx";
import { Age } from "./age.tsx";
import classes from "./confirm-dialog.module.css";
import { lockingDeployments } from "./locking-deployments.ts";
import { messageOf } from "./states.tsx";

export function DeploymentInTheWay(properties: {
  readonly refusal: RequestFailed;
  readonly onReplace: () => void;
  readonly onRetry: () => void;
}): ReactNode {
  const text = useText();
  const { refusal, onReplace, onRetry } = properties;
  const [failure, setFailure] = useState<unknown>();
  const ids = lockingDeployments(refusal.body);
  const running = useQuery({
    queryKey: keys.deployments({ also: { running: true } }),
    queryFn: ({ signal }) =>
      callEndpoint(daemonPaths.services, listDeployments, { query: { limit: 100 }, signal }),
  });
  const holders = running.data?.items.filter(({ id }) => ids.includes(id)) ?? [];
  const cancel = async (): Promise<void> => {
    try {
      for (const id of ids) await cancelDeployment(id);
      onRetry();
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <div className={classes.lock} role="alert">
      <p>{text("ui.lock.title")}</p>
      {holders.map((deployment) => (
        <p key={deployment.id}>
          {text("ui.lock.holder", {
            user: deployment.user ?? text("ui.unknownUser"),
            services: deployment.services.join(", "),
            step: deployment.step,
            steps: deployment.steps.length,
          })}{" "}
          <Age at={deployment.startedAt} />
        </p>
      ))}
      {holders.length === 0 ? <p className="quiet">{refusal.message}</p> : null}
      {failure === undefined ? null : <p>{messageOf(failure)}</p>}
      <Group gap="xs">
        <Button size="xs" variant="default" onClick={onRetry}>
          {text("ui.lock.retry")}
        </Button>
        <Button size="xs" variant="default" onClick={onReplace}>
          {text("ui.lock.replace")}
        </Button>
        {ids.length === 0 ? null : (
          <Button size="xs" variant="default" onClick={() => void cancel()}>
            {text("ui.lock.cancel")}
          </Button>
        )}
      </Group>
    </div>
  );
}
