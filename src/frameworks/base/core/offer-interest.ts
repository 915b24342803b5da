/**
 * Tells the master in which roles offers are wanted and in which not: a role in which nothing waits costs nothing.
 *
 * New work asks for offers at once, since a person waits for it; only the pace of doing so again is bounded.
 * Work that was asked for already is asked for once more after `reviveRepeatMs`, then at the pace at which
 * declined offers come back by themselves. The pace for new work grows
 * with the number of offers that a REVIVE brings: on a large cluster each one is expensive for everybody.
 * Roles that want the same at the same moment share a call, unless the master may not know some of them.
 * Source: contract marathon.md section 12; ADR 0045 for the departure.
 */
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { SharedTurn, Surroundings } from "./surroundings.ts";

/** What one offer adds to the wait before the next REVIVE, in milliseconds. */
const pacePerOfferMs = 1;

/** What waits for offers at the end of a step. */
export interface OfferWork {
  /** Roles in which something does. */
  readonly roles: ReadonlySet<string>;
  /** Those of them in which some of it came up since the last step. */
  readonly newIn: ReadonlySet<string>;
  /** The master may not know all of the framework's roles, and hears no call that names one it does not know. */
  readonly isEachApart?: boolean;
}

/** What is known of one role. */
interface RoleInterest {
  readonly role: string;
  isSuppressed: boolean;
  revivedAt: InstantMs | undefined;
  offersSinceRevive: number;
  isReviveWanted: boolean;
  /** When to ask once more for the same work. */
  repeatAt: InstantMs | undefined;
  idleSince: InstantMs | undefined;
}

type Verdict = "revive" | "suppress" | undefined;

export class OfferInterest {
  readonly #byRole = new Map<string, RoleInterest>();
  /** Roles that the master may offer in: only these are looked at in every step. */
  readonly #awake = new Set<string>();

  /** The master was told to offer nothing in this role. */
  isSuppressed(role: string): boolean {
    return this.#byRole.get(role)?.isSuppressed ?? false;
  }

