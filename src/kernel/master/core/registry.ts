/**
 * What the master keeps: the agents it admitted with what operators decided about them, those it gave up, those that
 * are gone for ever, maintenance, weights, quota, and its epoch. Never tasks, frameworks or offers, which it learns
 * again.
 * Source: Mesos registrar (contract mesos.md section 4.5).
 */
import type { MachineID, MaintenanceWindow } from "#contracts/kernel/messages.gen.ts";
import type { InstantMs, Write } from "#foundation/base/core.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { Quota } from "../../allocator/index.ts";
import { type AgentStanding, inService } from "./records.ts";

/** Written into every record; a higher number comes from a newer build. */
const format = 1;

export interface Registry {
  readonly epoch: number;
  readonly agents: ReadonlyMap<string, { readonly hostname: string; readonly standing: AgentStanding }>;
  readonly unreachable: ReadonlyMap<string, UnreachableAgent>;
  readonly gone: ReadonlyMap<string, GoneAgent>;
  readonly maintenance: MaintenanceRecord;
  readonly weights: ReadonlyMap<string, number>;
  readonly quotas: ReadonlyMap<string, Quota>;
}

/** Windows in which machines will not be there, and the machines that are down. */
export interface MaintenanceRecord {
  readonly windows: readonly MaintenanceWindow[];
  readonly down: readonly MachineID[];
}

/** An agent that was given up and may come back. */
export interface UnreachableAgent {
  readonly since: InstantMs;
  /** Absent in records of 0.1.0. */
  readonly hostname?: string;
  /** It has it again when it comes back. */
  readonly standing: AgentStanding;
}

/** An agent that an operator gave up for ever: its id is refused. */
export interface GoneAgent {
  readonly since: InstantMs;
  readonly hostname: string;
}

export class RegistryInvalid extends Error {
  override readonly name = "RegistryInvalid";
}

const keyOf = (kind: "agents" | "unreachable" | "gone" | "weights" | "quotas", id: string): string =>
  `${kind}/${encodeURIComponent(id)}`;

export const putEpoch = (epoch: number): Write => ({
  kind: "put",
  key: "master/epoch",
  value: { format, epoch },
});

export const putAgent = (agentId: string, hostname: string, standing: AgentStanding): Write => ({
  kind: "put",
  key: keyOf("agents", agentId),
  value: { format, agentId, hostname, ...writtenStanding(standing) },
});

export const deleteAgent = (agentId: string): Write => ({ kind: "delete", key: keyOf("agents", agentId) });

export const putUnreachable = (agentId: string, agent: UnreachableAgent): Write => ({
  kind: "put",
  key: keyOf("unreachable", agentId),
  value: {
    format,
    agentId,
    since: agent.since,
    ...(agent.hostname === undefined ? {} : { hostname: agent.hostname }),
    ...writtenStanding(agent.standing),
  },
});

export const deleteUnreachable = (agentId: string): Write => ({
  kind: "delete",
  key: keyOf("unreachable", agentId),
});

export const putGone = (agentId: string, agent: GoneAgent): Write => ({
  kind: "put",
  key: keyOf("gone", agentId),
  value: { format, agentId, ...agent },
});

const maintenanceKey = "maintenance/schedule";

export const putMaintenance = ({ windows, down }: MaintenanceRecord): Write => ({
  kind: "put",
  key: maintenanceKey,
  // Wire messages: JSON all the way down.
  value: { format, windows, down } as unknown as JsonValue,
});

export const deleteGone = (agentId: string): Write => ({ kind: "delete", key: keyOf("gone", agentId) });

/** Absent for agents in service, as in records of 0.1.0. */
function writtenStanding(standing: AgentStanding): JsonObject {
  if (standing.kind === "inService") return {};
  if (standing.kind === "deactivated") return { standing: { kind: standing.kind } };
  const { kind, order, since } = standing;
  return { standing: { kind, since, ...order } };
}

