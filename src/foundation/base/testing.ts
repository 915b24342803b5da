import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Given by `npm run check` only: what part of the tries of a slow property it makes. */
    readonly partOfRuns?: number;
  }
}

/** How often a property that takes seconds is tried: `full` times by `npm test`, a part of that by `npm run check`. */
export const runsOf = (full: number): number => Math.ceil(full * (inject("partOfRuns") ?? 1));