  get suppressedRoles(): readonly string[] {
    return [...this.#byRole.values()].flatMap(({ role, isSuppressed }) => (isSuppressed ? [role] : []));
  }

  /** The roles of the framework from now on: of one that is new, the master is free to offer. */
  setRoles(roles: readonly string[], { timers }: Pick<Surroundings, "timers">): void {
    const kept = new Set(roles);
    for (const role of this.#byRole.keys()) {
      if (kept.has(role)) continue;
      this.#byRole.delete(role);
      this.#awake.delete(role);
      timers.cancel(timerKey(role));
    }
    for (const role of roles) {
      if (this.#byRole.has(role)) continue;
      this.#byRole.set(role, newInterest(role));
      this.#awake.add(role);
    }
  }

  /** A new stream: the master has forgotten suppression and filters, and offers everything once. */
  connected(state: Surroundings, now: InstantMs, hasWork: (role: string) => boolean): void {
    for (const interest of this.#byRole.values()) {
      interest.isSuppressed = false;
      interest.revivedAt = now;
      interest.offersSinceRevive = 0;
      interest.isReviveWanted = hasWork(interest.role);
      interest.repeatAt = now + state.policy.reviveRepeatMs;
      interest.idleSince = undefined;
      this.#awake.add(interest.role);
    }
  }

  /** What was told to the master may not have arrived: it is told again when due. */
  callFailed(roles: readonly string[]): void {
    for (const role of roles) {
      const interest = this.#byRole.get(role);
      if (interest === undefined) continue;
      interest.isReviveWanted = true;
      interest.isSuppressed = false;
      interest.offersSinceRevive = Number.POSITIVE_INFINITY;
      this.#awake.add(role);
    }
  }

  /** Something is to be given back that only an offer brings. */
  wantOffers(role: string): void {
    const interest = this.#byRole.get(role);
    if (interest === undefined) return;
    interest.isReviveWanted = true;
    this.#awake.add(role);
  }

  offersSeen(role: string, count: number): void {
    const interest = this.#byRole.get(role);
    if (interest !== undefined) interest.offersSinceRevive += count;
  }

  /** At the end of each step. */
  settle(turn: SharedTurn, state: Surroundings, work: OfferWork): void {
    const told: { readonly revive: string[]; readonly suppress: string[] } = { revive: [], suppress: [] };
    for (const role of work.roles) if (this.#byRole.has(role)) this.#awake.add(role);
    for (const role of [...this.#awake]) {
      const interest = this.#byRole.get(role);
      if (interest === undefined) continue;
      if (work.newIn.has(role)) interest.isReviveWanted = true;
      const verdict = settleRole(interest, turn.now, state, work.roles.has(role));
      if (verdict !== undefined) told[verdict].push(role);
      if (interest.isSuppressed) this.#awake.delete(role);
    }
    for (const roles of calls(told.revive, work)) turn.call({ type: "REVIVE", revive: { roles } });
    for (const roles of calls(told.suppress, work)) turn.call({ type: "SUPPRESS", suppress: { roles } });
  }

  snapshot(): JsonValue {
    return [...this.#byRole.values()].map(({ role, isSuppressed, revivedAt, isReviveWanted, repeatAt }) => [
      role,
      isSuppressed,
      revivedAt ?? null,
      isReviveWanted,
      repeatAt ?? null,
    ]);
  }
}

/** Roles of each call. */
function calls(roles: readonly string[], { isEachApart = false }: OfferWork): readonly (readonly string[])[] {
  if (isEachApart) return roles.map((role) => [role]);
  return roles.length === 0 ? [] : [roles];
}

function settleRole(
  interest: RoleInterest,
  now: InstantMs,
  state: Surroundings,
  isWorkThere: boolean,
): Verdict {
  const { policy, timers } = state;
  const key = timerKey(interest.role);
  if (!state.connection.isConnected) {
    timers.cancel(key);
    return undefined;
  }
  if (!isWorkThere) return settleIdle(interest, now, state);
  interest.idleSince = undefined;
  const wanted = interest.isReviveWanted || interest.isSuppressed;
  const paceMs = Math.min(
    Math.max(policy.reviveNewWorkMs, interest.offersSinceRevive * pacePerOfferMs),
    policy.reviveRepeatMs,
  );
  const dueAt = wanted ? (interest.revivedAt ?? now - paceMs) + paceMs : interest.repeatAt;
  if (dueAt === undefined) timers.cancel(key);
  else if (dueAt > now) timers.set(key, dueAt, { kind: "offerInterest" });
  else return revive(interest, now, state, wanted);
  return undefined;
}

function revive(
  interest: RoleInterest,
  now: InstantMs,
  { policy, timers }: Surroundings,
  isNewWork: boolean,
): Verdict {
  interest.isSuppressed = false;
  interest.isReviveWanted = false;
  interest.revivedAt = now;
  interest.offersSinceRevive = 0;
  interest.repeatAt = now + (isNewWork ? policy.reviveRepeatMs : policy.declineMs);
  timers.set(timerKey(interest.role), interest.repeatAt, { kind: "offerInterest" });
  return "revive";
}

/** Work comes in waves; only a longer silence is told to the master. */
function settleIdle(interest: RoleInterest, now: InstantMs, { policy, timers }: Surroundings): Verdict {
  const key = timerKey(interest.role);
  interest.isReviveWanted = false;
  interest.repeatAt = undefined;
  if (interest.isSuppressed) {
    timers.cancel(key);
    return undefined;
  }
  interest.idleSince ??= now;
  const dueAt = interest.idleSince + policy.suppressAfterMs;
  if (dueAt > now) {
    timers.set(key, dueAt, { kind: "offerInterest" });
    return undefined;
  }
  interest.isSuppressed = true;
  timers.cancel(key);
  return "suppress";
}

function newInterest(role: string): RoleInterest {
  return {
    role,
    isSuppressed: false,
    revivedAt: undefined,
    offersSinceRevive: 0,
    isReviveWanted: false,
    repeatAt: undefined,
    idleSince: undefined,
  };
}

function timerKey(role: string): string {
  return `offer-interest/${role}`;
}
