/** What can be done to services, one or many at once, as changes that a plan is made of. */
import type { ServiceItem } from "#contracts/services/own-endpoints.ts";
import type { Change } from "./service-changes.ts";

export type ServiceAction = "scale" | "restart" | "stop" | "resume" | "delete";

/** Actions that make sense for `service` now, in the order a menu has them. */
export function actionsFor(service: Pick<ServiceItem, "instances">): readonly ServiceAction[] {
  return service.instances.wanted === 0
    ? ["resume", "scale", "delete"]
    : ["scale", "restart", "stop", "delete"];
}

/** `instances` is for scale and resume. */
export function changeOf(action: ServiceAction, ids: readonly string[], instances: number): Change {
  if (action === "delete") return { definitions: [], removals: [...ids] };
  if (action === "restart") return { definitions: [], restarts: [...ids] };
  const wished = action === "stop" ? 0 : instances;
  return { definitions: [], instances: Object.fromEntries(ids.map((id) => [id, wished])) };
}
