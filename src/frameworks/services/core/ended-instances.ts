/**
 * Tasks that ended, with what ended them: evidence for "why did it die", kept within budgets and on disk.
 *
 * Oldest go first: those of a service that has too many, then those of anybody, then those that are too old. When some
 * went, that is remembered too, so that a list can say from when on it is complete. The last failure of each service
 * is also kept with the service itself (`task-failure.ts`), whatever happens here.
 */
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import type { Condition, Goal } from "./conditions.ts";
import { encodeAppId } from "./ids.ts";
import { conditions, goals } from "./instance.ts";
import type { Turn } from "./turn.ts";

export interface EndedInstance {
  /** Grows with time. */
  readonly sequence: number;
  readonly instanceId: string;
  readonly taskId: string;
  readonly appId: string;
  /** How it ended. */
  readonly condition: Condition;
  readonly goal: Goal;
  /** Nobody wanted it to end. */
  readonly isFailure: boolean;
  readonly agentId: string | undefined;
  readonly hostname: string | undefined;
  readonly ports: readonly number[];
  readonly version: InstantMs;
  readonly stagedAt: InstantMs | undefined;
  readonly startedAt: InstantMs | undefined;
  readonly endedAt: InstantMs;
  /** The state's message, cut to `causeLengthMax`. */
  readonly cause: string;
  /** Mesos' reason, such as REASON_CONTAINER_LIMITATION_MEMORY. */
  readonly reason: string | undefined;
}

export interface EvidencePolicy {
  readonly keepMs: number;
  readonly maxOfService: number;
  readonly max: number;
}

/** Characters of a cause that are kept. */
const causeLengthMax = 1_000;

export class EndedInstanceTable {
  readonly #policy: EvidencePolicy;
  /** In the order in which they ended. */
  readonly #all = new Map<number, EndedInstance>();
  readonly #byApp = new Map<string, Map<number, EndedInstance>>();
  /** By app: the end of the last one that was dropped. */
  readonly #forgotten = new Map<string, InstantMs>();
  #sequence = 0;

