/** Which cached answers an event makes old: key prefixes, as `keys.ts` builds them. */
import type { ClusterEvent } from "#contracts/observe/events.ts";

export type KeyPrefix = readonly string[];

/** Prefixes of what must be read again after `event`; `undefined`: everything. */
export function staleAfter(event: ClusterEvent): readonly KeyPrefix[] | undefined {
  const service = event.service ?? (event.kind === "service" ? event.object : undefined);
  const ofService: readonly KeyPrefix[] = service === undefined ? [] : [["services"], ["service", service]];
  switch (event.kind) {
    case "reset":
      return undefined;
    case "service":
      return [["audit"], ...ofService];
    case "deployment":
      return [["deployments"], ["deployment", event.object], ["services"], ["audit"], ...ofService];
    case "job":
      return [["jobs"], ["job", event.object], ["audit"]];
    case "task":
      return [["tasks"], ["task", event.object], ["capacity"], ["nodes"], ["node"], ...ofService];
    case "node":
      // What a run of a job waits for may have come with it.
      return [["nodes"], ["node", event.object], ["capacity"], ["jobs"], ["job"]];
    case "framework":
      return [["frameworks"], ["capacity"], ["tasks"]];
    case "user":
      return [["users"], ["audit"]];
    default:
      // A newer door may know more kinds; reading too much again is safe.
      return undefined;
  }
}
