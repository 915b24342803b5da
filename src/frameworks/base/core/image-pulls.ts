/** How far agents are with the images that tasks wait for, as they told when somebody asked why. */
import type { ImagePullItem } from "#contracts/kernel/own-endpoints.ts";
import type { ReasonFacts } from "./reason-facts.ts";

/** By task; of one that is not among them nothing is known. */
export type ImagePulls = ReadonlyMap<string, ImagePullItem>;

/** Agents that are asked for one answer: a person waits for it. */
export const askedAgentsMax = 20;

/** The first of these tasks whose image is on its way. */
export function pullOf(pulls: ImagePulls | undefined, taskIds: readonly string[]): ImagePullItem | undefined {
  if (pulls === undefined) return undefined;
  for (const id of taskIds) {
    const pull = pulls.get(id);
    if (pull !== undefined) return pull;
  }
  return undefined;
}

const mib = 1_048_576;

/** For the sentence of `pullingImage`, in MiB; a total of 0 is not known. */
export function pullParameters({
  image,
  phase,
  doneBytes,
  totalBytes = 0,
}: ImagePullItem): ReasonFacts["parameters"] {
  return { image, phase, done: Math.floor(doneBytes / mib), total: Math.ceil(totalBytes / mib) };
}
