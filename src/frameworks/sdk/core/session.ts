/**
 * The session of a framework with the leading master, as a machine: when to subscribe and where, which
 * stream is the present one, when it counts as broken, which calls may leave.
 *
 * States go round: waiting -> opening -> subscribing -> subscribed -> waiting. Only an ERROR of the master or
 * `close` ends it. Each attempt has a number; whatever an earlier attempt still says is not heard.
 * Source: Mesos v1 scheduler API (contract mesos.md sections 1.1 to 1.3 and 1.12).
 */
import type { FrameworkInfo, SchedulerCall, SchedulerEvent } from "#contracts/kernel/messages.gen.ts";
import { assertNever } from "#foundation/base/assert.ts";
import { type Core, type InstantMs, noOutcome, type Outcome } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Random } from "#foundation/base/random.ts";
import { resolveRedirect, schedulerPath } from "./redirect.ts";

export interface SessionPolicy {
  /** The first wait before subscribing again; each further one is twice as long. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** Heartbeats that may fail to come; then the stream counts as broken. */
  readonly missedHeartbeatsMax: number;
  /** Until SUBSCRIBED must have come. */
  readonly subscribeTimeoutMs: number;
  /** Redirects followed without a wait, one after the other. */
  readonly redirectsMax: number;
}

export const defaultSessionPolicy: SessionPolicy = {
  backoffMinMs: 100,
  backoffMaxMs: 15_000,
  missedHeartbeatsMax: 5,
  subscribeTimeoutMs: 30_000,
  redirectsMax: 5,
};

export type SessionEvent =
  | {
      readonly kind: "streamOpened";
      readonly attempt: number;
      readonly status: number;
      readonly streamId: string | undefined;
      readonly location: string | undefined;
    }
  | { readonly kind: "streamTold"; readonly attempt: number; readonly event: SchedulerEvent }
  | { readonly kind: "streamEnded"; readonly attempt: number; readonly cause: string }
  | { readonly kind: "callAsked"; readonly call: OutgoingCall }
  | {
      readonly kind: "callAnswered";
      readonly attempt: number;
      readonly status: number;
      readonly location: string | undefined;
      readonly body: string;
    }
  /** Another master leads, or nobody is known to (undefined). */
  | { readonly kind: "masterMoved"; readonly masterUrl: string | undefined }
  | { readonly kind: "closed" };

/** A call as frameworks make it; the session adds who calls. */
export type OutgoingCall = Omit<SchedulerCall, "framework_id">;

export type SessionEffect =
  | {
      readonly kind: "openStream";
      readonly attempt: number;
      readonly url: string;
      readonly call: SchedulerCall;
    }
  | { readonly kind: "abortStream"; readonly attempt: number }
  | {
      readonly kind: "sendCall";
      readonly attempt: number;
      readonly url: string;
      readonly streamId: string;
      readonly call: SchedulerCall;
    }
  /** The call will not be made, now or later; whoever asked decides what that means. */
  | { readonly kind: "refuseCall"; readonly call: OutgoingCall; readonly reason: string }
  | { readonly kind: "deliver"; readonly event: SchedulerEvent }
  | { readonly kind: "disconnect"; readonly reason: string }
  /** The master doesn't want this framework any more; subscribing again would not help. */
  | { readonly kind: "stop"; readonly reason: string };

type State =
  /** No master is known. */
  | { readonly kind: "idle" }
  | { readonly kind: "waiting"; readonly until: InstantMs }
  | { readonly kind: "opening"; readonly until: InstantMs }
  | { readonly kind: "subscribing"; readonly until: InstantMs; readonly streamId: string }
  | {
      readonly kind: "subscribed";
      readonly until: InstantMs;
      readonly streamId: string;
      readonly silenceMaxMs: number;
    }
  | { readonly kind: "stopped" };

const heartbeatDefaultMs = 15_000;

export function createSession(options: {
  /** Any master, such as `http://127.0.0.1:5050`; undefined: none is known before `masterMoved` tells of one. */
  readonly masterUrl: string | undefined;
  /** With an id when the framework had one before. */
  readonly frameworkInfo: FrameworkInfo;
  readonly random: Random;
  readonly policy?: SessionPolicy;
}): Core<SessionEvent, SessionEffect> {
  return new Session({ ...options, policy: options.policy ?? defaultSessionPolicy });
}

class Session implements Core<SessionEvent, SessionEffect> {
  #home: string | undefined;
  /** What the framework said last of itself: it subscribes with that. */
  #frameworkInfo: FrameworkInfo;
  readonly #random: Random;
  readonly #policy: SessionPolicy;
  #state: State = { kind: "idle" };
  #url = "";
  #frameworkId: string | undefined;
  #attempt = 0;
  #failures = 0;
  #redirects = 0;

