/** What `npm run check` leaves to `npm test`, to be done in a minute; it says so. */

/** Unit tests that start hundreds of processes, write gigabytes or open a file a thousand times. */
export const leftToNpmTest: readonly string[] = [
  "src/foundation/store/embedded-worker.test.ts",
  "src/kernel/containerizer/fetcher/fetch.test.ts",
  "src/kernel/containerizer/networks/container-networks.test.ts",
  "src/kernel/containerizer/process/cgroups.test.ts",
  "src/kernel/containerizer/process/process-driver.test.ts",
  "src/kernel/containerizer/process/session.test.ts",
];

/** How much of the tries of a property that takes seconds (`runsOf`) is made. */
export const partOfRuns = 0.1;
