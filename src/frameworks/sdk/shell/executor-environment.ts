/** What an agent tells its executors by their environment (contract mesos.md section 2.2). */
import type { ExecutorIdentity, ExecutorPolicy } from "../core/executor-session.ts";

export interface ExecutorEnvironment {
  readonly agentUrl: string;
  readonly identity: ExecutorIdentity;
  readonly token: string | undefined;
  readonly policy: Partial<ExecutorPolicy>;
}

const unitsMs: { readonly [unit: string]: number } = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  secs: 1_000,
  mins: 60_000,
  hrs: 3_600_000,
  days: 86_400_000,
  weeks: 604_800_000,
};

/** Throws `Error` naming the variable that is missing or can't be read. */
export function readExecutorEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ExecutorEnvironment {
  const needed = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === "")
      throw new Error(`${name} is not set: an executor is started by an agent, which says it`);
    return value;
  };
  const duration = (name: string): number | undefined => {
    const text = environment[name];
    return text === undefined ? undefined : durationMs(name, text);
  };
  const backoffMaxMs = duration("MESOS_SUBSCRIPTION_BACKOFF_MAX");
  const recoveryTimeoutMs = duration("MESOS_RECOVERY_TIMEOUT");
  const checkpoints = environment["MESOS_CHECKPOINT"] === "1";
  return {
    agentUrl: `http://${needed("MESOS_AGENT_ENDPOINT")}`,
    identity: { frameworkId: needed("MESOS_FRAMEWORK_ID"), executorId: needed("MESOS_EXECUTOR_ID") },
    token: environment["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"],
    policy: {
      ...(backoffMaxMs === undefined ? {} : { backoffMaxMs }),
      ...(checkpoints && recoveryTimeoutMs !== undefined ? { recoveryTimeoutMs } : {}),
    },
  };
}

/** The way Mesos writes durations: `15mins`, `2.5secs`, `500ms`. */
function durationMs(name: string, text: string): number {
  const { 1: amount, 2: unit = "" } = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? [];
  const unitMs = unitsMs[unit];
  if (amount === undefined || unitMs === undefined)
    throw new Error(`${name} is no duration such as 15mins or 500ms: ${text}`);
  return Number(amount) * unitMs;
}