  constructor(options: {
    readonly masterUrl: string | undefined;
    readonly frameworkInfo: FrameworkInfo;
    readonly random: Random;
    readonly policy: SessionPolicy;
  }) {
    this.#goHome(options.masterUrl, 0);
    this.#frameworkInfo = options.frameworkInfo;
    this.#frameworkId = options.frameworkInfo.id?.value;
    this.#random = options.random;
    this.#policy = options.policy;
  }

  apply(event: SessionEvent, now: InstantMs): Outcome<SessionEffect> {
    const effects: SessionEffect[] = [];
    this.#take(event, now, effects);
    return effects.length === 0 ? noOutcome() : { writes: [], effects };
  }

  wakeAt(): InstantMs | undefined {
    return "until" in this.#state ? this.#state.until : undefined;
  }

  wake(now: InstantMs): Outcome<SessionEffect> {
    const effects: SessionEffect[] = [];
    const state = this.#state;
    if (!("until" in state) || state.until > now) return noOutcome();
    if (state.kind === "waiting") this.#open(now, effects);
    else if (state.kind === "subscribed")
      this.#breakOff(now, effects, `no word for ${state.silenceMaxMs} ms`);
    else this.#breakOff(now, effects, `no subscription within ${this.#policy.subscribeTimeoutMs} ms`);
    return { writes: [], effects };
  }

