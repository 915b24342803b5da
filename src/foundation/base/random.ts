/** Randomness as cores see it: given to them at construction, repeatable from a seed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, bound). `bound` is at least 1. */
  below(bound: number): number;
  /** 16 random bytes as a version 4 UUID in its usual text form. */
  uuid(): string;
}

/**
 * A small, fast, seeded generator (sfc32). Good enough for shuffles, jitter and ids that need to be
 * unique, not for secrets.
 */
export function seededRandom(seed: number): Random {
  let a = seed | 0;
  let b = (seed / 0x1_0000_0000) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const step = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) step();
  return randomFromWords(step);
}

/** Builds a `Random` on any source of uniform 32-bit words. */
export function randomFromWords(word: () => number): Random {
  const next = (): number => word() / 0x1_0000_0000;
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    uuid: () => formatUuid([word(), word(), word(), word()]),
  };
}

function formatUuid(words: readonly [number, number, number, number]): string {
  const hex = words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Fisher-Yates, in place. */
export function shuffle<Item>(items: Item[], random: Random): Item[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    const held = items[last] as Item;
    items[last] = items[other] as Item;
    items[other] = held;
  }
  return items;
}
