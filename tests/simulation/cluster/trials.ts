/**
 * Upgrades that go wrong: which there are, and where each of them ends. What is expected is counted here from
 * the contract alone (marathon.md sections 10.3 and 10.4), never with the core's own sums.
 */
import type { Random } from "#foundation/base/random.ts";
import { between } from "../engine/index.ts";
import { type Fate, fates } from "./fates.ts";
import type { Wish } from "./wishes.ts";

/** What somebody does about it. */
export const endings = ["left alone", "forced back", "cancelled", "rolled back"] as const;
export type Ending = (typeof endings)[number];

export interface Trial {
  readonly appId: string;
  readonly instances: number;
  readonly minimumHealthCapacity: number;
  readonly maximumOverCapacity: number;
  readonly killSelection: "YOUNGEST_FIRST" | "OLDEST_FIRST";
  readonly fate: Fate;
  readonly ending: Ending;
  /** Its instances have volumes: nothing runs beside them. */
  readonly volumeMib?: number;
  readonly upgradeAtMs: number;
  readonly endAtMs: number;
}

/** Corners and middles; with three instances a half is rounded both ways. */
const strategies: readonly (readonly [minimum: number, over: number])[] = [
  [0, 0],
  [0, 0.5],
  [0, 1],
  [0.5, 0],
  [0.5, 0.5],
  [0.5, 1],
  [1, 0],
  [1, 0.3],
  [1, 0.5],
  [1, 1],
  [0.2, 0.4],
];
const killSelections = ["YOUNGEST_FIRST", "OLDEST_FIRST"] as const;
const instances = 3;
const volumeMib = 16;
const upgradeAtMs = 30_000;
/** All that can be done is done, and unhealthy ones were ended more than once. */
const stuckMs = 45_000;
/** Until what users do about it has come to its end, where nothing else fails. */
export const endsWithinMs = 60_000;
/** Until all of it is over. */
export const stillMs = upgradeAtMs + stuckMs + endsWithinMs + 1_000;
/** In the middle of it. */
const midwayMs = 1_500;

/** Each strategy with each kill selection; with volumes where nothing may run beside what is there. */
export function everyTrial(fate: Fate, ending: Ending): readonly Trial[] {
  const endAtMs = upgradeAtMs + (mayComeUp(fate) ? midwayMs : stuckMs);
  const each = strategies.flatMap(([minimumHealthCapacity, maximumOverCapacity]) =>
    killSelections.flatMap((killSelection) => {
      const trial = {
        ...{ instances, minimumHealthCapacity, maximumOverCapacity, killSelection, fate, ending },
        ...{ upgradeAtMs, endAtMs },
      };
      // Another size would make another volume's place of it: that is refused.
      const canKeep = maximumOverCapacity === 0 && fate !== "has no room";
      return canKeep ? [trial, { ...trial, volumeMib }] : [trial];
    }),
  );
  return each.map((trial, index) => ({ ...trial, appId: `/trial-${index}` }));
}

const randomTrials = 5;
const largest = 5;

/** As the seed has it. */
export function someTrials(random: Random): readonly Trial[] {
  const any = <Item>(items: readonly [Item, ...Item[]]): Item =>
    items[random.below(items.length)] ?? items[0];
  return Array.from({ length: randomTrials }, (_, index): Trial => {
    const isKept = random.below(4) === 0;
    const fate = any(fates);
    const upgrade = between(random, 15_000, 50_000);
    return {
      appId: `/trial-${index}`,
      instances: between(random, 1, largest),
      minimumHealthCapacity: any([0, 0.2, 0.5, 0.7, 1]),
      maximumOverCapacity: isKept ? 0 : any([0, 0.25, 0.5, 1]),
      killSelection: any(killSelections),
      fate: isKept && fate === "has no room" ? "exits at once" : fate,
      ending: any(endings),
      ...(isKept ? { volumeMib } : {}),
      upgradeAtMs: upgrade,
      endAtMs: upgrade + between(random, 500, 60_000),
    };
  });
}

/** It comes up in the end, when nobody breaks it off. */
export const mayComeUp = (fate: Fate): boolean => fate === "exits half of the time";

/** More than any machine has. */
const noRoomCpus = 1_000;

/** The service as it is before, after, and when its old definition is put again. */
export function wishOf(trial: Trial, version: "old" | "new"): Wish {
  const { fate, appId, killSelection, minimumHealthCapacity, maximumOverCapacity } = trial;
  const isNew = version === "new";
  return {
    ...{ atMs: 0, appId, instances: trial.instances, killSelection },
    ...{ minimumHealthCapacity, maximumOverCapacity },
    cmd: isNew ? `new: ${fate}` : "old: serves",
    isChecked: fate !== "is never ready" && fate !== "cannot be fetched" && fate !== "has no room",
    isAsked: fate === "is never ready",
    ...(trial.volumeMib === undefined ? {} : { volumeMib: trial.volumeMib }),
    ...(isNew && fate === "has no room" ? { cpus: noRoomCpus } : {}),
  };
}

export interface Limits {
  /** Never fewer serve. */
  readonly minimum: number;
  /** Never more are there. */
  readonly maximum: number;
  /** What serves must go first when neither number leaves a way: one more, or with volumes one fewer. */
  readonly isTight: boolean;
}

export function limitsOf(trial: Omit<Trial, "fate" | "ending">): Limits {
  const hundredths = (share: number): number => Math.round(share * 100);
  const stated = {
    minimum: Math.ceil((trial.instances * hundredths(trial.minimumHealthCapacity)) / 100),
    maximum: Math.floor((trial.instances * (100 + hundredths(trial.maximumOverCapacity))) / 100),
  };
  const isTight = stated.minimum === stated.maximum;
  if (!isTight) return { ...stated, isTight };
  return trial.volumeMib === undefined
    ? { minimum: stated.minimum, maximum: stated.maximum + 1, isTight }
    : { minimum: stated.minimum - 1, maximum: stated.maximum, isTight };
}

/** Where an upgrade stays that never gets on: so many old ones serve, and so many new ones shall. */
export function stuckAt(trial: Trial): { readonly old: number; readonly fresh: number } {
  const { minimum, maximum } = limitsOf(trial);
  return { old: minimum, fresh: Math.min(trial.instances, maximum - minimum) };
}
