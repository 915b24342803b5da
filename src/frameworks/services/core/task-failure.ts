/** The last failure of each app, kept until the next one. Source: contract marathon.md section 2.1, `lastTaskFailure`. */
import type { Instance } from "./instance.ts";
import { formatInstant } from "./iso-time.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

export function recordTaskFailure(
  turn: Turn,
  state: ServicesState,
  instance: Instance,
  failure: { readonly state: string; readonly message: string },
): void {
  const app = state.apps.get(instance.appId);
  if (app === undefined) return;
  const slaveId = instance.agent?.agentId;
  state.apps.setLastFailure(turn, app, {
    appId: instance.appId,
    host: instance.agent?.host ?? "",
    message: failure.message,
    state: failure.state,
    taskId: instance.taskId ?? instance.id,
    timestamp: formatInstant(turn.now),
    version: formatInstant(instance.version),
    ...(slaveId === undefined ? {} : { slaveId }),
  });
}
