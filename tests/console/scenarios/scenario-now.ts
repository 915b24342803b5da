/** Everything in the scenarios happened in the days before this, so that ages read the same in every run. */
export const scenarioNow = Date.UTC(2026, 2, 14, 9, 30);
