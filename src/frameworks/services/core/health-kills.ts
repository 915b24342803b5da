/**
 * How many instances of a service may be away at a time because they failed their health check.
 *
 * A check that goes wrong itself — its own dependency is down, its path was renamed — finds every instance ill at once,
 * and ending them all makes an outage of it. So one that is ended takes a place, of which there are few. It gives the
 * place back when it was seen healthy again, and after a while in any case, lest one that never recovers keep the others
 * from being mended; until then it may be ended again in the same place. One that finds no place runs on, and is judged
 * anew by each further failure. A departure from Marathon, which ends all (ADR 159).
 */
import type { InstantMs } from "#foundation/base/core.ts";
import type { Instance } from "./instance.ts";
import type { ServicesPolicy } from "./policy.ts";

/** At this share nothing is held back, as in Marathon. */
const unlimitedPercent = 100;

type Limits = Pick<ServicesPolicy, "healthKillsMaxPercent" | "healthKillHoldMs">;

/** Instances of a service that may be away for their health; undefined when there is no limit. */
export function healthKillsMax(instances: number, { healthKillsMaxPercent }: Limits): number | undefined {
  if (healthKillsMaxPercent >= unlimitedPercent) return undefined;
  return Math.max(1, Math.floor((instances * healthKillsMaxPercent) / 100));
}

export class HealthKills {
  /** By service: instances that hold a place, by when they were ended, the earliest first. */
  readonly #held = new Map<string, Map<string, InstantMs>>();

  /** How many places are taken. */
  held(appId: string, now: InstantMs, { healthKillHoldMs }: Limits): number {
    const held = this.#held.get(appId);
    if (held === undefined) return 0;
    for (const [instanceId, since] of held) {
      if (now - since < healthKillHoldMs) break;
      held.delete(instanceId);
    }
    if (held.size === 0) this.#held.delete(appId);
    return held.size;
  }

  /** Takes a place for an instance of a service that wants so many; false when none is left. */
  take(instance: Instance, wanted: number, now: InstantMs, limits: Limits): boolean {
    const max = healthKillsMax(wanted, limits);
    if (max === undefined) return true;
    const taken = this.held(instance.appId, now, limits);
    if (this.#held.get(instance.appId)?.has(instance.id) === true) return true;
    if (taken >= max) return false;
    this.#hold(instance, now);
    return true;
  }

  /** When it took the place it holds. */
  sinceOf({ appId, id }: Instance): InstantMs | undefined {
    return this.#held.get(appId)?.get(id);
  }

  /** Those that an earlier process ended. */
  restore(instances: Iterable<Instance>): void {
    const held = [...instances].flatMap((instance) =>
      instance.healthKilledAt === undefined ? [] : [{ instance, since: instance.healthKilledAt }],
    );
    held.sort((one, other) => one.since - other.since);
    for (const { instance, since } of held) this.#hold(instance, since);
  }

  /** It is well again, or gone. */
  giveBack({ appId, id }: Instance): void {
    const held = this.#held.get(appId);
    if (held?.delete(id) === true && held.size === 0) this.#held.delete(appId);
  }

  check(sinceOf: (instanceId: string) => InstantMs | undefined): readonly string[] {
    return [...this.#held.values()].flatMap((held) =>
      [...held]
        .filter(([instanceId, since]) => sinceOf(instanceId) !== since)
        .map(([instanceId]) => `${instanceId} holds a place for its health and was not ended for it`),
    );
  }

  #hold({ appId, id }: Instance, since: InstantMs): void {
    const held = this.#held.get(appId) ?? new Map<string, InstantMs>();
    held.set(id, since);
    this.#held.set(appId, held);
  }
}
