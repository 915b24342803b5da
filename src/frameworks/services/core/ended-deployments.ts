/** Deployments that are over, within a budget and on disk: what they did, who wanted it, how they ended. */
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { RecordInvalid, RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import { decodeOrigin, encodeOrigin, type Origin } from "./origin.ts";
import type { Turn } from "./turn.ts";

/** An action with the number of instances before and after, as it was planned. */
export interface CountedAction {
  readonly action: "start" | "stop" | "scale" | "restart";
  readonly service: string;
  readonly from: number;
  readonly to: number;
}

export interface EndedDeployment {
  readonly sequence: number;
  readonly id: string;
  readonly startedAt: InstantMs;
  readonly endedAt: InstantMs;
  readonly state: "succeeded" | "failed" | "cancelled";
  /** Why it did not succeed. */
  readonly cause: string | undefined;
  readonly origin: Origin | undefined;
  readonly services: readonly string[];
  /** 1-based, where it ended. */
  readonly step: number;
  readonly steps: readonly { readonly actions: readonly CountedAction[] }[];
  readonly done: number;
  readonly wanted: number;
}

export interface EndedDeploymentPolicy {
  readonly keepMs: number;
  readonly max: number;
}

/** Services and actions of one record; a deployment of more is remembered by its first ones. */
export const partsKeptMax = 1_000;

export class EndedDeploymentTable {
  readonly #policy: EndedDeploymentPolicy;
  /** In the order in which they ended. */
  readonly #all = new Map<string, EndedDeployment>();
  #sequence = 0;

  constructor(policy: EndedDeploymentPolicy) {
    this.#policy = policy;
  }

  get(id: string): EndedDeployment | undefined {
    return this.#all.get(id);
  }

  /** Newest first. */
  all(): readonly EndedDeployment[] {
    return [...this.#all.values()].reverse();
  }

  add(turn: Turn, ended: Omit<EndedDeployment, "sequence">): void {
    this.#sequence += 1;
    const record = { ...ended, sequence: this.#sequence };
    this.#all.set(record.id, record);
    turn.put(keyOf(record), encode(record));
    for (const oldest of this.#all.values()) {
      const isOld = oldest.endedAt <= turn.now - this.#policy.keepMs;
      if (!isOld && this.#all.size <= this.#policy.max) break;
      this.#all.delete(oldest.id);
      turn.delete(keyOf(oldest));
    }
  }

  restore(key: string, value: JsonValue): void {
    const record = decode(key, value);
    this.#sequence = Math.max(this.#sequence, record.sequence);
    this.#all.set(record.id, record);
  }

  snapshot(): JsonValue {
    return [...this.#all.values()].map(({ id, state }) => [id, state]);
  }

  check(): readonly string[] {
    return this.#all.size > this.#policy.max ? [`${this.#all.size} ended deployments are kept`] : [];
  }
}

const keyOf = ({ sequence }: EndedDeployment): string =>
  `ended-deployments/${String(sequence).padStart(12, "0")}`;

function encode(record: EndedDeployment): JsonObject {
  return {
    format: recordFormat,
    ...record,
    origin: encodeOrigin(record.origin),
    steps: record.steps.map(({ actions }) => ({ actions: actions.map((action) => ({ ...action })) })),
  };
}

/** Throws RecordInvalid. */
function decode(key: string, value: JsonValue): EndedDeployment {
  const record = new RecordReader(key, value);
  return {
    sequence: record.number("sequence"),
    id: record.text("id"),
    startedAt: record.number("startedAt"),
    endedAt: record.number("endedAt"),
    state: record.oneOf("state", ["succeeded", "failed", "cancelled"]),
    cause: record.optionalText("cause"),
    origin: decodeOrigin(record.value("origin")),
    services: record.list("services").map(String),
    step: record.number("step"),
    steps: record.list("steps").map((step) => {
      if (!isJsonObject(step) || !Array.isArray(step["actions"]))
        throw new RecordInvalid(key, "a step is no step");
      return { actions: step["actions"].map((action: JsonValue) => decodeAction(key, action)) };
    }),
    done: record.number("done"),
    wanted: record.number("wanted"),
  };
}

function decodeAction(key: string, value: JsonValue): CountedAction {
  const record = new RecordReader(key, value);
  return {
    action: record.oneOf("action", ["start", "stop", "scale", "restart"]),
    service: record.text("service"),
    from: record.number("from"),
    to: record.number("to"),
  };
}
