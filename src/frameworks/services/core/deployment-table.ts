/** Deployments under way, as records, and the apps they lock. */

import type { AppDefinition } from "#domain/definitions/app.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { RecordInvalid, RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import { decodeDefinition, encodeDefinition } from "./app-table.ts";
import type { GroupTerms } from "./group-table.ts";
import type { Instance } from "./instance.ts";
import { decodeOrigin, encodeOrigin, type Origin } from "./origin.ts";
import type { PlanAction, PlanStep } from "./plan.ts";
import { decodeGroupsBefore, encodeGroupsBefore } from "./root-history.ts";
import type { Turn } from "./turn.ts";

/** What an action of the present step still waits for. Not stored: it follows from what is there. */
export interface ActionRun {
  readonly action: PlanAction;
  isDone: boolean;
  /** Instances that have to serve before the action is done. */
  readonly rising: Set<string>;
  /** Instances that have to be gone before the action is done. */
  readonly falling: Set<string>;
  /** Old instances that a replacement has still to end, the next one last; undefined: to be put in order (again). */
  leaving?: Instance[] | undefined;
}

export interface Deployment {
  readonly id: string;
  readonly version: InstantMs;
  readonly startedAt: InstantMs;
  /** Who wanted it. */
  readonly origin: Origin | undefined;
  readonly affected: readonly string[];
  readonly steps: readonly PlanStep[];
  /** Definitions before the change; undefined where the deployment created the app. */
  readonly originals: ReadonlyMap<string, AppDefinition | undefined>;
  /** Groups before the change, those that it changed; undefined where it made the group. */
  readonly groupsBefore: ReadonlyMap<string, GroupTerms | undefined>;
  /** Index of the present step; -1 before the first. */
  stepIndex: number;
  /** Actions of the present step, by app. */
  runs: Map<string, ActionRun>;
  /** How many of these are not done. */
  unfinished: number;
}

export class DeploymentTable {
  readonly #byId = new Map<string, Deployment>();
  readonly #locks = new Map<string, Deployment>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Deployment | undefined {
    return this.#byId.get(id);
  }

  all(): IterableIterator<Deployment> {
    return this.#byId.values();
  }

  /** The deployment that has an app in its hands. */
  lockOf(appId: string): Deployment | undefined {
    return this.#locks.get(appId);
  }

  add(turn: Turn, deployment: Deployment): void {
    this.restore(deployment);
    turn.put(deploymentKey(deployment.id), encodeDeployment(deployment));
  }

  restore(deployment: Deployment): void {
    this.#byId.set(deployment.id, deployment);
    for (const appId of deployment.affected) this.#locks.set(appId, deployment);
  }

  remove(turn: Turn, deployment: Deployment): void {
    this.#byId.delete(deployment.id);
    for (const appId of deployment.affected) {
      if (this.#locks.get(appId) === deployment) this.#locks.delete(appId);
    }
    turn.delete(deploymentKey(deployment.id));
  }

  snapshot(): JsonValue {
    return [...this.#byId.values()].map((deployment) => ({
      ...encodeDeployment(deployment),
      stepIndex: deployment.stepIndex,
      runs: [...deployment.runs].map(([appId, run]) => [
        appId,
        run.isDone,
        [...run.rising],
        [...run.falling],
      ]),
    }));
  }

  check(): readonly string[] {
    const problems: string[] = [];
    for (const deployment of this.#byId.values()) {
      for (const appId of deployment.affected) {
        if (this.#locks.get(appId) !== deployment) {
          problems.push(`deployment ${deployment.id} doesn't hold the lock of ${appId}`);
        }
      }
      if (deployment.stepIndex >= deployment.steps.length)
        problems.push(`deployment ${deployment.id} is over`);
    }
    for (const [appId, deployment] of this.#locks) {
      if (this.#byId.get(deployment.id) !== deployment) problems.push(`${appId} is locked by nothing`);
    }
    return problems;
  }
}

function deploymentKey(id: string): string {
  return `deployments/${id}`;
}

function encodeDeployment(deployment: Deployment): JsonObject {
  return {
    format: recordFormat,
    id: deployment.id,
    version: deployment.version,
    startedAt: deployment.startedAt,
    origin: encodeOrigin(deployment.origin),
    affected: deployment.affected,
    steps: deployment.steps.map((step) => ({ actions: step.actions.map((action) => ({ ...action })) })),
    originals: [...deployment.originals].map(([appId, definition]) => [
      appId,
      definition === undefined ? null : encodeDefinition(definition),
    ]),
    // Absent in records of builds without groups, which changed none.
    groups: encodeGroupsBefore(deployment.groupsBefore),
  };
}

/** Throws RecordInvalid. */
export function decodeDeployment(key: string, value: JsonValue): Deployment {
  const record = new RecordReader(key, value);
  return {
    id: record.text("id"),
    version: record.number("version"),
    // Records of earlier builds only have the version, which is the instant unless several came in one millisecond.
    startedAt: record.optionalNumber("startedAt") ?? record.number("version"),
    origin: decodeOrigin(record.value("origin")),
    affected: record.list("affected").map(String),
    steps: record.list("steps").map((step) => {
      if (!isJsonObject(step) || !Array.isArray(step["actions"]))
        throw new RecordInvalid(key, "a step is no step");
      return { actions: step["actions"].map((action: JsonValue) => decodeAction(key, action)) };
    }),
    originals: new Map(
      record.list("originals").map((pair) => {
        if (!Array.isArray(pair)) throw new RecordInvalid(key, "an original is no pair");
        const [appId, definition]: readonly JsonValue[] = pair;
        const isNew = definition === null || definition === undefined;
        return [String(appId), isNew ? undefined : decodeDefinition(key, definition)];
      }),
    ),
    groupsBefore: decodeGroupsBefore(key, record.list("groups")),
    stepIndex: -1,
    runs: new Map(),
    unfinished: 0,
  };
}

function decodeAction(key: string, value: JsonValue): PlanAction {
  const record = new RecordReader(key, value);
  const appId = record.text("appId");
  const kind = record.oneOf("kind", ["stop", "start", "scale", "restart"]);
  const target = { appId, ...(record.value("isPod") === true ? { isPod: true as const } : {}) };
  if (kind !== "scale") return { kind, ...target };
  return {
    kind,
    ...target,
    instances: record.number("instances"),
    sentenced: record.list("sentenced").map(String),
  };
}
