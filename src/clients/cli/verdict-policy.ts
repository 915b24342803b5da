/**
 * When a change that is still under way is called failed. A deployment has no end of its own when its instances can't
 * start: it tries for ever. Some causes no trying mends; others are given a while, since a first failure may heal.
 */
import { endCauses, type ReasonCode } from "#contracts/services/reasons.ts";

/** ms a cause must hold before it is the verdict. Causes that are not here wait for the timeout. */
export const patienceMs: Partial<Readonly<Record<ReasonCode, number>>> = {
  largerThanAnyNode: 0,
  constraintNotSatisfiable: 0,
  commandNotFound: 0,
  userUnknown: 0,
  launchRefused: 0,
  imageMissing: 0,
  imageDenied: 0,
  imageToolsMissing: 0,
  networkUnknown: 0,
  networkPluginMissing: 0,
  volumePluginMissing: 0,
  networkFailed: 1_000,
  volumeFailed: 1_000,
  imageUnreachable: 3_000,
  roleMissing: 3_000,
  gpusMissing: 3_000,
  fetchFailed: 1_000,
  exitedAtOnce: 3_000,
  killedBySignal: 3_000,
  outOfMemory: 3_000,
  finished: 3_000,
  // Ends again and again, whatever of.
  backoff: 8_000,
  // Somebody may free something.
  constraintUnsatisfied: 10_000,
  nodesSetAside: 10_000,
  portsTaken: 10_000,
  disksMissing: 10_000,
  insufficientResources: 15_000,
  // Checks may need some rounds to see that it is well.
  unhealthy: 20_000,
};

/** Causes that follow each other while instances end and are started again: one trouble, not several. */
const failing: ReadonlySet<ReasonCode> = new Set([...endCauses, "finished", "backoff"]);

export interface Sight {
  readonly service: string;
  readonly code: ReasonCode;
}

interface Trouble {
  readonly since: number;
  readonly lastSeen: number;
  readonly code: ReasonCode;
}

/** Between two failures an instance starts: the trouble goes on unless it was gone for longer. */
const forgottenAfterMs = 10_000;

/** Remembers what was seen of each service, and says when it is enough. */
export class VerdictPolicy {
  readonly #troubles = new Map<string, Trouble>();

  /** The first reason of each service at `nowMs`; answers the one that is the verdict, if one is. */
  see(sights: readonly Sight[], nowMs: number): Sight | undefined {
    for (const { service, code } of sights) {
      if (patienceMs[code] === undefined) continue;
      const key = `${service} ${failing.has(code) ? "failing" : code}`;
      const before = this.#troubles.get(key);
      const goesOn = before !== undefined && nowMs - before.lastSeen <= forgottenAfterMs;
      this.#troubles.set(key, {
        since: goesOn ? before.since : nowMs,
        lastSeen: nowMs,
        // What is said to be the cause outlasts the waiting for the next try.
        code: goesOn && code === "backoff" ? before.code : code,
      });
      const trouble = this.#troubles.get(key);
      if (trouble !== undefined && nowMs - trouble.since >= (patienceMs[trouble.code] ?? 0))
        return { service, code: trouble.code };
    }
    return undefined;
  }
}

/** An instance that nobody checks counts as well once it has run for this long. */
const settledAfterMs = 1_000;

interface SettlingInstance {
  readonly id: string;
  readonly condition: string;
  readonly healthy?: boolean;
  readonly isActive: boolean;
  /** What it is meant to be: Running, Stopped, Decommissioned. */
  readonly goal: string;
}

/**
 * Whether what a change started has stayed. Without health checks a deployment is over as soon as its instances run,
 * also when they end right after that.
 */
export class Settling {
  readonly #firstRunning = new Map<string, number>();

  isSettled(instances: readonly SettlingInstance[], nowMs: number): boolean {
    return (
      instances
        // One that is on its way out is not waited for.
        .filter(({ isActive, goal }) => isActive && goal === "Running")
        .every(({ id, condition, healthy }) => {
          if (condition !== "Running") return false;
          const since = this.#firstRunning.get(id) ?? nowMs;
          this.#firstRunning.set(id, since);
          return healthy === true || nowMs - since >= settledAfterMs;
        })
    );
  }
}
