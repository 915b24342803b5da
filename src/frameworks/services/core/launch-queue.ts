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
  isBackoffForgotten,
} from "./backoff.ts";
import type { Instance } from "./instance.ts";
import { OfferStats } from "./offer-stats.ts";
import type { ServicesState } from "./state.ts";
import type { Turn } from "./turn.ts";

export interface QueueEntry {
  readonly appId: string;
  /** lastConfigChangeAt: another one starts without delay. */
  configVersion: InstantMs;
  backoff: Backoff | undefined;
  /** How many waited when last looked; undefined when none did. */
  waiting: number;
  since: InstantMs;
  stats: OfferStats;
}

export class LaunchQueue {
  readonly #entries = new Map<string, QueueEntry>();
  /** Apps that may be matched now; the first one's turn is next. */
  readonly #ready = new Set<string>();
  #tokens: number;
  #hasNewWork = false;

  constructor(tokens: number) {
    this.#tokens = tokens;
  }

  get tokens(): number {
    return this.#tokens;
  }

  get hasReadyWork(): boolean {
    return this.#ready.size > 0 && this.#tokens > 0;
  }

  get hasWaiting(): boolean {
    for (const { waiting } of this.#entries.values()) if (waiting > 0) return true;
    return false;
  }

  get(appId: string): QueueEntry | undefined {
    return this.#entries.get(appId);
  }

  entries(): IterableIterator<QueueEntry> {
    return this.#entries.values();
  }

  /** In the order of their turns; an app that was served goes to the end. */
  ready(): readonly string[] {
    return [...this.#ready];
  }

  isReady(appId: string): boolean {
    return this.#tokens > 0 && this.#ready.has(appId);
  }

  served(appId: string): void {
    if (this.#ready.size > 1 && this.#ready.delete(appId)) this.#ready.add(appId);
  }

  /** Looks at an app again after anything about it changed. */
  sync(turn: Turn, state: ServicesState, appId: string): void {
    const app = state.apps.get(appId);
    const waiting = state.instances.population(appId)?.scheduled.size ?? 0;
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
      this.#ready.delete(appId);
      state.timers.set(timerKey(appId), readyAt, { kind: "backoffEnded", appId });
    } else if (!this.#ready.has(appId)) {
      // One that is ready has no timer.
      state.timers.cancel(timerKey(appId));
      this.#ready.add(appId);
      this.#hasNewWork = true;
    } else if (waiting > current.waiting) this.#hasNewWork = true;
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
    if (this.#tokens <= 0 && this.#ready.size > 0) this.#hasNewWork = true;
    this.#tokens += 1;
  }

  refreshTokens(tokens: number): void {
    if (this.#tokens <= 0 && this.#ready.size > 0) this.#hasNewWork = true;
    this.#tokens = tokens;
  }

  /** Whether something came up that no offer was asked for yet. */
  takeNewWork(): boolean {
    const hasNewWork = this.#hasNewWork;
    this.#hasNewWork = false;
    return hasNewWork;
  }

  /** What was served leaves more to serve: more offers are wanted at once. */
  noteMoreWork(): void {
    if (this.hasReadyWork) this.#hasNewWork = true;
  }

  snapshot(): JsonValue {
    return {
      tokens: this.#tokens,
      ready: [...this.#ready],
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
      this.#hasNewWork = true;
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
      since: turn.now,
      stats: new OfferStats(),
    };
    this.#entries.set(app.id, entry);
    return entry;
  }

  /** Nothing waits: the figures start again, a delay stays until it is forgotten. */
  #idle(state: ServicesState, entry: QueueEntry, now: InstantMs, app: App): void {
    this.#ready.delete(entry.appId);
    if (entry.waiting > 0) entry.stats = new OfferStats();
    entry.waiting = 0;
    if (entry.backoff === undefined) {
      this.#drop(state, entry.appId);
      return;
    }
    const forgottenAt = entry.backoff.referenceAt + app.facts.backoff.maxDelayMs + 1;
    state.timers.set(timerKey(entry.appId), Math.max(forgottenAt, now + 1), {
      kind: "backoffEnded",
      appId: entry.appId,
    });
  }

  #drop(state: ServicesState, appId: string): void {
    this.#entries.delete(appId);
    this.#ready.delete(appId);
    state.timers.cancel(timerKey(appId));
  }
}

function timerKey(appId: string): string {
  return `backoff/${appId}`;
}
