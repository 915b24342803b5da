/**
 * Figures of speed on a machine that may be busy with other things: it makes some measurements late, while a fault of
 * ours makes all of them late. So the middle of many is judged, or the best of several.
 */
import { readFileSync } from "node:fs";
import { expect } from "vitest";

/** How far the worst of many may be from the figure before even a busy machine is no excuse. */
const worstFactor = 5;
const attemptsMax = 40;

/** The middle one keeps the figure, and none is far from it. */
export function expectTypically(delaysMs: ReadonlyMap<string, number>, figureMs: number): void {
  const sorted = [...delaysMs].sort(([, one], [, other]) => one - other);
  const middle = sorted[Math.floor(sorted.length / 2)];
  expect(middle?.[1], `typically: ${JSON.stringify(sorted)}`).toBeLessThanOrEqual(figureMs);
  expect(sorted.at(-1)?.[1], `at worst: ${JSON.stringify(sorted)}`).toBeLessThanOrEqual(
    figureMs * worstFactor,
  );
}

/** How long processes had a processor, and waited for one. */
export interface ProcessorUse {
  readonly ranNs: number;
  readonly waitedNs: number;
}

/** Of their main threads, as the kernel counts it; of those that are gone nothing. */
export function processorUse(pids: readonly number[]): ProcessorUse {
  let [ranNs, waitedNs] = [0, 0];
  for (const pid of pids) {
    try {
      const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number);
      ranNs += ran;
      waitedNs += waited;
    } catch {
      // It ended.
    }
  }
  return { ranNs, waitedNs };
}

/** Wall time as it would have been with a processor at hand whenever one was wanted. */
export function undisturbedMs(wallMs: number, before: ProcessorUse, after: ProcessorUse): number {
  const ran = after.ranNs - before.ranNs;
  const waited = after.waitedNs - before.waitedNs;
  return ran <= 0 ? wallMs : (wallMs * ran) / (ran + waited);
}

/** Measures again until the figure is kept once. */
export async function expectAtBest(
  figureMs: number,
  measureMs: () => Promise<number>,
  tries = attemptsMax,
): Promise<void> {
  const seen: number[] = [];
  while (seen.length < tries && Math.min(...seen) > figureMs) seen.push(Math.round(await measureMs()));
  expect(Math.min(...seen), `of ${seen.join(", ")}`).toBeLessThanOrEqual(figureMs);
}