function readStanding(record: Reader): AgentStanding {
  if (!record.has("standing")) return inService;
  const standing = record.part("standing");
  const kind = standing.text("kind");
  if (kind === "deactivated") return { kind };
  if (kind !== "draining" && kind !== "drained")
    throw new RegistryInvalid(
      `an agent's standing in the registry is ${kind}, which this version does not know`,
    );
  const order = {
    markGone: standing.flag("markGone"),
    ...(standing.has("maxGraceMs") ? { maxGraceMs: standing.number("maxGraceMs") } : {}),
  };
  return { kind, order, since: standing.number("since") };
}

export const putWeight = (role: string, weight: number): Write => ({
  kind: "put",
  key: keyOf("weights", role),
  value: { format, role, weight },
});

/** Quantities in thousandths. */
export const putQuota = (role: string, { guarantees, limits }: Quota): Write => ({
  kind: "put",
  key: keyOf("quotas", role),
  value: {
    format,
    role,
    guarantees: Object.fromEntries(guarantees),
    limits: Object.fromEntries(limits),
  },
});

export const deleteQuota = (role: string): Write => ({ kind: "delete", key: keyOf("quotas", role) });

/** Throws `RegistryInvalid` for records of a newer build or that make no sense. */
export function readRegistry(records: ReadonlyMap<string, JsonValue>): Registry {
  let epoch = 0;
  const agents = new Map<string, { hostname: string; standing: AgentStanding }>();
  const unreachable = new Map<string, UnreachableAgent>();
  const gone = new Map<string, GoneAgent>();
  let maintenance: MaintenanceRecord = { windows: [], down: [] };
  const weights = new Map<string, number>();
  const quotas = new Map<string, Quota>();
  for (const [key, value] of records) {
    const record = readRecord(key, value);
    if (key === "master/epoch") epoch = record.number("epoch");
    else if (key.startsWith("agents/"))
      agents.set(record.text("agentId"), {
        hostname: record.text("hostname"),
        standing: readStanding(record),
      });
    else if (key.startsWith("unreachable/"))
      unreachable.set(record.text("agentId"), {
        since: record.number("since"),
        ...(record.has("hostname") ? { hostname: record.text("hostname") } : {}),
        standing: readStanding(record),
      });
    else if (key.startsWith("gone/"))
      gone.set(record.text("agentId"), {
        since: record.number("since"),
        hostname: record.text("hostname"),
      });
    else if (key === maintenanceKey)
      // Our own writes, checked when they were asked for.
      maintenance = {
        windows: record.list("windows") as unknown as readonly MaintenanceWindow[],
        down: record.list("down") as unknown as readonly MachineID[],
      };
    else if (key.startsWith("weights/")) weights.set(record.text("role"), record.number("weight"));
    else if (key.startsWith("quotas/"))
      quotas.set(record.text("role"), {
        guarantees: record.part("guarantees").numbers(),
        limits: record.part("limits").numbers(),
      });
  }
  return { epoch, agents, unreachable, gone, maintenance, weights, quotas };
}

interface Reader {
  has(name: string): boolean;
  text(name: string): string;
  number(name: string): number;
  flag(name: string): boolean;
  part(name: string): Reader;
  /** Every field, all of them numbers. */
  numbers(): ReadonlyMap<string, number>;
  list(name: string): readonly JsonValue[];
}

function readRecord(key: string, value: JsonValue): Reader {
  if (!isJsonObject(value)) throw new RegistryInvalid(`record ${key} is not an object`);
  const given = value["format"];
  if (typeof given !== "number" || given > format) {
    throw new RegistryInvalid(
      `record ${key} has format ${String(given)}; this version reads up to ${format}`,
    );
  }
  return readerOf(key, value);
}

function readerOf(key: string, value: JsonObject): Reader {
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
    flag: (name) => {
      const field = value[name];
      if (typeof field !== "boolean") throw wrong(name);
      return field;
    },
    list: (name) => {
      const field = value[name];
      if (!Array.isArray(field)) throw wrong(name);
      return field as readonly JsonValue[];
    },
    part: (name) => {
      const field = value[name];
      if (!isJsonObject(field)) throw wrong(name);
      return readerOf(`${key}: ${name}`, field);
    },
    numbers: () =>
      new Map(
        Object.entries(value).map(([name, field]) => {
          if (typeof field !== "number") throw wrong(name);
          return [name, field];
        }),
      ),
  };
}
