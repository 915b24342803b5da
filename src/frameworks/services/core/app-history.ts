/**
 * Which earlier versions of an app are kept.
 *
 * Whoever changes the number of instances often would soon have nothing but scalings in the history, and the configuration
 * to go back to would be the first to leave. So the newest version of another configuration stays, whatever its age, as
 * does one that an instance runs. Source: Marathon flag `zk_max_versions` (contract marathon.md section 6).
 */
import type { InstantMs } from "#foundation/base/core.ts";
import { isSameConfiguration } from "./app-facts.ts";
import type { App } from "./app-table.ts";

type Kept = Pick<App, "definition" | "history">;

export interface VersionLimit {
  /** Versions kept of an app, the current one included. */
  readonly max: number;
  readonly isInUse: (version: InstantMs) => boolean;
}

/** The version that a roll-back goes to; a scaling is none unless the number is what shall come back. */
export function versionBefore(app: Kept, withInstances: boolean): InstantMs | undefined {
  const versions = [...app.history].sort(([one], [other]) => other - one);
  return versions.find(
    ([, { definition }]) =>
      !isSameConfiguration(definition, app.definition) ||
      (withInstances && definition.instances !== app.definition.instances),
  )?.[0];
}

/** Versions to forget, oldest first. */
export function versionsToForget(app: Kept, { max, isInUse }: VersionLimit): readonly InstantMs[] {
  const surplus = app.history.size + 1 - max;
  if (surplus <= 0) return [];
  const target = versionBefore(app, false);
  const forgotten: InstantMs[] = [];
  for (const version of [...app.history.keys()].sort((one, other) => one - other)) {
    if (forgotten.length === surplus) break;
    if (version !== target && !isInUse(version)) forgotten.push(version);
  }
  return forgotten;
}
