/** Changes that must be refused, and such as collide with what is under way. */
import type { AppDefinition } from "#domain/definitions/app.ts";
import type { Random } from "#foundation/base/random.ts";
import type { WishedChange } from "#frameworks/services/core/index.ts";
import { appAs, type Wish } from "./wishes.ts";

export interface ClumsyChange {
  readonly wish: WishedChange;
  /** Else it is what somebody wishes anyway, and waits only while another change holds its service. */
  readonly isWrong: boolean;
}

const upsert = (definition: AppDefinition, expect: "any" | "absent" | "present" = "any"): WishedChange => ({
  upserts: [{ definition, expect }],
  removals: [],
  keepsInstances: new Set(),
  groups: [],
});

/** About a service that is there as wished, or is about to be. */
export function clumsyChange(random: Random, wish: Wish): ClumsyChange | undefined {
  const definition = appAs(wish);
  if (definition === undefined) return undefined;
  const { volumeMib = 0 } = wish;
  const unknown = { ...definition, id: "/nobody" };
  const wrong: readonly WishedChange[] = [
    upsert(unknown, "present"),
    { ...upsert(definition), restarts: [unknown.id] },
    upsert({ ...definition, dependencies: [definition.id] }),
    upsert({ ...definition, instances: 1_000_000 }),
    ...(volumeMib === 0
      ? []
      : [upsert(appAs({ ...wish, volumeMib: volumeMib + 1 }) ?? definition, "present")]),
  ];
  const chosen = wrong[random.below(wrong.length * 2)];
  return chosen === undefined
    ? { wish: upsert(definition), isWrong: false }
    : { wish: chosen, isWrong: true };
}
