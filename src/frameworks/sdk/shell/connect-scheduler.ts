/** Runs a session over HTTP: streams in, calls out. Every decision is in `core/session.ts`. */

import { messageJson } from "#contracts/kernel/json-codec.ts";
import type {
  FrameworkInfo,
  SchedulerCall,
  SchedulerEvent,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import { assertNever } from "#foundation/base/assert.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import type { Random } from "#foundation/base/random.ts";
import {
  createHttpClient,
  type HttpClient,
  type IncomingAnswer,
  type OpenStream,
  RecordDecoder,
} from "#foundation/http/index.ts";
import {
  type Clock,
  createCoreHost,
  nodeTimers,
  systemClock,
  systemRandom,
  type Timers,
} from "#foundation/runtime/index.ts";
import {
  createSession,
  defaultSessionPolicy,
  type OutgoingCall,
  type SessionEffect,
  type SessionEvent,
  type SessionPolicy,
} from "../core/session.ts";
import { CallLanes } from "./call-lanes.ts";
import { readEvents } from "./read-events.ts";

export interface SchedulerOptions {
  /**
   * Any master, such as `http://127.0.0.1:5050`; redirects lead to the leading one. Undefined: none is known before
   * `masterMoved` tells of one.
   */
  readonly masterUrl: string | undefined;
  /** With `id` when the framework had one before. */
  readonly frameworkInfo: FrameworkInfo;
  /**
   * Every event but HEARTBEAT and ERROR, in order, SUBSCRIBED first on each stream. What it returns is awaited
   * only before an automatic acknowledgement.
   */
  readonly onEvent: (event: SchedulerEvent) => void | Promise<void>;
  readonly onDisconnected?: (reason: string) => void;
  /** The master ended it for good: the framework was removed, replaced, or is not valid. */
  readonly onStopped?: (reason: string) => void;
  /** A call that was not made, or that the master refused. Calls are never repeated by the session. */
  readonly onCallFailed?: (call: OutgoingCall, reason: string) => void;
  /**
   * `explicit`: the framework acknowledges updates by calls of its own, once it has stored what they say.
   * `afterHandler`: the session does, once the promise of `onEvent` is kept; one that is broken leaves the update
   * unacknowledged, and it comes again.
   */
  readonly acknowledgement?: "explicit" | "afterHandler";
  /** Tasks the framework believes in. When given, each new stream begins with reconciling these, then all. */
  readonly tasksToReconcile?: () => readonly { readonly taskId: string; readonly agentId?: string }[];
  /** With every call, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly policy?: Partial<SessionPolicy>;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: Random;
  /** A call that has no answer after this long failed. */
  readonly callTimeoutMs?: number;
}

export interface Scheduler {
  /** Makes a call if there is a subscription now; otherwise it fails at once. Nothing is kept for later. */
  call(call: OutgoingCall): void;
  /** Somebody who knows, such as ZooKeeper, says which master leads now; undefined: none. */
  masterMoved(masterUrl: string | undefined): void;
  /** Ends the stream. The master keeps the framework for its failover timeout. */
  close(): Promise<void>;
}

const callTimeoutDefaultMs = 30_000;
/** Of a refusal's body that is kept for the message. */
const refusalTextMax = 1_000;

export function connectScheduler(options: SchedulerOptions): Scheduler {
  return new SchedulerSession(options);
}

class SchedulerSession implements Scheduler {
  readonly #options: SchedulerOptions;
  readonly #http: HttpClient;
  readonly #lanes = new CallLanes();
  readonly #host;
  #stream: { readonly attempt: number; readonly open: OpenStream } | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#http = createHttpClient(options.headers === undefined ? {} : { headers: options.headers });
    this.#host = createCoreHost<SessionEvent, SessionEffect>({
      core: createSession({
        masterUrl: options.masterUrl,
        frameworkInfo: options.frameworkInfo,
        random: options.random ?? systemRandom,
        policy: { ...defaultSessionPolicy, ...options.policy },
      }),
      clock: options.clock ?? systemClock,
      timers: options.timers ?? nodeTimers,
      // A session stores nothing; its framework id is in the hands of the framework.
      storage: { commit: () => Promise.resolve() },
      perform: (effect) => this.#perform(effect),
      onFatal: (error) => options.onStopped?.(errorMessage(error)),
    });
  }

  call(call: OutgoingCall): void {
    this.#host.dispatch({ kind: "callAsked", call });
  }

  masterMoved(masterUrl: string | undefined): void {
    this.#host.dispatch({ kind: "masterMoved", masterUrl });
  }

  async close(): Promise<void> {
    this.#host.dispatch({ kind: "closed" });
    await this.#host.close();
    await this.#http.close();
  }

  #perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case "openStream":
        return this.#open(effect);
      case "abortStream":
        if (this.#stream?.attempt !== effect.attempt) return;
        this.#stream.open.abort();
        this.#stream = undefined;
        return;
      case "sendCall":
        return this.#send(effect);
      case "refuseCall":
        return this.#options.onCallFailed?.(effect.call, effect.reason);
      case "deliver":
        return this.#deliver(effect.event);
      case "disconnect":
        this.#lanes.clear();
        return this.#options.onDisconnected?.(effect.reason);
      case "stop":
        return this.#options.onStopped?.(effect.reason);
      default:
        return assertNever(effect);
    }
  }

  #open({ attempt, url, call }: Extract<SessionEffect, { kind: "openStream" }>): void {
    const decoder = new RecordDecoder();
    const open = this.#http.stream(
      { method: "POST", url, headers: headersFor(undefined), body: messageJson(call) },
      {
        onHead: (status, headers) =>
          this.#host.dispatch({
            kind: "streamOpened",
            attempt,
            status,
            streamId: headerOf(headers, "mesos-stream-id"),
            location: headerOf(headers, "location"),
          }),
        onData: (piece) => this.#read(attempt, decoder, piece),
        onEnd: (cause) => this.#host.dispatch({ kind: "streamEnded", attempt, cause }),
      },
    );
    this.#stream = { attempt, open };
  }

  #read(attempt: number, decoder: RecordDecoder, piece: Buffer): void {
    // What an answer other than a stream carries is no record.
    if (this.#stream?.attempt !== attempt) return;
    const { open } = this.#stream;
    const cause = readEvents("SchedulerEvent", decoder, piece, (event) =>
      this.#host.dispatch({ kind: "streamTold", attempt, event }),
    );
    if (cause === undefined) return;
    this.#host.dispatch({ kind: "streamEnded", attempt, cause });
    open.abort();
  }

  #send(effect: Extract<SessionEffect, { kind: "sendCall" }>): void {
    const { call } = effect;
    const lane = call.type === "ACKNOWLEDGE" ? "acknowledgement" : "ordered";
    const isTaken = this.#lanes.add(lane, () => this.#post(effect));
    if (!isTaken) this.#options.onCallFailed?.(call, "too many calls wait for the master");
  }

  async #post({ attempt, url, streamId, call }: Extract<SessionEffect, { kind: "sendCall" }>): Promise<void> {
    const timeoutMs = this.#options.callTimeoutMs ?? callTimeoutDefaultMs;
    try {
      const answer = await this.#http.send(
        { method: "POST", url, headers: headersFor(streamId), body: messageJson(call) },
        timeoutMs,
      );
      this.#answered(attempt, call, answer);
    } catch (error) {
      this.#options.onCallFailed?.(call, errorMessage(error));
    }
  }

  #answered(attempt: number, call: SchedulerCall, answer: IncomingAnswer): void {
    const body = answer.body.toString("utf8", 0, refusalTextMax);
    if (answer.status >= 300) this.#options.onCallFailed?.(call, `${answer.status} ${body}`);
    this.#host.dispatch({
      kind: "callAnswered",
      attempt,
      status: answer.status,
      location: headerOf(answer.headers, "location"),
      body,
    });
  }

  #deliver(event: SchedulerEvent): void {
    const { onEvent, acknowledgement, tasksToReconcile } = this.#options;
    const handled = onEvent(event);
    if (event.type === "SUBSCRIBED" && tasksToReconcile !== undefined) this.#reconcile(tasksToReconcile());
    const status = event.update?.status;
    if (acknowledgement !== "afterHandler" || status === undefined) return;
    Promise.resolve(handled).then(
      () => this.#acknowledge(status),
      (error: unknown) => {
        const call: OutgoingCall = { type: "ACKNOWLEDGE" };
        this.#options.onCallFailed?.(call, `the handler failed: ${errorMessage(error)}`);
      },
    );
  }

  /** An update without uuid is the master's own word and wants no acknowledgement. */
  #acknowledge({ uuid, agent_id, task_id }: TaskStatus): void {
    if (uuid === undefined || agent_id === undefined) return;
    this.call({ type: "ACKNOWLEDGE", acknowledge: { agent_id, task_id, uuid } });
  }

  #reconcile(tasks: readonly { readonly taskId: string; readonly agentId?: string }[]): void {
    if (tasks.length > 0) {
      this.call({
        type: "RECONCILE",
        reconcile: {
          tasks: tasks.map(({ taskId, agentId }) => ({
            task_id: { value: taskId },
            ...(agentId === undefined ? {} : { agent_id: { value: agentId } }),
          })),
        },
      });
    }
    this.call({ type: "RECONCILE", reconcile: { tasks: [] } });
  }
}

function headersFor(streamId: string | undefined): Readonly<Record<string, string>> {
  return {
    "content-type": "application/json",
    accept: "application/json",
    ...(streamId === undefined ? {} : { "mesos-stream-id": streamId }),
  };
}

function headerOf(headers: IncomingAnswer["headers"], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
