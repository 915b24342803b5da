/**
 * Apps with instances that wait for an offer, what delays them, and how many launches may be under way.
 *
 * The instances themselves are in their population's `scheduled`; this knows which apps may be matched now,
 * in which order, and when the others may. Source: contract marathon.md section 12.
 */
import type { InstantMs } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { App } from "./app-table.ts";
import {
  type Backoff,
  backoffAfterFailure,
  backoffAfterProgress,
  backoffEndsAt,
  backoffForgottenAt,
  isBackoffForgotten,
} from "./backoff.ts";
import { roleOfApp } from "./framework-roles.ts";
import type { Instance } from "./instance.ts";
import { OfferStats, unusedOffersEach } from "./offer-stats.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

export interface QueueEntry {
  readonly appId: string;
  /** lastConfigChangeAt: another one starts without delay. */
  configVersion: InstantMs;
  backoff: Backoff | undefined;
  /** How many waited when last looked; undefined when none did. */
  waiting: number;
  /** Roles in which it may be matched now; empty: it may not. */
  readyIn: ReadonlySet<string>;
  since: InstantMs;
  stats: OfferStats;
}

const none: ReadonlySet<string> = new Set();

export class LaunchQueue {
  readonly #entries = new Map<string, QueueEntry>();
  /** Apps that may be matched now, by the role of the offers that they wait for; the first one's turn is next. */
  readonly #ready = new Map<string, Set<string>>();
  #tokens: number;
  /** Roles in which something came up that no offer was asked for yet. */
  #newIn = new Set<string>();

  constructor(tokens: number) {
    this.#tokens = tokens;
  }

  get tokens(): number {
    return this.#tokens;
  }

  /** Roles in which something may be matched now. */
  readyRoles(): Iterable<string> {
    return this.#tokens > 0 ? this.#ready.keys() : [];
  }

  hasReadyWork(role: string): boolean {
    return this.#tokens > 0 && this.#ready.has(role);
  }

