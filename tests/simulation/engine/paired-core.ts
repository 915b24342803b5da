import type { Core, InstantMs, Outcome } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";

/** Which of two cores of one process an event is for, or an effect is of. */
export type Either<First, Second> =
  | { readonly of: "first"; readonly it: First }
  | { readonly of: "second"; readonly it: Second };

/** Two cores in one process: they share its disk and its turn, and nothing else. */
export function pairCores<FirstEvent, FirstEffect, SecondEvent, SecondEffect>(
  first: Core<FirstEvent, FirstEffect>,
  second: Core<SecondEvent, SecondEffect>,
): Core<Either<FirstEvent, SecondEvent>, Either<FirstEffect, SecondEffect>> {
  type Both = Outcome<Either<FirstEffect, SecondEffect>>;
  const ofFirst = ({ writes, effects }: Outcome<FirstEffect>): Both => ({
    writes,
    effects: effects.map((it) => ({ of: "first", it })),
  });
  const ofSecond = ({ writes, effects }: Outcome<SecondEffect>): Both => ({
    writes,
    effects: effects.map((it) => ({ of: "second", it })),
  });
  const isDue = (core: { wakeAt(): InstantMs | undefined }, now: InstantMs): boolean => {
    const at = core.wakeAt();
    return at !== undefined && at <= now;
  };
  return {
    apply: (event, now) =>
      event.of === "first" ? ofFirst(first.apply(event.it, now)) : ofSecond(second.apply(event.it, now)),
    wakeAt: () => {
      const [one, other] = [first.wakeAt(), second.wakeAt()];
      if (one === undefined || other === undefined) return one ?? other;
      return Math.min(one, other);
    },
    wake: (now) => {
      const parts: Both[] = [];
      if (isDue(first, now)) parts.push(ofFirst(first.wake(now)));
      if (isDue(second, now)) parts.push(ofSecond(second.wake(now)));
      return {
        writes: parts.flatMap(({ writes }) => writes),
        effects: parts.flatMap(({ effects }) => effects),
      };
    },
    snapshot: (): JsonValue => [first.snapshot(), second.snapshot()],
    check: () => [...first.check(), ...second.check()],
  };
}
