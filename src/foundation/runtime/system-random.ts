import { randomFillSync } from "node:crypto";
import { type Random, randomFromWords } from "#foundation/base/random.ts";

const wordsPerRefill = 256;

/** Randomness from the operating system, fit for ids and tokens. */
export function createSystemRandom(): Random {
  const words = new Uint32Array(wordsPerRefill);
  let used = wordsPerRefill;
  return randomFromWords(() => {
    if (used === wordsPerRefill) {
      randomFillSync(words);
      used = 0;
    }
    const word = words[used] ?? 0;
    // A word handed out is not kept: it may become part of a secret.
    words[used] = 0;
    used += 1;
    return word;
  });
}

/** The randomness of this process. */
export const systemRandom: Random = createSystemRandom();
