import type { GroupTree } from "#domain/definitions/group.ts";
import { combinedHealth, type Health } from "#domain/health/index.ts";
import type { Outcome, Write } from "#foundation/base/core.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import {
  type AppView,
  parseInstant,
  type ServicesEffect,
  type ServicesEvent,
  type WishedChange,
} from "#frameworks/services/core/index.ts";
import type { Tell } from "./sentences.ts";

/** What is known of deployments for longer than one life of services. */
export class DeploymentMemory {
  /** Who depends on whom in a deployment, as its request said. */
  readonly wished = new Map<string, ReadonlyMap<string, readonly string[]>>();
  /** Apps that were done at some moment of a deployment: what faults take from them later is nobody's doing. */
  readonly done = new Map<string, Set<string>>();
  /** By the id of a deployment, what it restarts and the configuration that all have then. */
  readonly restarts = new Map<string, { readonly appId: string; readonly configVersion: number }>();
}

interface Seen {
  readonly appId: string;
  readonly goal: string;
  readonly condition: string;
  readonly configVersion: number;
  readonly isReady: boolean;
}

const instancePrefix = "instances/";
const deploymentPrefix = "deployments/";

/**
 * Invariant 8, over one life of services: in a deployment no app begins to change before all that it depends on is
 * done in that deployment. Who depends on whom is read from the request, not from the plan that was made of it. Done
 * is: as many instances as wished, of the new configuration if there is one, and each has served once. What faults
 * took from it since is nobody's doing, and an instance nobody can reach is nobody's to wait for.
 */
export class DependencyWatch {
  readonly #tell: Tell;
  readonly #memory: DeploymentMemory;
  readonly #appOf: (appId: string) => AppView | undefined;
  readonly #instances = new Map<string, Seen>();
  readonly #deployments = new Map<
    string,
    { readonly affected: ReadonlySet<string>; readonly version: number }
  >();
  /** Apps that began, by deployment. */
  readonly #begun = new Map<string, Set<string>>();
  /** Instances that passed their health check in this life, or by what is on the disk of an earlier one. */
  readonly #healthy = new Set<string>();
  /** Instances that served once in this life. */
  readonly #served = new Set<string>();

  constructor(
    tell: Tell,
    memory: DeploymentMemory,
    records: ReadonlyMap<string, JsonValue>,
    appOf: (appId: string) => AppView | undefined,
  ) {
    this.#tell = tell;
    this.#memory = memory;
    this.#appOf = appOf;
    for (const [key, value] of records) {
      this.#note({ kind: "put", key, value });
      if (key.startsWith(instancePrefix) && wasHealthy(value)) this.#healthy.add(key);
    }
    for (const key of this.#instances.keys()) this.#judgeServing(key);
  }

  decided(event: ServicesEvent | undefined, outcome: Outcome<ServicesEffect>): void {
    if (event?.kind === "probed" && event.result.kind === "success")
      this.#healthy.add(instancePrefix + event.probe.instanceId);
    const changing = new Set<string>();
    for (const write of outcome.writes) {
      const before = this.#instances.get(write.key);
      this.#note(write);
      const after = this.#instances.get(write.key);
      if (after === undefined) continue;
      if (before === undefined || (before.goal === "Running" && after.goal !== "Running"))
        changing.add(after.appId);
    }
    if (event?.kind === "changeGroup" && event.change.kind === "define")
      this.#wish(ofTree(event.change.tree), outcome);
    if (event?.kind === "applyChange") this.#wish(ofChange(event.wish), outcome);
    for (const write of outcome.writes) this.#judgeServing(write.key);
    if (event?.kind === "probed") this.#judgeServing(instancePrefix + event.probe.instanceId);
    this.#noteDone();
    // What a user ends by name is the user's doing.
    if (event?.kind === "killTasks") return;
    for (const appId of changing) this.#begin(appId);
  }

  #wish(wished: readonly Dependent[], { writes }: Outcome<ServicesEffect>): void {
    const made = writes.find(({ kind, key }) => kind === "put" && key.startsWith(deploymentPrefix));
    const dependencies = dependenciesOf(wished);
    if (made !== undefined && dependencies.size > 0) this.#memory.wished.set(made.key, dependencies);
  }

