/** Calls that change services, and what they refuse with. */
import type { BodyOf, ReplyOf } from "#contracts/endpoint.ts";
import { applyChange, planChange, rollbackService } from "#contracts/services/own-endpoints.ts";
import { callEndpoint, daemonPaths, fillPath, requestJson } from "../data/request.ts";
import type { Language } from "../i18n/languages.ts";

const services = daemonPaths.services;

export type Change = BodyOf<typeof planChange>;
export type Applied = ReplyOf<typeof applyChange>;

export const readPlan = (
  change: Change,
  language: Language,
  signal?: AbortSignal,
): Promise<ReplyOf<typeof planChange>> =>
  callEndpoint(services, planChange, {
    query: { language },
    body: change,
    ...(signal === undefined ? {} : { signal }),
  });

export const apply = (body: BodyOf<typeof applyChange>, language: Language): Promise<Applied> =>
  callEndpoint(services, applyChange, { query: { language }, body });

export const rollBack = (
  id: string,
  body: BodyOf<typeof rollbackService>,
  language: Language,
): Promise<ReplyOf<typeof rollbackService>> =>
  callEndpoint(services, rollbackService, { params: { id }, query: { language }, body });

/** All instances are replaced, as the upgrade strategy says. `force` replaces a deployment in the way. */
export async function restartService(id: string, options: { readonly force: boolean }): Promise<void> {
  const path = fillPath("/v2/apps/{id...}/restart", { id });
  await requestJson(`${services}${path}${options.force ? "?force=true" : ""}`, { method: "POST" });
}

/** Ends one instance; another takes its place unless `scale`, which also wishes one fewer. */
export async function killInstance(
  service: string,
  taskId: string,
  options: { readonly scale: boolean },
): Promise<void> {
  const path = fillPath("/v2/apps/{id...}/tasks/{taskId}", { id: service, taskId });
  await requestJson(`${services}${path}?scale=${options.scale}`, { method: "DELETE" });
}

/** Stops a deployment and goes back to what was before; with `force` it only stops. */
export async function cancelDeployment(deploymentId: string): Promise<void> {
  await requestJson(`${services}${fillPath("/v2/deployments/{id}", { id: deploymentId })}`, {
    method: "DELETE",
  });
}
