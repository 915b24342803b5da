/** Which tasks of instances the master is asked about. */
import type { BelievedTask } from "#frameworks/base/core/reconcile.ts";
import { isActive } from "./conditions.ts";
import { isInactive, liveTaskIdsOf } from "./instance.ts";
import type { ServicesState } from "./state.ts";

export function* believedTasks(state: ServicesState): Iterable<BelievedTask> {
  for (const instance of state.instances.all()) {
    if (!(isActive(instance.condition) || isInactive(instance))) continue;
    for (const taskId of liveTaskIdsOf(instance)) yield { taskId, agentId: instance.agent?.agentId };
  }
}
