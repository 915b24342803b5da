/**
 * What the master keeps: the agents it admitted, those it gave up, weights, and its epoch. Never tasks, frameworks or
 * offers, which it learns again. Source: Mesos registrar (contract mesos.md section 4.5).
 */
import type { InstantMs, Write } from "#foundation/base/core.ts";
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { AgentRecord } from "./records.ts";

/** Written into every record; a higher number comes from a newer build. */
const format = 1;

export interface Registry {
  readonly epoch: number;
  readonly agents: ReadonlyMap<string, { readonly hostname: string }>;
  readonly unreachable: ReadonlyMap<string, UnreachableAgent>;
  readonly weights: ReadonlyMap<string, number>;
}

/** An agent that was given up and may come back. */
export interface UnreachableAgent {
  readonly since: InstantMs;
  /** Absent in records of 0.1.0. */
  readonly hostname?: string;
}

export class RegistryInvalid extends Error {
  override readonly name = "RegistryInvalid";
}

const keyOf = (kind: "agents" | "unreachable" | "weights", id: string): string =>
  `${kind}/${encodeURIComponent(id)}`;

export const putEpoch = (epoch: number): Write => ({
  kind: "put",
  key: "master/epoch",
  value: { format, epoch },
});

export const putAgent = (agent: AgentRecord): Write => ({
  kind: "put",
  key: keyOf("agents", agent.id),
  value: { format, agentId: agent.id, hostname: agent.info.hostname },
});

export const deleteAgent = (agentId: string): Write => ({ kind: "delete", key: keyOf("agents", agentId) });

export const putUnreachable = (agentId: string, agent: UnreachableAgent): Write => ({
  kind: "put",
  key: keyOf("unreachable", agentId),
  value: { format, agentId, ...agent },
});

export const deleteUnreachable = (agentId: string): Write => ({
  kind: "delete",
  key: keyOf("unreachable", agentId),
});

export const putWeight = (role: string, weight: number): Write => ({
  kind: "put",
  key: keyOf("weights", role),
  value: { format, role, weight },
});

/** Throws `RegistryInvalid` for records of a newer build or that make no sense. */
export function readRegistry(records: ReadonlyMap<string, JsonValue>): Registry {
  let epoch = 0;
  const agents = new Map<string, { hostname: string }>();
  const unreachable = new Map<string, UnreachableAgent>();
  const weights = new Map<string, number>();
  for (const [key, value] of records) {
    const record = readRecord(key, value);
    if (key === "master/epoch") epoch = record.number("epoch");
    else if (key.startsWith("agents/"))
      agents.set(record.text("agentId"), { hostname: record.text("hostname") });
    else if (key.startsWith("unreachable/"))
      unreachable.set(record.text("agentId"), {
        since: record.number("since"),
        ...(record.has("hostname") ? { hostname: record.text("hostname") } : {}),
      });
    else if (key.startsWith("weights/")) weights.set(record.text("role"), record.number("weight"));
  }
  return { epoch, agents, unreachable, weights };
}

interface Reader {
  has(name: string): boolean;
  text(name: string): string;
  number(name: string): number;
}

function readRecord(key: string, value: JsonValue): Reader {
  if (!isJsonObject(value)) throw new RegistryInvalid(`record ${key} is not an object`);
  const given = value["format"];
  if (typeof given !== "number" || given > format) {
    throw new RegistryInvalid(
      `record ${key} has format ${String(given)}; this version reads up to ${format}`,
    );
  }
  const wrong = (name: string): RegistryInvalid =>
    new RegistryInvalid(`record ${key}: ${name} is missing or of the wrong type`);
  return {
    has: (name) => value[name] !== undefined,
    text: (name) => {
      const field = value[name];
      if (typeof field !== "string") throw wrong(name);
      return field;
    },
    number: (name) => {
      const field = value[name];
      if (typeof field !== "number") throw wrong(name);
      return field;
    },
  };
}
