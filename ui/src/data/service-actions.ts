/** What can be done to services from a list, one or many at once, as calls. */
import { applyChange, type ServiceItem } from "#contracts/services/own-endpoints.ts";
import { deleteService, restartService, scaleService } from "./marathon.ts";
import { callEndpoint, daemonPaths } from "./request.ts";

export type ServiceAction = "scale" | "restart" | "stop" | "resume" | "delete";

/** Actions that make sense for `service` now, in the order a menu has them. */
export function actionsFor(service: Pick<ServiceItem, "instances">): readonly ServiceAction[] {
  return service.instances.wanted === 0
    ? ["resume", "scale", "delete"]
    : ["scale", "restart", "stop", "delete"];
}

/** Does it; `instances` is for scale and resume. Throws `RequestFailed`, 409 when a deployment is in the way. */
export async function actOn(
  action: ServiceAction,
  ids: readonly string[],
  options: { readonly instances: number; readonly force: boolean },
): Promise<void> {
  const { instances, force } = options;
  if (action === "delete" && ids.length > 1) {
    // One deployment for all of them.
    await callEndpoint(daemonPaths.services, applyChange, {
      body: { definitions: [], removals: [...ids], force },
    });
    return;
  }
  for (const id of ids) {
    if (action === "delete") await deleteService(id, { force });
    else if (action === "restart") await restartService(id, { force });
    else await scaleService(id, action === "stop" ? 0 : instances, { force });
  }
}