  #note(write: Write): void {
    const { key } = write;
    if (key.startsWith(instancePrefix)) {
      if (write.kind === "put") this.#instances.set(key, seenOf(write.value));
      else this.#instances.delete(key);
    }
    if (key.startsWith(deploymentPrefix)) {
      if (write.kind === "put") this.#deployments.set(key, deploymentOf(write.value));
      else this.#deployments.delete(key);
    }
  }

  #judgeServing(key: string): void {
    const seen = this.#instances.get(key);
    if (seen?.condition !== "Running" || !seen.isReady) return;
    const isChecked = (this.#appOf(seen.appId)?.definition.healthChecks ?? []).length > 0;
    if (!isChecked || this.#healthy.has(key)) this.#served.add(key);
  }

  #noteDone(): void {
    for (const [deployment, { affected, version }] of this.#deployments) {
      if (!this.#memory.wished.has(deployment)) continue;
      const done = this.#memory.done.get(deployment) ?? new Set();
      this.#memory.done.set(deployment, done);
      for (const appId of affected)
        if (
          !done.has(appId) &&
          this.#appOf(appId) !== undefined &&
          this.#notDone(appId, version) === undefined
        )
          done.add(appId);
    }
  }

  #begin(appId: string): void {
    for (const [deployment, { affected, version }] of this.#deployments) {
      if (!affected.has(appId)) continue;
      const begun = this.#begun.get(deployment) ?? new Set();
      this.#begun.set(deployment, begun);
      if (begun.has(appId)) continue;
      begun.add(appId);
      for (const needed of this.#memory.wished.get(deployment)?.get(appId) ?? []) {
        if (!affected.has(needed) || this.#memory.done.get(deployment)?.has(needed) === true) continue;
        const open = this.#notDone(needed, version);
        if (open !== undefined)
          this.#tell("dependencies", `${appId} began to change before ${needed} was done: ${open}`);
      }
    }
  }

  #notDone(appId: string, deployedAt: number): string | undefined {
    const definition = this.#appOf(appId)?.definition;
    if (definition === undefined) return undefined;
    const configVersion = parseInstant(definition.versionInfo?.lastConfigChangeAt ?? "");
    let count = 0;
    for (const [key, seen] of this.#instances) {
      const isKept = seen.goal === "Running" && seen.condition !== "UnreachableInactive";
      if (seen.appId !== appId || !isKept) continue;
      count += 1;
      // An earlier deployment that was given up may have left older ones; this one only has to end those it replaces.
      if (configVersion === deployedAt && seen.configVersion !== configVersion)
        return `${key} is of an older configuration`;
      if (seen.condition !== "Unreachable" && !this.#served.has(key)) return `${key} never served`;
    }
    return count === definition.instances ? undefined : `${count} of ${definition.instances} instances`;
  }
}

/** An app, and the apps and groups that it depends on by itself or through its groups. */
interface Dependent {
  readonly appId: string;
  readonly paths: readonly string[];
}

function ofTree(tree: GroupTree): readonly Dependent[] {
  const all: Dependent[] = [];
  const collect = (group: GroupTree, inherited: readonly string[]): void => {
    const paths = [...inherited, ...(group.dependencies ?? [])];
    for (const app of group.apps ?? [])
      all.push({ appId: app.id, paths: [...paths, ...(app.dependencies ?? [])] });
    for (const below of group.groups ?? []) collect(below, paths);
  };
  collect(tree, []);
  return all;
}

function ofChange({ upserts, groups }: WishedChange): readonly Dependent[] {
  return upserts.map(({ definition: { id, dependencies = [] } }) => {
    const above = groups.filter((group) => id.startsWith(`${group.id}/`));
    return { appId: id, paths: [...above.flatMap((group) => group.dependencies ?? []), ...dependencies] };
  });
}

/** For each of them that depends on others: those. */
function dependenciesOf(all: readonly Dependent[]): ReadonlyMap<string, readonly string[]> {
  const within = (path: string): readonly string[] =>
    all.map(({ appId }) => appId).filter((appId) => appId === path || appId.startsWith(`${path}/`));
  return new Map(
    all.flatMap(({ appId, paths }) => {
      const needed = paths.flatMap(within);
      return needed.length === 0 ? [] : [[appId, needed] as const];
    }),
  );
}

function wasHealthy(value: JsonValue): boolean {
  const { checks } = objectOf(value);
  // The core's own.
  return Array.isArray(checks) && combinedHealth(checks as unknown as readonly Health[]) === true;
}

function seenOf(value: JsonValue): Seen {
  const record = objectOf(value);
  return {
    appId: String(record["appId"]),
    goal: String(record["goal"]),
    condition: String(record["condition"]),
    configVersion: Number(record["configVersion"]),
    isReady: record["isReady"] !== false,
  };
}

function deploymentOf(value: JsonValue): {
  readonly affected: ReadonlySet<string>;
  readonly version: number;
} {
  const { affected, version } = objectOf(value);
  return {
    affected: new Set(Array.isArray(affected) ? affected.map(String) : []),
    version: Number(version),
  };
}

function objectOf(value: JsonValue): JsonObject {
  if (!isJsonObject(value)) throw new Error("a record is an object");
  return value;
}
