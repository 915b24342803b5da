/**
 * The session of a custom executor with its agent, as a machine: when to subscribe, which updates and tasks the agent
 * has not taken yet and must be told again, when to give up.
 *
 * States go round: waiting -> opening -> subscribing -> subscribed -> waiting. An ERROR of the agent, an agent that stays
 * away for too long, and `close` end it. Each attempt has a number; whatever an earlier attempt still says is not heard.
 * Source: Mesos v1 executor API (contract mesos.md section 2.1).
 */
import type {
  ExecutorCall,
  ExecutorCallUpdate,
  ExecutorEvent,
  TaskInfo,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import { assertNever } from "#foundation/base/assert.ts";
import { type Core, type InstantMs, noOutcome, type Outcome } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import type { Random } from "#foundation/base/random.ts";
import { uuidToBase64 } from "#foundation/base/uuid.ts";

export interface ExecutorPolicy {
  /** The first wait before subscribing again; each further one is twice as long. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** How long an agent may be away; 0 when its framework doesn't checkpoint: then the executor ends with its agent. */
  readonly recoveryTimeoutMs: number;
  /** Until SUBSCRIBED must have come. */
  readonly subscribeTimeoutMs: number;
  /** Updates that may wait for the agent; one more is refused. */
  readonly unacknowledgedMax: number;
}

export const defaultExecutorPolicy: ExecutorPolicy = {
  backoffMinMs: 100,
  backoffMaxMs: 2_000,
  recoveryTimeoutMs: 0,
  subscribeTimeoutMs: 30_000,
  unacknowledgedMax: 10_000,
};

/** What an executor says of a task; the session adds uuid and source, the agent the rest. */
export type OutgoingStatus = Omit<TaskStatus, "uuid" | "source" | "executor_id" | "agent_id">;

export type ExecutorSessionEvent =
  | { readonly kind: "streamOpened"; readonly attempt: number; readonly status: number }
  | { readonly kind: "streamTold"; readonly attempt: number; readonly event: ExecutorEvent }
  | { readonly kind: "streamEnded"; readonly attempt: number; readonly cause: string }
  | { readonly kind: "updateAsked"; readonly status: OutgoingStatus }
  /** `data` in base64. */
  | { readonly kind: "messageAsked"; readonly data: string }
  | {
      readonly kind: "callAnswered";
      readonly attempt: number;
      readonly call: ExecutorCall;
      /** Undefined when no answer came. */
      readonly status: number | undefined;
      readonly body: string;
    }
  | { readonly kind: "closed" };

export type ExecutorSessionEffect =
  | { readonly kind: "openStream"; readonly attempt: number; readonly call: ExecutorCall }
  | { readonly kind: "abortStream"; readonly attempt: number }
  | { readonly kind: "sendCall"; readonly attempt: number; readonly call: ExecutorCall }
  | { readonly kind: "refuse"; readonly what: "UPDATE" | "MESSAGE"; readonly reason: string }
  | { readonly kind: "deliver"; readonly event: ExecutorEvent }
  | { readonly kind: "disconnect"; readonly reason: string }
  /** It will not come back: the executor ends its tasks and itself. */
  | { readonly kind: "stop"; readonly reason: string };

type State = "waiting" | "opening" | "subscribing" | "subscribed" | "stopped";

export interface ExecutorIdentity {
  readonly frameworkId: string;
  readonly executorId: string;
}

export class ExecutorSession implements Core<ExecutorSessionEvent, ExecutorSessionEffect> {
  readonly #identity: Pick<ExecutorCall, "framework_id" | "executor_id">;
  readonly #random: Random;
  readonly #policy: ExecutorPolicy;
  #state: State = "waiting";
  /** When the present state ends by itself. */
  #until: InstantMs = 0;
  #attempt = 0;
  #failures = 0;
  /** Since when there is no subscription; undefined before the first and while there is one. */
  #lostAt: InstantMs | undefined;
  readonly #tasks = new Map<string, TaskInfo>();
  readonly #updates = new Map<string, ExecutorCallUpdate>();
  /** Updates that the present subscription carries. */
  #carried: ReadonlySet<string> = new Set();

  constructor(options: {
    readonly identity: ExecutorIdentity;
    readonly random: Random;
    readonly policy: ExecutorPolicy;
  }) {
    this.#identity = {
      framework_id: { value: options.identity.frameworkId },
      executor_id: { value: options.identity.executorId },
    };
    this.#random = options.random;
    this.#policy = options.policy;
  }

  apply(event: ExecutorSessionEvent, now: InstantMs): Outcome<ExecutorSessionEffect> {
    const effects: ExecutorSessionEffect[] = [];
    this.#take(event, now, effects);
    return effects.length === 0 ? noOutcome() : { writes: [], effects };
  }

  wakeAt(): InstantMs | undefined {
    return this.#state === "stopped" || this.#state === "subscribed" ? undefined : this.#until;
  }

  wake(now: InstantMs): Outcome<ExecutorSessionEffect> {
    if ((this.wakeAt() ?? Number.POSITIVE_INFINITY) > now) return noOutcome();
    const effects: ExecutorSessionEffect[] = [];
    if (this.#state === "waiting") this.#open(now, effects);
    else this.#breakOff(now, effects, `no subscription within ${this.#policy.subscribeTimeoutMs} ms`);
    return { writes: [], effects };
  }

  snapshot(): JsonValue {
    return {
      state: this.#state,
      attempt: this.#attempt,
      tasks: [...this.#tasks.keys()],
      updates: [...this.#updates.keys()],
    };
  }

  check(): readonly string[] {
    return this.#updates.size > this.#policy.unacknowledgedMax ? ["more updates wait than may"] : [];
  }

  #take(event: ExecutorSessionEvent, now: InstantMs, effects: ExecutorSessionEffect[]): void {
    if (this.#state === "stopped") {
      if (event.kind === "updateAsked" || event.kind === "messageAsked") {
        const what = event.kind === "updateAsked" ? "UPDATE" : "MESSAGE";
        effects.push({ kind: "refuse", what, reason: "the session has ended" });
      }
      return;
    }
    switch (event.kind) {
      case "streamOpened":
        if (event.attempt !== this.#attempt || this.#state !== "opening") return;
        if (event.status === 200) this.#state = "subscribing";
        else this.#breakOff(now, effects, `the agent answered SUBSCRIBE with status ${event.status}`);
        return;
      case "streamTold":
        if (event.attempt === this.#attempt) this.#told(event.event, effects);
        return;
      case "streamEnded":
        if (event.attempt === this.#attempt && this.#state !== "waiting")
          this.#wait(now, effects, event.cause);
        return;
      case "updateAsked":
        return this.#update(event.status, effects);
      case "messageAsked":
        if (this.#state === "subscribed")
          this.#send({ type: "MESSAGE", message: { data: event.data } }, effects);
        else effects.push({ kind: "refuse", what: "MESSAGE", reason: "not subscribed" });
        return;
      case "callAnswered":
        return this.#answered(event, now, effects);
      case "closed":
        effects.push({ kind: "abortStream", attempt: this.#attempt });
        this.#state = "stopped";
        return;
      default:
        return assertNever(event);
    }
  }

  #open(now: InstantMs, effects: ExecutorSessionEffect[]): void {
    this.#attempt += 1;
    this.#state = "opening";
    this.#until = now + this.#policy.subscribeTimeoutMs;
    this.#carried = new Set(this.#updates.keys());
    effects.push({
      kind: "openStream",
      attempt: this.#attempt,
      call: {
        ...this.#identity,
        type: "SUBSCRIBE",
        subscribe: {
          unacknowledged_tasks: [...this.#tasks.values()],
          unacknowledged_updates: [...this.#updates.values()],
        },
      },
    });
  }

  #told(event: ExecutorEvent, effects: ExecutorSessionEffect[]): void {
    if (this.#state !== "subscribing" && this.#state !== "subscribed") return;
    switch (event.type) {
      case "SUBSCRIBED":
        this.#state = "subscribed";
        this.#failures = 0;
        this.#lostAt = undefined;
        effects.push({ kind: "deliver", event });
        for (const [uuid, update] of this.#updates)
          if (!this.#carried.has(uuid)) this.#send({ type: "UPDATE", update }, effects);
        return;
      case "ERROR":
        effects.push({ kind: "abortStream", attempt: this.#attempt });
        this.#stop(effects, event.error?.message ?? "the agent gave no reason");
        return;
      case "HEARTBEAT":
        return;
      case "ACKNOWLEDGED":
        if (event.acknowledged === undefined) return;
        this.#updates.delete(event.acknowledged.uuid);
        this.#tasks.delete(event.acknowledged.task_id.value);
        return;
      default:
        for (const task of launchedBy(event)) this.#tasks.set(task.task_id.value, task);
        effects.push({ kind: "deliver", event });
    }
  }

  #update(status: OutgoingStatus, effects: ExecutorSessionEffect[]): void {
    if (this.#updates.size >= this.#policy.unacknowledgedMax) {
      effects.push({ kind: "refuse", what: "UPDATE", reason: "too many updates wait for the agent" });
      return;
    }
    const uuid = uuidToBase64(this.#random.uuid());
    const { executor_id } = this.#identity;
    const update = { status: { ...status, uuid, source: "SOURCE_EXECUTOR" as const, executor_id } };
    this.#updates.set(uuid, update);
    if (this.#state === "subscribed") this.#send({ type: "UPDATE", update }, effects);
  }

  /** 503 and no answer say that the agent starts again; the next subscription brings what it missed. */
  #answered(
    event: Extract<ExecutorSessionEvent, { kind: "callAnswered" }>,
    now: InstantMs,
    effects: ExecutorSessionEffect[],
  ): void {
    const { call, status } = event;
    if (status !== undefined && status >= 200 && status < 300) return;
    const isPresent = event.attempt === this.#attempt && this.#state === "subscribed";
    if (status === undefined || status === 503) {
      if (isPresent) this.#breakOff(now, effects, "the agent does not answer");
      return;
    }
    const uuid = call.update?.status.uuid;
    if (uuid !== undefined) this.#updates.delete(uuid);
    const what = call.type === "UPDATE" ? "UPDATE" : "MESSAGE";
    effects.push({ kind: "refuse", what, reason: `${status} ${event.body}` });
  }

  #send(call: Pick<ExecutorCall, "type" | "update" | "message">, effects: ExecutorSessionEffect[]): void {
    effects.push({ kind: "sendCall", attempt: this.#attempt, call: { ...this.#identity, ...call } });
  }

  #breakOff(now: InstantMs, effects: ExecutorSessionEffect[], reason: string): void {
    effects.push({ kind: "abortStream", attempt: this.#attempt });
    this.#wait(now, effects, reason);
  }

  #wait(now: InstantMs, effects: ExecutorSessionEffect[], reason: string): void {
    if (this.#state === "subscribed") {
      effects.push({ kind: "disconnect", reason });
      this.#lostAt = now;
    }
    const { recoveryTimeoutMs, backoffMinMs, backoffMaxMs } = this.#policy;
    if (this.#lostAt !== undefined && now - this.#lostAt >= recoveryTimeoutMs) {
      this.#stop(effects, `the agent is away: ${reason}`);
      return;
    }
    const wholeMs = Math.min(backoffMinMs * 2 ** Math.min(this.#failures, 30), backoffMaxMs);
    this.#failures += 1;
    this.#state = "waiting";
    this.#until = now + Math.ceil(wholeMs * (0.5 + this.#random.next() / 2));
  }

  #stop(effects: ExecutorSessionEffect[], reason: string): void {
    this.#state = "stopped";
    effects.push({ kind: "stop", reason });
  }
}

function launchedBy(event: ExecutorEvent): readonly TaskInfo[] {
  if (event.launch !== undefined) return [event.launch.task];
  return event.launch_group?.task_group.tasks ?? [];
}
