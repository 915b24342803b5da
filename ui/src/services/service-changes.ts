/** Calls that change services, and what they refuse with. */
import type { BodyOf, ReplyOf } from "#contracts/endpoint.ts";
import {
  applyChange,
  planChange,
  rollbackService,
  type ServiceItem,
} from "#contracts/services/own-endpoints.ts";
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

/** Ends one instance; another takes its place unless `scale`, which also wishes one fewer. */
export async function killInstance(
  { id, containers }: ServiceItem,
  taskId: string,
  options: { readonly scale: boolean },
): Promise<void> {
  const query = `?scale=${options.scale}`;
  if (containers !== undefined) {
    await requestJson(`${services}/v2/tasks/delete${query}`, { method: "POST", body: { ids: [taskId] } });
    return;
  }
  const path = fillPath("/v2/apps/{id...}/tasks/{taskId}", { id, taskId });
  await requestJson(`${services}${path}${query}`, { method: "DELETE" });
}

/** Ends a deployment and starts one back to what was before it. */
export const revertDeployment = (id: string): Promise<void> => endDeployment(id, "");

/** Ends a deployment and leaves things as they are at that moment. */
export const cancelDeployment = (id: string): Promise<void> => endDeployment(id, "?force=true");

async function endDeployment(id: string, query: string): Promise<void> {
  await requestJson(`${services}${fillPath("/v2/deployments/{id}", { id })}${query}`, { method: "DELETE" });
}
