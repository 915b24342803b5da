/** What of a service's page stands in its address: the tab, the version looked at, the line of a log. */

export const serviceTabs = [
  "overview",
  "instances",
  "log",
  "deployments",
  "configuration",
  "events",
  "history",
] as const;
export type ServiceTab = (typeof serviceTabs)[number];

export interface ServiceSearch {
  readonly tab?: ServiceTab;
  /** Configuration: the version shown. */
  readonly version?: string;
  /** Log: only this task. */
  readonly task?: string;
  /** Log: the line that is pointed at, as `stream@offset`, of `task`. */
  readonly line?: string;
}

/** Reads the search part of an address; what is not understood is left out. */
export function readServiceSearch(search: Record<string, unknown>): ServiceSearch {
  const { tab, version, task, line } = search;
  const known = serviceTabs.find((name) => name === tab);
  const isText = (value: unknown): value is string =>
    typeof value === "string" && value !== "" && value.length <= 1_000;
  return {
    ...(known === undefined || known === "overview" ? {} : { tab: known }),
    ...(isText(version) ? { version } : {}),
    ...(isText(task) ? { task } : {}),
    ...(isText(line) && /^(stdout|stderr)@\d+$/.test(line) ? { line } : {}),
  };
}
