/**
 * When images that no container runs from are removed: once the disk is fuller than it should be, all of them but those that
 * are to be kept. Source: Mesos agent, `--image_gc_config` (ADR 0179).
 */
import type { AgentPolicy } from "./policy.ts";
import type { Step } from "./step.ts";

export interface ImageGc {
  /** Part of the disk that is kept free, 0 to 1. */
  readonly headroom: number;
  /** Between two looks. */
  readonly watchMs: number;
  /** Names of images that stay. */
  readonly excluded: readonly string[];
}

export class ImageCollection {
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** `used`: part of the disk in use. Measured more often than it is looked at here. */
  diskMeasured(step: Step, used: number, { imageGc }: Pick<AgentPolicy, "imageGc">): void {
    if (imageGc === undefined || step.now - this.#lookedAt < imageGc.watchMs) return;
    this.#lookedAt = step.now;
    if (used <= 1 - imageGc.headroom) return;
    step.emit({ kind: "pruneImages", excluded: imageGc.excluded });
    step.log("info", "images.collecting", { used, headroom: imageGc.headroom });
  }
}
