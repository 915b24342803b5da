/** How long a task may take to end by itself. Source: contract mesos.md section 2.3, KillPolicy. */
import type { KillPolicy } from "#contracts/kernel/messages.gen.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import type { Kill, KillCause } from "./task-run.ts";

export interface KillRequest {
  readonly cause: KillCause;
  /** Of the call: counts before the task's own. */
  readonly override: KillPolicy | undefined;
  readonly taskPolicy: KillPolicy | undefined;
  readonly defaultGraceMs: number;
}

const nanosecondsPerMs = 1_000_000;

/** A grace of nothing or less means SIGKILL at once. */
export function graceOf({ override, taskPolicy, defaultGraceMs }: KillRequest): number {
  const nanoseconds = override?.grace_period?.nanoseconds ?? taskPolicy?.grace_period?.nanoseconds;
  if (nanoseconds === undefined || !Number.isFinite(nanoseconds)) return defaultGraceMs;
  return Math.max(0, Math.ceil(nanoseconds / nanosecondsPerMs));
}

/** The kill after one more request: its end may come nearer, never move away, and its cause stays the first. */
export function requestKill(present: Kill | undefined, request: KillRequest, now: InstantMs): Kill {
  const graceMs = graceOf(request);
  if (present === undefined) return { cause: request.cause, startedAt: now, deadline: now + graceMs };
  const cause = request.cause === "discarded" ? request.cause : present.cause;
  const wished = Math.max(now, present.startedAt + graceMs);
  return { ...present, cause, deadline: Math.min(present.deadline, wished) };
}
