/** Conditions of an instance that counts, as the contract lists them: not taken from the core that is watched. */
export const activeConditions: ReadonlySet<string> = new Set([
  "Provisioned",
  "Staging",
  "Starting",
  "Running",
  "Killing",
  "Unreachable",
]);
