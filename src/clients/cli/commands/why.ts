/** `keelson why`: what keeps a service from being as wished, the true cause first. */
import { RequestFailed } from "#clients/client/cluster.ts";
import { explainOffers } from "#clients/client/kernel.ts";
import { getApp, listDeployments, listQueue, servicePath, servicesInfo } from "#clients/client/services.ts";
import type { Context } from "../context.ts";
import { missing } from "../progress.ts";
import { explainQueue } from "../reasons.ts";

export async function why(context: Context, name: string): Promise<void> {
  const { cluster, say, print } = context;
  const id = servicePath(name);
  const [app, queue, deployments] = await Promise.all([
    getApp(cluster, id).catch((error: unknown) => {
      throw error instanceof RequestFailed && error.status === 404 ? missing(context, id) : error;
    }),
    listQueue(cluster),
    listDeployments(cluster),
  ]);
  const queued = queue.find((item) => item.app.id === id);
  const reasons: string[] = queued === undefined ? [] : [...explainQueue(context, queued, app)];
  if (app.tasksUnhealthy > 0) reasons.push(say("why.unhealthy", { count: app.tasksUnhealthy }));
  if (app.tasksStaged > 0) reasons.push(say("why.staged", { count: app.tasksStaged }));
  if (app.lastTaskFailure !== undefined && app.tasksRunning < app.instances) {
    const { state, message, host, taskId } = app.lastTaskFailure;
    reasons.push(say("why.lastFailure", { state, message, host, task: taskId }));
  }
  const changing = deployments.find(({ affectedApps }) => affectedApps.includes(id));
  if (changing !== undefined) {
    reasons.push(
      say("why.deploying", {
        deployment: changing.id,
        step: changing.currentStep,
        steps: changing.totalSteps,
      }),
    );
  }
  if (queued !== undefined && queued.processedOffersSummary.processedOffersCount === 0)
    reasons.push(...(await offerReasons(context)));
  const complete = app.tasksRunning >= app.instances && app.tasksUnhealthy === 0;
  if (context.json) {
    print(
      JSON.stringify({
        id,
        complete,
        running: app.tasksRunning,
        wanted: app.instances,
        reasons,
        queue: queued ?? null,
      }),
    );
    return;
  }
  print(
    say(complete ? "why.complete" : "why.incomplete", {
      name: id,
      running: app.tasksRunning,
      wanted: app.instances,
    }),
  );
  for (const reason of reasons) print(`  ${reason}`);
  if (!complete) print(say("why.next", { name: id }));
}

/** What the kernel says when no offer has come at all. */
async function offerReasons({ cluster, say }: Context): Promise<readonly string[]> {
  const { frameworkId } = await servicesInfo(cluster);
  if (frameworkId === undefined) return [];
  const { roles } = await explainOffers(cluster, frameworkId);
  return roles.map(({ role: _role, suppressed, missingCapability: _missing, ...counts }) =>
    say(suppressed ? "why.offers.suppressed" : "why.offers.agents", counts),
  );
}
