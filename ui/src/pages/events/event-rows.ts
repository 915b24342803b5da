/** Events as the page shows them: which match what was typed, and where each leads. */
import type { ClusterEvent } from "#contracts/observe/events.ts";

export function matchesWords(event: ClusterEvent, words: string): boolean {
  const whole =
    `${event.kind} ${event.change} ${event.object} ${event.service ?? ""} ${detailText(event)}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => whole.includes(word));
}

/** Short facts of an event in one line. */
export function detailText(event: ClusterEvent): string {
  return Object.entries(event.detail ?? {})
    .map(([name, value]) => (name === "message" ? String(value) : `${name} ${value}`))
    .join(" · ");
}
