/** One word for how a service is. */
import type { ServiceStatus } from "#contracts/services/own-endpoints.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { App } from "./app-table.ts";
import { presentEntry, presentFailure } from "./reasons.ts";
import type { ServicesState } from "./state.ts";

/**
 * What keeps it comes before the deployment it is in: people look for that first. Instances of a deployment that wait
 * for their first offer are not yet called waiting.
 */
export function statusOf(state: ServicesState, app: App, now: InstantMs): ServiceStatus {
  const population = state.instances.population(app.id);
  const isLocked = state.deployments.lockOf(app.id) !== undefined;
  const entry = presentEntry(state, app);
  const counts = population?.counts;
  const wanted = app.definition.instances;
  // Only what failed lately has a delay, so that most services are never looked at closer.
  const isSuspect = entry?.backoff !== undefined || (counts?.healthy ?? 0) < (counts?.running ?? 0);
  if (isSuspect && presentFailure(state, app, [...(population?.members.values() ?? [])], now) !== undefined) {
    return "failing";
  }
  const waiting = population?.scheduled.size ?? 0;
  if (waiting > 0 && (!isLocked || (entry?.stats.unused ?? 0) > 0)) return "waiting";
  if ((counts?.unhealthy ?? 0) > 0) return "unhealthy";
  if (isLocked) return "deploying";
  if (wanted === 0) return "stopped";
  return (counts?.running ?? 0) >= wanted ? "running" : "waiting";
}
