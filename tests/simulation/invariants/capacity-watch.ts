import type { AppDefinition } from "#domain/definitions/app.ts";
import type { Outcome, Write } from "#foundation/base/core.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { AppView, ServicesEffect, ServicesEvent } from "#frameworks/services/core/index.ts";
import { activeConditions } from "./active-conditions.ts";
import type { Tell } from "./sentences.ts";

interface Seen {
  readonly appId: string;
  readonly goal: string;
  readonly condition: string;
  readonly configVersion: number;
  readonly taskId: string | undefined;
  readonly isKillWanted: boolean;
}

/** What of an app, or of a pod, has to be known. */
export type WatchedApp = Pick<AppView, "definition" | "deployments" | "tasks">;

const prefix = "instances/";

/**
 * Invariant 6, over one life of services. It counts from the instance records alone, not from the core's own
 * sums. Tasks that die or get lost are no doing of a deployment: a step is judged only for the instances it
 * decides to end and the ones it adds. What a user kills by name is the user's doing.
 */
export class CapacityWatch {
  readonly #tell: Tell;
  readonly #appOf: (appId: string) => WatchedApp | undefined;
  readonly #instances = new Map<string, Seen>();

  constructor(
    tell: Tell,
    records: ReadonlyMap<string, JsonValue>,
    appOf: (appId: string) => WatchedApp | undefined,
  ) {
    this.#tell = tell;
    this.#appOf = appOf;
    for (const [key, value] of records) this.#note({ kind: "put", key, value });
  }

  decided(event: ServicesEvent | undefined, outcome: Outcome<ServicesEffect>): void {
    const ended = new Map<string, Seen[]>();
    const added = new Set<string>();
    for (const write of outcome.writes) {
      if (!write.key.startsWith(prefix)) continue;
      const before = this.#instances.get(write.key);
      const after = this.#note(write);
      if (before === undefined && after !== undefined) added.add(after.appId);
      // A record that is gone at once, or of a task that is over, was of one that had just ended by itself.
      const isEnded = before?.goal === "Running" && after !== undefined && after.goal !== "Running";
      if (isEnded && activeConditions.has(after.condition))
        ended.set(before.appId, [...(ended.get(before.appId) ?? []), before]);
    }
    const isUsers = event?.kind === "killTasks";
    for (const [appId, instances] of ended) if (!isUsers) this.#judgeEnded(appId, instances);
    for (const appId of added) this.#judgeAdded(appId);
  }

  #note(write: Write): Seen | undefined {
    if (!write.key.startsWith(prefix)) return undefined;
    const seen = write.kind === "put" && isJsonObject(write.value) ? seenOf(write.value) : undefined;
    if (seen === undefined) this.#instances.delete(write.key);
    else this.#instances.set(write.key, seen);
    return seen;
  }

  #judgeEnded(appId: string, ended: readonly Seen[]): void {
    const app = this.#appOf(appId);
    if (app === undefined || app.deployments.length === 0) return; // deleted, or not by a deployment
    const sick = sickTasks(app);
    const wasServing = (one: Seen): boolean =>
      one.condition === "Running" && !one.isKillWanted && !sick.has(one.taskId ?? "");
    if (!ended.some(wasServing)) return;
    const { definition } = app;
    const config = configOf(definition);
    const kept = this.#of(appId).filter(({ goal }) => goal === "Running");
    const current = kept.filter(({ configVersion }) => configVersion === config).length;
    // Scaling ends instances of the present configuration: all that are wanted stay.
    if (ended.every(({ configVersion }) => configVersion === config) && kept.length === current) {
      if (current < definition.instances)
        this.#tell("capacity", `scaling ${appId} left ${current} of ${definition.instances} instances`);
      return;
    }
    const serving = kept.filter(wasServing).length;
    const { minimum } = limitsOf(definition);
    if (serving < minimum)
      this.#tell(
        "capacity",
        `a deployment of ${appId} ended ${ended.length} instances and left ${serving} serving, not ${minimum}`,
      );
  }

  #judgeAdded(appId: string): void {
    const app = this.#appOf(appId);
    if (app === undefined || app.deployments.length === 0) return;
    const { maximum } = limitsOf(app.definition);
    const taking = this.#of(appId).filter(
      ({ goal, condition }) =>
        activeConditions.has(condition) || (goal === "Running" && condition !== "UnreachableInactive"),
    ).length;
    if (taking > maximum)
      this.#tell("capacity", `a deployment of ${appId} started its ${taking}th of at most ${maximum}`);
  }

  #of(appId: string): readonly Seen[] {
    return [...this.#instances.values()].filter((seen) => seen.appId === appId);
  }
}

/**
 * Without room above and below nothing could move: one more is the documented way out, and with volumes, beside which nothing
 * can run, one fewer.
 */
function limitsOf({ instances, upgradeStrategy, container }: AppDefinition): {
  readonly minimum: number;
  readonly maximum: number;
} {
  const minimum = Math.ceil(dustless(instances * upgradeStrategy.minimumHealthCapacity));
  const maximum = Math.floor(dustless(instances * (1 + upgradeStrategy.maximumOverCapacity)));
  if (minimum !== maximum) return { minimum, maximum };
  const isKept = (container?.volumes ?? []).some((volume) => "persistent" in volume);
  return isKept ? { minimum: minimum - 1, maximum } : { minimum, maximum: maximum + 1 };
}

/** Tasks with a check that does not pass, or has not been asked yet. */
function sickTasks(app: WatchedApp): ReadonlySet<string> {
  const sick = new Set<string>();
  if ((app.definition.healthChecks ?? []).length === 0) return sick;
  for (const { id, healthCheckResults = [] } of app.tasks()) {
    if (healthCheckResults.length === 0 || healthCheckResults.some(({ alive }) => !alive)) sick.add(id);
  }
  return sick;
}

function configOf(definition: AppDefinition): number {
  return Date.parse(definition.versionInfo?.lastConfigChangeAt ?? definition.version ?? "");
}

function seenOf(record: JsonObject): Seen {
  const { appId, goal, condition, configVersion, taskId, isKillWanted } = record;
  return {
    appId: String(appId),
    goal: String(goal),
    condition: String(condition),
    configVersion: Number(configVersion),
    taskId: typeof taskId === "string" ? taskId : undefined,
    isKillWanted: isKillWanted === true,
  };
}

/** 10 × (1 + 0.1) is 11. */
function dustless(value: number): number {
  return Math.round(value * 1_000_000) / 1_000_000;
}
