/** One instance of an app: a flat record that is stored whole, and what is only known while the process lives. */

import type { Health } from "#domain/health/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { type Condition, type Goal, isActive } from "./conditions.ts";
import type { ReadinessAnswer } from "./events.ts";
import { RecordReader, recordFormat } from "./stored-record.ts";
import type { CheckResultJson } from "./views.ts";

export interface InstanceAgent {
  readonly agentId: string;
  readonly host: string;
  readonly region: string | undefined;
  readonly zone: string | undefined;
  /** Attributes as constraints see them: name and text. */
  readonly attributes: readonly (readonly [name: string, text: string])[];
}

export interface InstanceFields {
  /** Version of the definition that it runs or last ran. */
  version: InstantMs;
  /** lastConfigChangeAt of that definition; equal to the app's unless it has to be replaced. */
  configVersion: InstantMs;
  goal: Goal;
  condition: Condition;
  conditionSince: InstantMs;
  /** Counts launches; 0 before the first. */
  incarnation: number;
  /** Of the current incarnation. */
  taskId: string | undefined;
  agent: InstanceAgent | undefined;
  ports: readonly number[];
  ipAddresses: readonly { readonly ipAddress: string; readonly protocol: string }[];
  stagedAt: InstantMs | undefined;
  startedAt: InstantMs | undefined;
  unreachableSince: InstantMs | undefined;
  /** This incarnation shall end, whatever the goal says about the next one. */
  isKillWanted: boolean;
  /** False while a deployment waits for its readiness check, true once that passed; undefined when nobody asked. */
  isReady: boolean | undefined;
}

/** What is learnt again after a restart. */
export interface VolatileFields {
  /** One per health check of its definition. */
  checks: readonly Health[];
  /** All checks together; undefined while it can't be said. */
  health: boolean | undefined;
  /** What its readiness check answered last. */
  readinessAnswer: ReadinessAnswer | undefined;
  /** What its check told last. */
  checkResult: CheckResultJson | undefined;
  /** uuid of the last word of its agent about its health. */
  lastHealthUpdate: string | undefined;
}

export interface Instance extends InstanceFields, VolatileFields {
  readonly id: string;
  readonly appId: string;
  readonly role: string;
  readonly createdAt: InstantMs;
}

export function newInstance(
  identity: Pick<Instance, "id" | "appId" | "role" | "createdAt" | "version" | "configVersion">,
): Instance {
  return {
    ...identity,
    goal: "Running",
    condition: "Scheduled",
    conditionSince: identity.createdAt,
    incarnation: 0,
    taskId: undefined,
    agent: undefined,
    ports: [],
    ipAddresses: [],
    stagedAt: undefined,
    startedAt: undefined,
    unreachableSince: undefined,
    isKillWanted: false,
    isReady: undefined,
    checks: [],
    health: undefined,
    readinessAnswer: undefined,
    checkResult: undefined,
    lastHealthUpdate: undefined,
  };
}

/** Waits for an offer: it shall run and nothing of it is on any machine. */
export function isScheduled(instance: Instance): boolean {
  return instance.goal === "Running" && !isActive(instance.condition) && !isInactive(instance);
}

export function isInactive(instance: Instance): boolean {
  return instance.condition === "UnreachableInactive";
}

/** Counts toward the wanted number of instances. */
export function isKept(instance: Instance): boolean {
  return instance.goal === "Running" && !isInactive(instance);
}

/** Runs, is meant to, passes its checks if it has any, and is ready if anybody asks. */
export function isServing(instance: Instance): boolean {
  return (
    instance.goal === "Running" &&
    instance.condition === "Running" &&
    !instance.isKillWanted &&
    instance.isReady !== false &&
    (instance.checks.length === 0 || instance.health === true)
  );
}

export function instanceKey(instanceId: string): string {
  return `instances/${instanceId}`;
}

export function encodeInstance(instance: Instance): JsonObject {
  const { agent } = instance;
  return {
    format: recordFormat,
    id: instance.id,
    appId: instance.appId,
    role: instance.role,
    createdAt: instance.createdAt,
    version: instance.version,
    configVersion: instance.configVersion,
    goal: instance.goal,
    condition: instance.condition,
    conditionSince: instance.conditionSince,
    incarnation: instance.incarnation,
    taskId: instance.taskId,
    agent:
      agent === undefined
        ? undefined
        : {
            agentId: agent.agentId,
            host: agent.host,
            region: agent.region,
            zone: agent.zone,
            attributes: agent.attributes,
          },
    ports: instance.ports,
    ipAddresses: instance.ipAddresses.map((address) => ({ ...address })),
    stagedAt: instance.stagedAt,
    startedAt: instance.startedAt,
    unreachableSince: instance.unreachableSince,
    isKillWanted: instance.isKillWanted ? true : undefined,
    isReady: instance.isReady,
  };
}

export const goals: readonly Goal[] = ["Running", "Decommissioned"];
export const conditions: readonly Condition[] = [
  "Scheduled",
  "Provisioned",
  "Staging",
  "Starting",
  "Running",
  "Killing",
  "Unreachable",
  "UnreachableInactive",
  "Finished",
  "Failed",
  "Killed",
  "Error",
  "Gone",
  "Dropped",
  "Unknown",
];

/** Throws RecordInvalid. */
export function decodeInstance(key: string, value: JsonValue): Instance {
  const record = new RecordReader(key, value);
  return {
    ...newInstance({
      id: record.text("id"),
      appId: record.text("appId"),
      role: record.text("role"),
      createdAt: record.number("createdAt"),
      version: record.number("version"),
      configVersion: record.number("configVersion"),
    }),
    goal: record.oneOf("goal", goals),
    condition: record.oneOf("condition", conditions),
    conditionSince: record.number("conditionSince"),
    incarnation: record.number("incarnation"),
    taskId: record.optionalText("taskId"),
    agent: decodeAgent(key, record.value("agent")),
    ports: record.list("ports").filter((port) => typeof port === "number"),
    ipAddresses: record
      .list("ipAddresses")
      .filter(isJsonObject)
      .map((address) => ({
        ipAddress: String(address["ipAddress"]),
        protocol: String(address["protocol"]),
      })),
    stagedAt: record.optionalNumber("stagedAt"),
    startedAt: record.optionalNumber("startedAt"),
    unreachableSince: record.optionalNumber("unreachableSince"),
    isKillWanted: record.value("isKillWanted") === true,
    isReady: record.optionalBoolean("isReady"),
  };
}

function decodeAgent(key: string, value: JsonValue | undefined): InstanceAgent | undefined {
  if (value === undefined) return undefined;
  const record = new RecordReader(`${key}.agent`, value);
  return {
    agentId: record.text("agentId"),
    host: record.text("host"),
    region: record.optionalText("region"),
    zone: record.optionalText("zone"),
    attributes: record
      .list("attributes")
      .filter((pair) => Array.isArray(pair))
      .map((pair) => [String(pair[0]), String(pair[1])] as const),
  };
}
