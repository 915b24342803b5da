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
    uuid: () => formatUuid(word(), word(), word(), word()),
  };
}

/** The hex digits of each byte. */
const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const digits = (word: number): string => bytes(word >>> 16) + bytes(word);
const bytes = (half: number): string => (hex[(half >>> 8) & 0xff] ?? "") + (hex[half & 0xff] ?? "");

/** With the bits that say its version and variant. */
function formatUuid(one: number, two: number, three: number, four: number): string {
  return `${digits(one)}-${bytes(two >>> 16)}-${bytes((two & 0x0fff) | 0x4000)}-${bytes(((three >>> 16) & 0x3fff) | 0x8000)}-${bytes(three)}${digits(four)}`;
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
