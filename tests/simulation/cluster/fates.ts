/** What becomes of the processes of services, as their commands say it. */

/** Why a version of a service never comes up, or only in part. */
export const fates = [
  "exits at once",
  "cannot be fetched",
  "is never healthy",
  "is never ready",
  "has no room",
  "exits half of the time",
] as const;
export type Fate = (typeof fates)[number];

/** Every command that does not say so serves well. */
export const fateOf = (command: string): Fate | undefined => fates.find((fate) => command.endsWith(fate));
