/** An event of a service, in words. */
import type { ClusterEvent } from "#contracts/observe/events.ts";

/** Its facts in one line: what it happened to, when that is not the service, then `name: value`. */
export function eventDetail(event: ClusterEvent): string {
  const facts = Object.entries(event.detail ?? {}).map(([name, value]) => `${name}: ${value}`);
  return [...(event.kind === "service" ? [] : [event.object]), ...facts].join(" · ");
}
