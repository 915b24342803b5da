/** Follows a deployment to its end, telling what changes, and gives the verdict. */
import { RequestFailed } from "#clients/client/cluster.ts";
import {
  type AppInfo,
  getApp,
  listDeployments,
  listQueue,
  type QueueItem,
} from "#clients/client/services.ts";
import { CommandFailed, type Context } from "./context.ts";
import { explainQueue } from "./reasons.ts";

const pollIntervalMs = 100;
/** After this long without any change the cause is told, once for each cause. */
const explainAfterMs = 3_000;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the deployment ended. Throws `CommandFailed` when the service then is not as wished. */
export async function followDeployment(
  context: Context,
  id: string,
  deploymentId: string,
): Promise<AppInfo | undefined> {
  const { cluster, say } = context;
  let shown = "";
  let changedAt = performance.now();
  let explained = "";
  for (;;) {
    const running = (await listDeployments(cluster)).find((deployment) => deployment.id === deploymentId);
    const app = await appOrUndefined(context, id);
    const line = app === undefined ? "" : progressLine(context, app);
    if (line !== shown && line !== "") {
      context.note(line);
      shown = line;
      changedAt = performance.now();
    }
    if (running === undefined) return app;
    if (performance.now() - changedAt > explainAfterMs) {
      const reason = await waitingReason(context, id, app);
      if (reason !== "" && reason !== explained) context.note(say("progress.waiting", { reason }));
      explained = reason;
    }
    await pause(pollIntervalMs);
  }
}

function progressLine({ say }: Context, app: AppInfo): string {
  return say("progress.counts", {
    running: app.tasksRunning,
    wanted: app.instances,
    staged: app.tasksStaged,
    healthy: app.tasksHealthy,
    checked: (app.healthChecks ?? []).length,
  });
}

async function waitingReason(context: Context, id: string, app: AppInfo | undefined): Promise<string> {
  const item: QueueItem | undefined = (await listQueue(context.cluster)).find(
    (queued) => queued.app.id === id,
  );
  if (item !== undefined) return explainQueue(context, item, app)[0] ?? "";
  const failure = app?.lastTaskFailure;
  return failure === undefined ? "" : `${failure.state}: ${failure.message}`;
}

async function appOrUndefined({ cluster }: Context, id: string): Promise<AppInfo | undefined> {
  try {
    return await getApp(cluster, id);
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) return undefined;
    throw error;
  }
}

/** Says that a service isn't there, in words. */
export function missing({ say }: Context, id: string): CommandFailed {
  return new CommandFailed(say("cli.service.unknown", { name: id }));
}