  constructor(policy: EvidencePolicy) {
    this.#policy = policy;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Newest last. */
  all(): IterableIterator<EndedInstance> {
    return this.#all.values();
  }

  /** Newest last. */
  of(appId: string): Iterable<EndedInstance> {
    return this.#byApp.get(appId)?.values() ?? [];
  }

  last(appId: string): EndedInstance | undefined {
    return [...this.of(appId)].at(-1);
  }

  lastFailure(appId: string): EndedInstance | undefined {
    return [...this.of(appId)].findLast(({ isFailure }) => isFailure);
  }

  /** Ids don't tell their service for certain, so that all are looked through. */
  byTask(taskId: string): EndedInstance | undefined {
    return this.#findLast((ended) => ended.taskId === taskId);
  }

  /** The last task of an instance. */
  lastOf(instanceId: string): EndedInstance | undefined {
    return this.#findLast((ended) => ended.instanceId === instanceId);
  }

  /** Those that ended at or before this instant may be missing; undefined when none was dropped. */
  forgottenUntil(appId?: string): InstantMs | undefined {
    if (appId !== undefined) return this.#forgotten.get(appId);
    let latest: InstantMs | undefined;
    for (const at of this.#forgotten.values()) latest = Math.max(latest ?? at, at);
    return latest;
  }

  add(turn: Turn, ended: Omit<EndedInstance, "sequence">): void {
    this.#sequence += 1;
    const record = { ...ended, sequence: this.#sequence, cause: ended.cause.slice(0, causeLengthMax) };
    this.#insert(record);
    turn.put(endedKey(record.sequence), encode(record));
    const ofApp = this.#byApp.get(record.appId);
    if (ofApp !== undefined && ofApp.size > this.#policy.maxOfService) this.#dropFirst(turn, ofApp.values());
    if (this.#all.size > this.#policy.max) this.#dropFirst(turn, this.#all.values());
  }

  /** Drops what is too old. `isKnown`: apps that are gone are forgotten with the last of their evidence. */
  expire(turn: Turn, isKnown: (appId: string) => boolean): void {
    for (const ended of this.#all.values()) {
      if (ended.endedAt > turn.now - this.#policy.keepMs) break;
      this.#drop(turn, ended);
    }
    for (const appId of this.#forgotten.keys()) {
      if (isKnown(appId) || this.#byApp.has(appId)) continue;
      this.#forgotten.delete(appId);
      turn.delete(forgottenKey(appId));
    }
  }

  restore(key: string, value: JsonValue): void {
    const record = decode(key, value);
    this.#sequence = Math.max(this.#sequence, record.sequence);
    this.#insert(record);
  }

  restoreForgotten(key: string, value: JsonValue): void {
    const record = new RecordReader(key, value);
    this.#forgotten.set(record.text("appId"), record.number("until"));
  }

  snapshot(): JsonValue {
    return { all: [...this.#all.keys()], forgotten: [...this.#forgotten] };
  }

  check(): readonly string[] {
    const problems: string[] = [];
    if (this.#all.size > this.#policy.max) problems.push(`${this.#all.size} ended instances are kept`);
    let counted = 0;
    for (const [appId, ofApp] of this.#byApp) {
      counted += ofApp.size;
      if (ofApp.size > this.#policy.maxOfService)
        problems.push(`${ofApp.size} ended instances of ${appId} are kept`);
    }
    if (counted !== this.#all.size)
      problems.push(`${this.#all.size} ended instances, ${counted} listed by app`);
    return problems;
  }

  #findLast(matches: (ended: EndedInstance) => boolean): EndedInstance | undefined {
    let found: EndedInstance | undefined;
    for (const ended of this.#all.values()) if (matches(ended)) found = ended;
    return found;
  }

  #insert(record: EndedInstance): void {
    this.#all.set(record.sequence, record);
    const ofApp = this.#byApp.get(record.appId);
    if (ofApp === undefined) this.#byApp.set(record.appId, new Map([[record.sequence, record]]));
    else ofApp.set(record.sequence, record);
  }

  #dropFirst(turn: Turn, records: IterableIterator<EndedInstance>): void {
    const first = records.next();
    if (first.done !== true) this.#drop(turn, first.value);
  }

  #drop(turn: Turn, { sequence, appId, endedAt }: EndedInstance): void {
    this.#all.delete(sequence);
    const ofApp = this.#byApp.get(appId);
    ofApp?.delete(sequence);
    if (ofApp?.size === 0) this.#byApp.delete(appId);
    turn.delete(endedKey(sequence));
    const until = Math.max(this.#forgotten.get(appId) ?? endedAt, endedAt);
    this.#forgotten.set(appId, until);
    turn.put(forgottenKey(appId), { format: recordFormat, appId, until });
  }
}

/** Padded, so that keys are in the order of time. */
const endedKey = (sequence: number): string => `ended-instances/${String(sequence).padStart(12, "0")}`;
const forgottenKey = (appId: string): string => `ended-forgotten/${encodeAppId(appId)}`;

function encode(record: EndedInstance): JsonObject {
  return { format: recordFormat, ...record };
}

/** Throws RecordInvalid. */
function decode(key: string, value: JsonValue): EndedInstance {
  const record = new RecordReader(key, value);
  return {
    sequence: record.number("sequence"),
    instanceId: record.text("instanceId"),
    taskId: record.text("taskId"),
    appId: record.text("appId"),
    condition: record.oneOf("condition", conditions),
    goal: record.oneOf("goal", goals),
    isFailure: record.value("isFailure") === true,
    agentId: record.optionalText("agentId"),
    hostname: record.optionalText("hostname"),
    ports: record.list("ports").filter((port) => typeof port === "number"),
    version: record.number("version"),
    stagedAt: record.optionalNumber("stagedAt"),
    startedAt: record.optionalNumber("startedAt"),
    endedAt: record.number("endedAt"),
    cause: record.text("cause"),
    reason: record.optionalText("reason"),
  };
}
