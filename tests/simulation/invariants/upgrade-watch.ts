import type { Outcome } from "#foundation/base/core.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { ServicesEffect, ServicesEvent } from "#frameworks/services/core/index.ts";
import { activeConditions } from "./active-conditions.ts";
import type { Tell } from "./sentences.ts";

/** An instance as its record has it. */
export interface TriedInstance {
  readonly id: string;
  readonly appId: string;
  readonly taskId: string | undefined;
  readonly configVersion: number;
  readonly condition: string;
  /** It shall run and counts toward what is wanted. */
  readonly isKept: boolean;
  readonly isServing: boolean;
  /** Takes up room, or will. */
  readonly isTaking: boolean;
  readonly isEnding: boolean;
  readonly since: number;
}

export interface Tried {
  readonly minimum: number;
  readonly maximum: number;
  readonly instances: number;
  readonly killSelection: "YOUNGEST_FIRST" | "OLDEST_FIRST";
  /** It has a health check. */
  readonly isChecked: boolean;
}

const prefix = "instances/";

/**
 * Invariant 6 while nothing fails but new versions: from the moment on in which all that is wanted serves, at every step
 * at least the minimum serves and at most the maximum is there. When a deployment is broken off, what is too many
 * goes in the order of the contract, and how many then serve or are there meanwhile is nobody's promise.
 */
export class UpgradeWatch {
  readonly #tell: Tell;
  readonly #tried: ReadonlyMap<string, Tried>;
  readonly #instances = new Map<string, TriedInstance>();
  /** Services in which all that was wanted served once. */
  readonly #isUp = new Set<string>();
  /** Services whose upgrade was broken off. */
  readonly #isBroken = new Set<string>();
  /** By deployment: the services whose upgrade is about to be broken off with it. */
  readonly cancelled = new Map<string, string>();

  constructor(tell: Tell, tried: ReadonlyMap<string, Tried>) {
    this.#tell = tell;
    this.#tried = tried;
  }

  decided(event: ServicesEvent | undefined, { writes }: Outcome<ServicesEffect>): void {
    const broken =
      event?.kind === "cancelDeployment" && event.force ? this.cancelled.get(event.deploymentId) : undefined;
    const before = broken === undefined ? [] : this.#of(broken).filter(({ isKept }) => isKept);
    const touched = new Set<string>();
    for (const { key, ...write } of writes) {
      if (!key.startsWith(prefix)) continue;
      const seen = "value" in write ? triedInstance(write.value, this.#tried) : undefined;
      touched.add(seen?.appId ?? this.#instances.get(key)?.appId ?? "");
      if (seen === undefined) this.#instances.delete(key);
      else this.#instances.set(key, seen);
    }
    if (broken !== undefined) this.#judgeBroken(broken, before);
    for (const appId of touched) this.#judge(appId);
  }

  #judge(appId: string): void {
    const tried = this.#tried.get(appId);
    if (tried === undefined || this.#isBroken.has(appId)) return;
    const all = this.#of(appId);
    const serving = all.filter(({ isServing }) => isServing).length;
    const taking = all.filter(({ isTaking }) => isTaking).length;
    if (serving === tried.instances) this.#isUp.add(appId);
    if (taking > tried.maximum)
      this.#tell("capacity", `${taking} of ${appId} are there, of at most ${tried.maximum}`);
    if (this.#isUp.has(appId) && serving < tried.minimum)
      this.#tell("capacity", `${serving} of ${appId} serve, of at least ${tried.minimum}`);
  }

  #judgeBroken(appId: string, before: readonly TriedInstance[]): void {
    const tried = this.#tried.get(appId);
    if (tried === undefined) return;
    this.#isBroken.add(appId);
    const left = new Set(
      this.#of(appId)
        .filter(({ isKept }) => isKept)
        .map(({ id }) => id),
    );
    if (left.size !== tried.instances)
      this.#tell("capacity", `${left.size} of ${appId} were left, not ${tried.instances}`);
    const gone = before.filter(({ id }) => !left.has(id));
    const stays = before.filter(({ id }) => left.has(id));
    const wrong = stays.find((one) => gone.some((other) => inOrder(one, other, tried.killSelection) < 0));
    if (wrong !== undefined)
      this.#tell("capacity", `${wrong.id} (${wrong.condition}) was left, and others that go after it went`);
  }

  #of(appId: string): readonly TriedInstance[] {
    return [...this.#instances.values()].filter((one) => one.appId === appId);
  }
}

/** Negative: the one goes before the other. */
function inOrder(one: TriedInstance, other: TriedInstance, killSelection: Tried["killSelection"]): number {
  const weights = weightOf(one) - weightOf(other);
  if (weights !== 0) return weights;
  return killSelection === "YOUNGEST_FIRST" ? other.since - one.since : one.since - other.since;
}

function weightOf({ condition, isEnding }: TriedInstance): number {
  if (isEnding || !activeConditions.has(condition)) return -1;
  return ["Unreachable", "Provisioned", "Staging", "Starting", "Running"].indexOf(
    condition === "Provisioned" ? "Staging" : condition,
  );
}

/** Undefined for one of a service that is not tried. */
export function triedInstance(
  value: JsonValue,
  tried: ReadonlyMap<string, Tried>,
): TriedInstance | undefined {
  const known = isJsonObject(value) ? tried.get(String(value["appId"])) : undefined;
  if (known === undefined || !isJsonObject(value)) return undefined;
  const { id, appId, goal, condition, configVersion, taskId, isKillWanted, isReady }: JsonObject = value;
  const { startedAt, stagedAt, createdAt, checks } = value;
  const isActive = activeConditions.has(String(condition));
  const isKept = goal === "Running" && condition !== "UnreachableInactive";
  const isEnding = isKillWanted === true;
  const isWell = !known.isChecked || (Array.isArray(checks) && checks.every(passes));
  return {
    ...{ id: String(id), appId: String(appId), condition: String(condition), isKept, isEnding },
    taskId: typeof taskId === "string" ? taskId : undefined,
    configVersion: Number(configVersion),
    isServing: isKept && condition === "Running" && !isEnding && isReady !== false && isWell,
    isTaking: isActive || isKept,
    since: Number(startedAt ?? stagedAt ?? createdAt),
  };
}

function passes(check: JsonValue): boolean {
  if (!isJsonObject(check)) return false;
  const { lastSuccessAt, lastFailureAt } = check;
  return lastSuccessAt !== undefined && Number(lastSuccessAt) > Number(lastFailureAt ?? 0);
}
