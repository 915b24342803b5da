import type { Core, InstantMs, Outcome } from "#foundation/base/core.ts";
import type { Program } from "../engine/index.ts";

export interface CoreObserver<Event, Effect> {
  /** After the core took an event, or `undefined` for its own timers; nothing of the outcome has left yet. */
  decided?(event: Event | undefined, outcome: Outcome<Effect>, now: InstantMs): void;
  /** The moment an effect leaves: by then everything it promises must be durable. */
  left?(effect: Effect): void;
}

/** The same program, with somebody looking on. */
export function observed<Event, Effect>(
  program: Program<Event, Effect>,
  { decided, left }: CoreObserver<Event, Effect>,
): Program<Event, Effect> {
  const { core } = program;
  const seen = (event: Event | undefined, outcome: Outcome<Effect>, now: InstantMs): Outcome<Effect> => {
    decided?.(event, outcome, now);
    return outcome;
  };
  const looking: Core<Event, Effect> = {
    apply: (event, now) => seen(event, core.apply(event, now), now),
    wakeAt: () => core.wakeAt(),
    wake: (now) => seen(undefined, core.wake(now), now),
    snapshot: () => core.snapshot(),
    check: () => core.check(),
  };
  return {
    ...program,
    core: looking,
    perform: (effect) => {
      left?.(effect);
      program.perform(effect);
    },
  };
}
