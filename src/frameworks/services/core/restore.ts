/**
 * Takes up where an earlier process stopped: records in, tables out, and what was under way begins again.
 */
import { combinedHealth } from "#domain/health/index.ts";
import { RecordInvalid, RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import { isActive, isStaged } from "./conditions.ts";
import { type Deployment, decodeDeployment } from "./deployment-table.ts";
import { resumeDeployment } from "./deployments.ts";
import { decodeInstance, type Instance } from "./instance.ts";
import { decommissionForGood, expunge, wantKills } from "./lifecycle.ts";
import { keptChecks, specOf, startProbes } from "./probes.ts";
import { startReadiness } from "./readiness.ts";
import { releasePrefix, resumeReleases } from "./releases.ts";
import { watchReservation } from "./residency.ts";
import type { StoredRecord } from "./services-core.ts";
import type { ServicesState } from "./state.ts";
import { judgeInstance, watchLaunch } from "./status-updates.ts";
import type { Turn } from "./turn.ts";

/** Every prefix the core writes under, apps first: what follows refers to them. */
export const recordPrefixes = [
  "framework/",
  "apps/",
  "app-versions/",
  "groups/",
  "root-versions/",
  "task-failures/",
  "instances/",
  "deployments/",
  "ended-deployments/",
  "ended-instances/",
  "ended-forgotten/",
  releasePrefix,
] as const;

const frameworkKey = "framework/id";

export function storeFrameworkId(turn: Turn, frameworkId: string): void {
  turn.put(frameworkKey, { format: recordFormat, frameworkId });
}

/** Fills empty tables. Throws RecordInvalid for a record that this build can't read. */
export function restoreTables(state: ServicesState, records: readonly StoredRecord[]): void {
  const deployments: Deployment[] = [];
  for (const prefix of recordPrefixes) {
    for (const { key, value } of records) {
      if (!key.startsWith(prefix)) continue;
      switch (prefix) {
        case "framework/":
          state.connection.frameworkId = new RecordReader(key, value).text("frameworkId");
          break;
        case "apps/":
          state.apps.restoreApp(key, value);
          break;
        case "app-versions/":
          state.apps.restoreVersion(key, value);
          break;
        case "groups/":
          state.groups.restore(key, value);
          break;
        case "root-versions/":
          state.history.restore(key, value);
          break;
        case "task-failures/":
          state.apps.restoreFailure(key, value);
          break;
        case "instances/":
          state.instances.restore(decodeInstance(key, value));
          break;
        case "deployments/":
          deployments.push(decodeDeployment(key, value));
          break;
        case "ended-deployments/":
          state.endedDeployments.restore(key, value);
          break;
        case "ended-instances/":
          state.endedInstances.restore(key, value);
          break;
        case "ended-forgotten/":
          state.endedInstances.restoreForgotten(key, value);
          break;
        case releasePrefix:
          state.releases.restore(key, value);
          break;
      }
    }
  }
  const stranger = records.find(({ key }) => !recordPrefixes.some((prefix) => key.startsWith(prefix)));
  if (stranger !== undefined) throw new RecordInvalid(stranger.key, "is of no kind this build knows");
  state.apps.sortHistories();
  for (const app of state.apps.all()) {
    state.groups.restoreApp(app.id, app.versions.version);
    state.instances.setConfigVersion(app.id, app.versions.lastConfigChangeAt);
    state.lastVersion = Math.max(state.lastVersion, app.versions.version, ...app.history.keys());
  }
  for (const deployment of deployments.sort((one, other) => one.version - other.version)) {
    state.deployments.restore(deployment);
    state.lastVersion = Math.max(state.lastVersion, deployment.version);
  }
  state.lastVersion = Math.max(state.lastVersion, state.groups.root.version, state.history.newest);
}

function resumeChecks(turn: Turn, state: ServicesState, instance: Instance): void {
  startProbes(turn, state, instance);
  // Only one that a deployment waited for is asked again: to one that came up without, nobody had to wait for it.
  if (instance.isReady === undefined) return;
  startReadiness(turn, state, instance);
}

/** The first thing a restored core does once it is given an instant. */
export function resume(turn: Turn, state: ServicesState): void {
  state.healthKills.restore(state.instances.all());
  resumeReleases(turn, state);

  for (const instance of [...state.instances.all()]) {
    const { condition } = instance;
    const checks = keptChecks(instance, specOf(state, instance)?.facts);
    state.instances.changeVolatile(instance, { checks, health: combinedHealth(checks) });
    if (instance.goal === "Decommissioned") decommissionForGood(turn, state, instance);
    else if (instance.isKillWanted && isActive(condition)) wantKills(turn, state, instance);
    if (state.instances.get(instance.id) !== instance) continue;
    watchReservation(turn, state, instance);
    if (isStaged(condition)) watchLaunch(turn, state, instance);
    if (condition === "Running") resumeChecks(turn, state, instance);
    if (instance.unreachableSince !== undefined) {
      // The clock may have been set back since: it counts from now, not from a time to come.
      if (instance.unreachableSince > turn.now)
        state.instances.change(turn, instance, { unreachableSince: turn.now });
      judgeInstance(turn, state, instance);
    }
  }
  for (const population of [...state.instances.populations()]) {
    const { appId } = population;
    const isOrphaned = state.apps.get(appId) === undefined && state.deployments.lockOf(appId) === undefined;
    if (!isOrphaned) continue;
    for (const instance of [...population.members.values()]) {
      if (isActive(instance.condition)) decommissionForGood(turn, state, instance);
      else expunge(turn, state, instance);
    }
  }
  for (const deployment of [...state.deployments.all()]) resumeDeployment(turn, state, deployment);
}
