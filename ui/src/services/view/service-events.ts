/** Events of one service out of all of them. */
import type { ClusterEvent } from "#contracts/observe/events.ts";

export const eventsOf = (events: readonly ClusterEvent[], service: string): readonly ClusterEvent[] =>
  events.filter(
    (event) => event.service === service || (event.kind === "service" && event.object === service),
  );

/** Its facts in one line: what it happened to, when that is not the service, then `name: value`. */
export function eventDetail(event: ClusterEvent): string {
  const facts = Object.entries(event.detail ?? {}).map(([name, value]) => `${name}: ${value}`);
  return [...(event.kind === "service" ? [] : [event.object]), ...facts].join(" · ");
}
