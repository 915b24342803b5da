/** One instance of an app: a flat record that is stored whole, and what is only known while the process lives. */

import type { Resource } from "#contracts/kernel/messages.gen.ts";
import { combinedHealth, type Health, hasResult } from "#domain/health/index.ts";
import type { OfferedAgent } from "#domain/placement/offered-agent.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import { type Condition, type Goal, isActive, isTerminal } from "./conditions.ts";
import type { ReadinessAnswer } from "./events.ts";
import type { CheckResultJson } from "./views.ts";

export type InstanceAgent = OfferedAgent;

/** One container of a pod's instance, in the incarnation that runs or last ran. */
export interface InstanceContainer {
  readonly name: string;
  readonly taskId: string;
  readonly condition: Condition;
  readonly since: InstantMs;
  /** How many of the instance's ports are its own; in the order of containers. */
  readonly portCount: number;
  /** What its last status said. */
  readonly message?: string;
}

export interface InstanceAddress {
  readonly ipAddress: string;
  readonly protocol: string;
  /** In which network of containers. */
  readonly network?: string;
}

export interface InstanceFields {
  /** Role of what it takes, or took last. One that waits unbound takes that of its app. */
  role: string;
  /** Version of the definition that it runs or last ran. */
  version: InstantMs;
  /** lastConfigChangeAt of that definition; equal to the app's unless it has to be replaced. */
  configVersion: InstantMs;
  goal: Goal;
  condition: Condition;
  conditionSince: InstantMs;
  /** Counts launches; 0 before the first. */
  incarnation: number;
  /** Of the current incarnation; of a pod's instance that of its first container. */
  taskId: string | undefined;
  /** Empty for an app, and before the first launch. */
  containers: readonly InstanceContainer[];
  agent: InstanceAgent | undefined;
  ports: readonly number[];
  ipAddresses: readonly InstanceAddress[];
  stagedAt: InstantMs | undefined;
  startedAt: InstantMs | undefined;
  unreachableSince: InstantMs | undefined;
  /** This incarnation shall end, whatever the goal says about the next one. */
  isKillWanted: boolean;
  /** False while a deployment waits for its readiness check, true once that passed; undefined when nobody asked. */
  isReady: boolean | undefined;
  /** Of an instance with persistent volumes, once it was placed. */
  reservation: Reservation | undefined;
  /** It was ended because its health check failed, and was not seen healthy since. */
  healthKilledAt: InstantMs | undefined;
}