  snapshot(): JsonValue {
    return {
      state: { ...this.#state },
      url: this.#url,
      frameworkId: this.#frameworkId ?? null,
      attempt: this.#attempt,
      failures: this.#failures,
      redirects: this.#redirects,
    };
  }

  check(): readonly string[] {
    const isSubscribed = this.#state.kind === "subscribed";
    return isSubscribed && this.#frameworkId === undefined ? ["subscribed without a framework id"] : [];
  }

  #take(event: SessionEvent, now: InstantMs, effects: SessionEffect[]): void {
    if (this.#state.kind === "stopped") {
      if (event.kind === "callAsked") this.#refuse(event.call, "the session has ended", effects);
      return;
    }
    switch (event.kind) {
      case "streamOpened":
        if (event.attempt === this.#attempt && this.#state.kind === "opening") {
          this.#opened(event, now, effects);
        }
        return;
      case "streamTold":
        if (event.attempt === this.#attempt) this.#told(event.event, now, effects);
        return;
      case "streamEnded":
        if (event.attempt === this.#attempt && isUnderWay(this.#state)) {
          this.#wait(now, effects, event.cause);
        }
        return;
      case "callAsked":
        return this.#call(event.call, effects);
      case "callAnswered":
        return this.#answered(event, now, effects);
      case "masterMoved":
        return this.#moved(event.masterUrl, now, effects);
      case "closed":
        this.#leave(effects, "closed");
        effects.push({ kind: "abortStream", attempt: this.#attempt });
        this.#state = { kind: "stopped" };
        return;
      default:
        return assertNever(event);
    }
  }

  /** Whoever knows who leads is believed at once: what a former leader still says is not heard. */
  #moved(masterUrl: string | undefined, now: InstantMs, effects: SessionEffect[]): void {
    this.#leave(effects, masterUrl === undefined ? "no master leads" : "another master leads");
    if (isUnderWay(this.#state)) effects.push({ kind: "abortStream", attempt: this.#attempt });
    this.#failures = 0;
    this.#redirects = 0;
    this.#goHome(masterUrl, now);
  }

  #goHome(masterUrl: string | undefined, now: InstantMs): void {
    this.#home = masterUrl === undefined ? undefined : new URL(schedulerPath, masterUrl).href;
    this.#url = this.#home ?? "";
    this.#state = this.#home === undefined ? { kind: "idle" } : { kind: "waiting", until: now };
  }

  #open(now: InstantMs, effects: SessionEffect[]): void {
    this.#attempt += 1;
    this.#state = { kind: "opening", until: now + this.#policy.subscribeTimeoutMs };
    const id = this.#frameworkId === undefined ? undefined : { value: this.#frameworkId };
    effects.push({
      kind: "openStream",
      attempt: this.#attempt,
      url: this.#url,
      call: {
        type: "SUBSCRIBE",
        subscribe: { framework_info: { ...this.#frameworkInfo, ...(id === undefined ? {} : { id }) } },
        ...(id === undefined ? {} : { framework_id: id }),
      },
    });
  }

  #opened(
    event: Extract<SessionEvent, { kind: "streamOpened" }>,
    now: InstantMs,
    effects: SessionEffect[],
  ): void {
    if (event.status === 307) {
      this.#redirect(event.location, now, effects);
      return;
    }
    if (event.status !== 200 || event.streamId === undefined) {
      const problem = event.status === 200 ? "no stream id" : `status ${event.status}`;
      this.#breakOff(now, effects, `the master answered SUBSCRIBE with ${problem}`);
      return;
    }
    this.#state = {
      kind: "subscribing",
      until: now + this.#policy.subscribeTimeoutMs,
      streamId: event.streamId,
    };
  }

  #told(event: SchedulerEvent, now: InstantMs, effects: SessionEffect[]): void {
    const state = this.#state;
    if (state.kind !== "subscribing" && state.kind !== "subscribed") return;
    if (event.type === "ERROR") {
      const reason = event.error?.message ?? "the master gave no reason";
      this.#leave(effects, reason);
      effects.push({ kind: "abortStream", attempt: this.#attempt }, { kind: "stop", reason });
      this.#state = { kind: "stopped" };
      return;
    }
    if (event.type === "SUBSCRIBED") {
      this.#subscribed(event, state.streamId, now, effects);
      return;
    }
    if (state.kind !== "subscribed") return;
    this.#state = { ...state, until: now + state.silenceMaxMs };
    if (event.type !== "HEARTBEAT") effects.push({ kind: "deliver", event });
  }

  #subscribed(event: SchedulerEvent, streamId: string, now: InstantMs, effects: SessionEffect[]): void {
    const frameworkId = event.subscribed?.framework_id.value;
    if (frameworkId === undefined) return;
    const seconds = event.subscribed?.heartbeat_interval_seconds;
    const heartbeatMs = seconds === undefined || seconds <= 0 ? heartbeatDefaultMs : seconds * 1_000;
    const silenceMaxMs = Math.ceil(heartbeatMs * this.#policy.missedHeartbeatsMax);
    this.#frameworkId = frameworkId;
    this.#failures = 0;
    this.#redirects = 0;
    this.#state = { kind: "subscribed", until: now + silenceMaxMs, streamId, silenceMaxMs };
    effects.push({ kind: "deliver", event });
  }

  #call(call: OutgoingCall, effects: SessionEffect[]): void {
    const state = this.#state;
    if (call.type === "UPDATE_FRAMEWORK" && call.update_framework !== undefined)
      this.#frameworkInfo = call.update_framework.framework_info;
    if (state.kind !== "subscribed" || this.#frameworkId === undefined) {
      this.#refuse(call, "not subscribed", effects);
      return;
    }
    effects.push({
      kind: "sendCall",
      attempt: this.#attempt,
      url: this.#url,
      streamId: state.streamId,
      call: { ...call, framework_id: { value: this.#frameworkId } },
    });
  }

  /** Answers that say that this master, or this stream, is not the one any more end the stream. */
  #answered(
    event: Extract<SessionEvent, { kind: "callAnswered" }>,
    now: InstantMs,
    effects: SessionEffect[],
  ): void {
    if (event.status >= 200 && event.status < 300) return;
    const isPresent = event.attempt === this.#attempt && this.#state.kind === "subscribed";
    if (event.status === 307 && isPresent) {
      this.#redirect(event.location, now, effects);
      return;
    }
    const isStreamUnknown =
      event.status === 403 || (event.status === 400 && /stream id|cannot be found/i.test(event.body));
    if (isStreamUnknown && isPresent) this.#breakOff(now, effects, `a call was refused: ${event.body}`);
  }

  #redirect(location: string | undefined, now: InstantMs, effects: SessionEffect[]): void {
    const target = location === undefined ? undefined : resolveRedirect(this.#url, location);
    if (target === undefined || this.#redirects >= this.#policy.redirectsMax) {
      this.#breakOff(now, effects, `redirected to ${location ?? "nowhere"}`);
      return;
    }
    this.#leave(effects, "another master leads");
    effects.push({ kind: "abortStream", attempt: this.#attempt });
    this.#redirects += 1;
    this.#url = target;
    this.#open(now, effects);
  }

  #breakOff(now: InstantMs, effects: SessionEffect[], reason: string): void {
    effects.push({ kind: "abortStream", attempt: this.#attempt });
    this.#wait(now, effects, reason);
  }

  /** Between half and the whole of a doubling wait, so that many frameworks don't come back at once. */
  #wait(now: InstantMs, effects: SessionEffect[], reason: string): void {
    this.#leave(effects, reason);
    const { backoffMinMs, backoffMaxMs } = this.#policy;
    const wholeMs = Math.min(backoffMinMs * 2 ** Math.min(this.#failures, 30), backoffMaxMs);
    const waitMs = Math.ceil(wholeMs * (0.5 + this.#random.next() / 2));
    this.#failures += 1;
    this.#redirects = 0;
    // The master that redirected may be gone; the one that was configured knows who leads now.
    this.#url = this.#home ?? this.#url;
    this.#state = { kind: "waiting", until: now + waitMs };
  }

  #leave(effects: SessionEffect[], reason: string): void {
    if (this.#state.kind === "subscribed") effects.push({ kind: "disconnect", reason });
  }

  #refuse(call: OutgoingCall, reason: string, effects: SessionEffect[]): void {
    effects.push({ kind: "refuseCall", call, reason });
  }
}

const isUnderWay = ({ kind }: State): boolean =>
  kind === "opening" || kind === "subscribing" || kind === "subscribed";