  get hasWaiting(): boolean {
    for (const { waiting } of this.#entries.values()) if (waiting > 0) return true;
    return false;
  }

  /** How many unused offers each app that waits keeps. */
  get unusedOffersEach(): number {
    return unusedOffersEach(this.#entries.size);
  }

  get(appId: string): QueueEntry | undefined {
    return this.#entries.get(appId);
  }

  entries(): IterableIterator<QueueEntry> {
    return this.#entries.values();
  }

  /** For offers of a role, in the order of their turns; an app that was served goes to the end. */
  ready(role: string): readonly string[] {
    return [...(this.#ready.get(role) ?? [])];
  }

  isReady(appId: string, role: string): boolean {
    return this.#tokens > 0 && this.#ready.get(role)?.has(appId) === true;
  }

  served(appId: string, role: string): void {
    const ready = this.#ready.get(role);
    if (ready !== undefined && ready.size > 1 && ready.delete(appId)) ready.add(appId);
  }

  /** Looks at an app again after anything about it changed. */
  sync(turn: Turn, state: ServicesState, appId: string): void {
    const app = state.apps.get(appId);
    const scheduled = state.instances.population(appId)?.scheduled;
    const waiting = scheduled?.size ?? 0;
    if (app === undefined) {
      this.#drop(state, appId);
      return;
    }
    const entry = this.#entryOf(turn, app);
    if (entry === undefined && waiting === 0) return;
    const current = entry ?? this.#add(turn, app);
    if (waiting === 0) {
      this.#idle(state, current, turn.now, app);
      return;
    }
    if (current.waiting === 0) current.since = turn.now;
    const readyAt = current.backoff === undefined ? turn.now : backoffEndsAt(current.backoff);
    if (readyAt > turn.now) {
      this.#setReady(current, none);
      state.timers.set(timerKey(appId), readyAt, { kind: "backoffEnded", appId });
    } else {
      // One that is ready has no timer.
      if (current.readyIn.size === 0) state.timers.cancel(timerKey(appId));
      this.#setReady(current, scheduled?.rolesWith(roleOfApp(state, app)) ?? none);
      if (waiting > current.waiting) this.#wantMore(current.readyIn);
    }
    current.waiting = waiting;
  }

  failed(turn: Turn, state: ServicesState, instance: Instance): void {
    const app = state.apps.get(instance.appId);
    if (app === undefined || instance.configVersion !== app.versions.lastConfigChangeAt) return;
    const entry = this.#entryOf(turn, app) ?? this.#add(turn, app);
    entry.backoff = backoffAfterFailure(entry.backoff, app.facts.backoff, turn.now);
  }

  /** A launch came a step further. */
  progressed(turn: Turn, state: ServicesState, instance: Instance): void {
    const entry = this.#entries.get(instance.appId);
    if (entry === undefined || entry.configVersion !== instance.configVersion) return;
    if (entry.backoff === undefined) return;
    entry.backoff = backoffAfterProgress(entry.backoff, turn.now);
    state.instances.touch(instance.appId);
  }

  resetDelay(state: ServicesState, appId: string): void {
    const entry = this.#entries.get(appId);
    if (entry?.backoff === undefined) return;
    entry.backoff = undefined;
    state.instances.touch(appId);
  }

  takeToken(): void {
    this.#tokens -= 1;
  }

  /** A task runs: another may be launched. */
  confirmed(): void {
    if (this.#tokens <= 0) this.#wantMore(this.#ready.keys());
    this.#tokens += 1;
  }

  refreshTokens(tokens: number): void {
    if (this.#tokens <= 0) this.#wantMore(this.#ready.keys());
    this.#tokens = tokens;
  }

  /** Roles in which something came up that no offer was asked for yet. */
  takeNewWork(): ReadonlySet<string> {
    const newIn = this.#newIn;
    if (newIn.size > 0) this.#newIn = new Set();
    return newIn;
  }

  /** What was served leaves more to serve: more offers of the role are wanted at once. */
  noteMoreWork(role: string): void {
    if (this.hasReadyWork(role)) this.#newIn.add(role);
  }

  snapshot(): JsonValue {
    return {
      tokens: this.#tokens,
      ready: [...this.#ready].map(([role, ready]) => [role, ...ready]),
      entries: [...this.#entries.values()].map((entry) => [
        entry.appId,
        entry.waiting,
        entry.backoff === undefined ? null : backoffEndsAt(entry.backoff),
        entry.stats.processed,
      ]),
    };
  }

  /** The entry of the app's present configuration. */
  #entryOf(turn: Turn, app: App): QueueEntry | undefined {
    const entry = this.#entries.get(app.id);
    if (entry === undefined) return undefined;
    if (entry.configVersion !== app.versions.lastConfigChangeAt) {
      entry.configVersion = app.versions.lastConfigChangeAt;
      entry.backoff = undefined;
      entry.stats = new OfferStats();
      entry.since = turn.now;
      // What was refused for the old definition may do for the new one.
      this.#wantMore(entry.readyIn);
    }
    if (entry.backoff !== undefined && isBackoffForgotten(entry.backoff, app.facts.backoff, turn.now)) {
      entry.backoff = undefined;
    }
    return entry;
  }

  #add(turn: Turn, app: App): QueueEntry {
    const entry: QueueEntry = {
      appId: app.id,
      configVersion: app.versions.lastConfigChangeAt,
      backoff: undefined,
      waiting: 0,
      readyIn: none,
      since: turn.now,
      stats: new OfferStats(),
    };
    this.#entries.set(app.id, entry);
    return entry;
  }

  /** Nothing waits: the figures start again, a delay stays until it is forgotten. */
  #idle(state: ServicesState, entry: QueueEntry, now: InstantMs, app: App): void {
    this.#setReady(entry, none);
    if (entry.waiting > 0) entry.stats = new OfferStats();
    entry.waiting = 0;
    if (entry.backoff === undefined) {
      this.#drop(state, entry.appId);
      return;
    }
    const forgottenAt = backoffForgottenAt(entry.backoff, app.facts.backoff);
    state.timers.set(timerKey(entry.appId), Math.max(forgottenAt, now + 1), {
      kind: "backoffEnded",
      appId: entry.appId,
    });
  }

  /** A role that it was not ready in has new work. */
  #setReady(entry: QueueEntry, roles: ReadonlySet<string>): void {
    const { appId, readyIn } = entry;
    entry.readyIn = roles;
    for (const role of readyIn) {
      if (roles.has(role)) continue;
      const ready = this.#ready.get(role);
      ready?.delete(appId);
      if (ready?.size === 0) this.#ready.delete(role);
    }
    for (const role of roles) {
      if (readyIn.has(role)) continue;
      const ready = this.#ready.get(role);
      if (ready === undefined) this.#ready.set(role, new Set([appId]));
      else ready.add(appId);
      this.#newIn.add(role);
    }
  }

  #wantMore(roles: Iterable<string>): void {
    for (const role of roles) this.#newIn.add(role);
  }

  #drop(state: ServicesState, appId: string): void {
    const entry = this.#entries.get(appId);
    if (entry !== undefined) this.#setReady(entry, none);
    this.#entries.delete(appId);
    state.timers.cancel(timerKey(appId));
  }
}

function timerKey(appId: string): string {
  return `backoff/${appId}`;
}