/** What is learnt again after a restart. */
export interface VolatileFields {
  /** One per health check of its definition. Stored when one turns good or bad: counts of failures may be older. */
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

/** What is reserved for one instance alone, on the agent that it was last placed on. */
export interface Reservation {
  /** All of it in wire form, volumes included. */
  readonly resources: readonly Resource[];
  readonly volumes: readonly {
    readonly containerPath: string;
    readonly uuid: string;
    readonly persistenceId: string;
  }[];
  /** A task of the instance ran on it, or it was offered. Before, it may never have come to be. */
  readonly isMade: boolean;
}

export interface Instance extends InstanceFields, VolatileFields {
  readonly id: string;
  readonly appId: string;
  readonly createdAt: InstantMs;
}

/** Shared by all instances that have none of something. */
export const none: readonly never[] = [];

export function newInstance(
  identity: Pick<Instance, "id" | "appId" | "role" | "createdAt" | "version" | "configVersion">,
): Instance {
  // Field by field, so that all instances are of one shape, made at once.
  return {
    id: identity.id,
    appId: identity.appId,
    role: identity.role,
    createdAt: identity.createdAt,
    version: identity.version,
    configVersion: identity.configVersion,
    goal: "Running",
    condition: "Scheduled",
    conditionSince: identity.createdAt,
    incarnation: 0,
    taskId: undefined,
    containers: none,
    agent: undefined,
    ports: none,
    ipAddresses: none,
    stagedAt: undefined,
    startedAt: undefined,
    unreachableSince: undefined,
    isKillWanted: false,
    isReady: undefined,
    checks: none,
    health: undefined,
    readinessAnswer: undefined,
    checkResult: undefined,
    lastHealthUpdate: undefined,
    reservation: undefined,
    healthKilledAt: undefined,
  };
}

/** Waits for an offer: it shall run and nothing of it is on any machine. */
export function isScheduled(instance: Instance): boolean {
  return instance.goal === "Running" && !isActive(instance.condition) && !isInactive(instance);
}

export function isInactive(instance: Instance): boolean {
  return instance.condition === "UnreachableInactive";
}

/** Is bound to the role that it has: one that may still go anywhere goes where its app does. */
export function holdsRole(instance: Instance): boolean {
  return instance.reservation !== undefined || !isScheduled(instance);
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

/** Every task of the current incarnation; none before the first. */
export function taskIdsOf({ taskId, containers }: Instance): readonly string[] {
  if (containers.length > 0) return containers.map((container) => container.taskId);
  return taskId === undefined ? [] : [taskId];
}

/** Those that may run, as far as is known. */
export function liveTaskIdsOf(instance: Instance): readonly string[] {
  const { containers } = instance;
  if (containers.length === 0) return taskIdsOf(instance);
  return containers.filter(({ condition }) => !isTerminal(condition)).map(({ taskId }) => taskId);
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
    containers:
      instance.containers.length === 0 ? undefined : instance.containers.map((each) => ({ ...each })),
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
    ipAddresses:
      instance.ipAddresses.length === 0 ? none : instance.ipAddresses.map((address) => ({ ...address })),
    stagedAt: instance.stagedAt,
    startedAt: instance.startedAt,
    unreachableSince: instance.unreachableSince,
    isKillWanted: instance.isKillWanted ? true : undefined,
    isReady: instance.isReady,
    // Wire messages and plain fields of ours: JSON all the way down.
    reservation: instance.reservation as unknown as JsonValue | undefined,
    healthKilledAt: instance.healthKilledAt,
    checks: instance.checks.some(hasResult) ? instance.checks.map((check) => ({ ...check })) : undefined,
  };
}

export const goals: readonly Goal[] = ["Running", "Stopped", "Decommissioned"];
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
  const checks = record.list("checks").map((check) => decodeCheck(key, check));
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
    containers: record.list("containers").map((container) => decodeContainer(key, container)),
    agent: decodeAgent(key, record.value("agent")),
    ports: record.list("ports").filter((port) => typeof port === "number"),
    ipAddresses: record
      .list("ipAddresses")
      .filter(isJsonObject)
      .map((address) => ({
        ipAddress: String(address["ipAddress"]),
        protocol: String(address["protocol"]),
        ...(typeof address["network"] === "string" ? { network: address["network"] } : {}),
      })),
    stagedAt: record.optionalNumber("stagedAt"),
    startedAt: record.optionalNumber("startedAt"),
    unreachableSince: record.optionalNumber("unreachableSince"),
    isKillWanted: record.value("isKillWanted") === true,
    isReady: record.optionalBoolean("isReady"),
    // As it was written.
    reservation: record.value("reservation") as unknown as Reservation | undefined,
    healthKilledAt: record.optionalNumber("healthKilledAt"),
    checks,
    health: combinedHealth(checks),
  };
}

function decodeCheck(key: string, value: JsonValue): Health {
  const record = new RecordReader(`${key}.check`, value);
  const instants = (["firstSuccessAt", "lastSuccessAt", "lastFailureAt"] as const).flatMap((name) => {
    const at = record.optionalNumber(name);
    return at === undefined ? [] : [[name, at] as const];
  });
  const lastFailureCause = record.optionalText("lastFailureCause");
  return {
    consecutiveFailures: record.number("consecutiveFailures"),
    ...Object.fromEntries(instants),
    ...(lastFailureCause === undefined ? {} : { lastFailureCause }),
  };
}

function decodeContainer(key: string, value: JsonValue): InstanceContainer {
  const record = new RecordReader(`${key}.container`, value);
  const message = record.optionalText("message");
  return {
    name: record.text("name"),
    taskId: record.text("taskId"),
    condition: record.oneOf("condition", conditions),
    since: record.number("since"),
    portCount: record.number("portCount"),
    ...(message === undefined ? {} : { message }),
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
