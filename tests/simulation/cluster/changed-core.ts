import type { Core, InstantMs, Outcome } from "#foundation/base/core.ts";

/** The core with its events and outcomes changed on their way. */
export function changed<Event, Effect>(
  core: Core<Event, Effect>,
  change: {
    readonly event?: (event: Event) => Event;
    readonly outcome?: (outcome: Outcome<Effect>) => Outcome<Effect>;
  },
): Core<Event, Effect> {
  const { event: changeEvent = (event) => event, outcome: changeOutcome = (outcome) => outcome } = change;
  return {
    apply: (event, now) => changeOutcome(core.apply(changeEvent(event), now)),
    wakeAt: () => core.wakeAt(),
    wake: (now: InstantMs) => changeOutcome(core.wake(now)),
    snapshot: () => core.snapshot(),
    check: () => core.check(),
  };
}
