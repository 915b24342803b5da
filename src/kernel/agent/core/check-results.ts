/**
 * What the results of a task's checks mean, as functions of values.
 * Source: Mesos checker and health checker (contract mesos.md section 2.6).
 */
import type { CheckInfo, CheckStatusInfo } from "#contracts/kernel/messages.gen.ts";
import type { HealthCheckPlan } from "#domain/health/index.ts";
import { assertNever } from "#foundation/base/assert.ts";
import type { InstantMs } from "#foundation/base/core.ts";

/** TaskInfo.health_check and TaskInfo.check: the first decides over the task's life, the second only tells. */
export type CheckKind = "healthCheck" | "check";

export type ProbeResult =
  /** `exitCode` is absent when a signal ended it. `output`: the last of what it printed. */
  | { readonly kind: "command"; readonly exitCode?: number; readonly output: string }
  | { readonly kind: "http"; readonly status: number }
  | { readonly kind: "tcp"; readonly connected: boolean }
  | { readonly kind: "timedOut" }
  /** It could not be asked: no connection, no such command. */
  | { readonly kind: "failed"; readonly message: string };

/** What is remembered of a health check. Kept on the disk, so that a restart of the agent forgives nothing. */
export interface HealthState {
  readonly isHealthy: boolean;
  /** After the first success there is no grace. */
  readonly hasSucceeded: boolean;
  /** Failures in a row that counted. */
  readonly failures: number;
  /** What the last failure was. */
  readonly failure?: string;
}

export interface HealthStep {
  readonly health: HealthState | undefined;
  /** The framework hears of it. */
  readonly tells: boolean;
  readonly kills: boolean;
}

/** Characters of a check's output in a status. */
const outputMax = 300;

/** Every failure that counts is told, of the successes the first one. */
export function stepHealthCheck(
  before: HealthState | undefined,
  event: { readonly result: ProbeResult; readonly at: InstantMs; readonly runningAt: InstantMs },
  plan: HealthCheckPlan,
): HealthStep {
  const failure = failureOf(event.result);
  if (failure === undefined) {
    const tells = before?.isHealthy !== true;
    return { health: { isHealthy: true, hasSucceeded: true, failures: 0 }, tells, kills: false };
  }
  const inGrace = before?.hasSucceeded !== true && event.at < event.runningAt + plan.gracePeriodMs;
  if (inGrace) return { health: before, tells: false, kills: false };
  const failures = (before?.failures ?? 0) + 1;
  return {
    health: { isHealthy: false, hasSucceeded: before?.hasSucceeded === true, failures, failure },
    tells: true,
    kills: plan.failuresMax > 0 && failures >= plan.failuresMax,
  };
}

/** What is wrong, or undefined when the task is well. */
function failureOf(result: ProbeResult): string | undefined {
  switch (result.kind) {
    case "command": {
      if (result.exitCode === 0) return undefined;
      const output = result.output.trim().slice(-outputMax);
      const end =
        result.exitCode === undefined
          ? "command was ended by a signal"
          : `command exited with ${result.exitCode}`;
      return output === "" ? end : `${end}: ${output}`;
    }
    case "http":
      return result.status >= 200 && result.status < 400 ? undefined : `HTTP status ${result.status}`;
    case "tcp":
      return result.connected ? undefined : "no TCP connection";
    case "timedOut":
      return "no answer in time";
    case "failed":
      return result.message.slice(0, outputMax);
    default:
      return assertNever(result);
  }
}

/** What a check says: the type always, a value only when there was one. */
export function checkStatusOf({ type }: CheckInfo, result?: ProbeResult): CheckStatusInfo {
  switch (type) {
    case "HTTP":
      return { type, http: result?.kind === "http" ? { status_code: result.status } : {} };
    case "TCP":
      return { type, tcp: result?.kind === "tcp" ? { succeeded: result.connected } : {} };
    default: {
      const code = result?.kind === "command" ? result.exitCode : undefined;
      return { type: "COMMAND", command: code === undefined ? {} : { exit_code: code } };
    }
  }
}

export function isSameStatus(one: CheckStatusInfo | undefined, other: CheckStatusInfo): boolean {
  return (
    one !== undefined &&
    one.type === other.type &&
    one.command?.exit_code === other.command?.exit_code &&
    one.http?.status_code === other.http?.status_code &&
    one.tcp?.succeeded === other.tcp?.succeeded
  );
}
