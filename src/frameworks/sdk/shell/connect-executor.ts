/** Runs an executor's session over HTTP: streams in, calls out. Every decision is in `core/executor-session.ts`. */
import type { ExecutorEvent } from "#contracts/kernel/messages.gen.ts";
import { assertNever } from "#foundation/base/assert.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import type { Random } from "#foundation/base/random.ts";
import { createHttpClient, type HttpClient, type OpenStream, RecordDecoder } from "#foundation/http/index.ts";
import {
  type Clock,
  createCoreHost,
  nodeTimers,
  systemClock,
  systemRandom,
  type Timers,
} from "#foundation/runtime/index.ts";
import {
  defaultExecutorPolicy,
  type ExecutorPolicy,
  ExecutorSession,
  type ExecutorSessionEffect,
  type ExecutorSessionEvent,
  type OutgoingStatus,
} from "../core/executor-session.ts";
import { CallLanes } from "./call-lanes.ts";
import { readExecutorEnvironment } from "./executor-environment.ts";
import { readEvents } from "./read-events.ts";

export interface ExecutorOptions {
  /** Where the agent says who this executor is and where the agent answers; `process.env` when not given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Every event but HEARTBEAT, ACKNOWLEDGED and ERROR, in order, SUBSCRIBED first on each stream. */
  readonly onEvent: (event: ExecutorEvent) => void;
  readonly onDisconnected?: (reason: string) => void;
  /** The agent ended it or stayed away for too long: end all tasks, then this process. */
  readonly onStopped?: (reason: string) => void;
  /** An update or a message that will not arrive. */
  readonly onRefused?: (what: "UPDATE" | "MESSAGE", reason: string) => void;
  readonly policy?: Partial<ExecutorPolicy>;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: Random;
  /** A call that has no answer after this long failed. */
  readonly callTimeoutMs?: number;
}

export interface Executor {
  /** Tells the state of a task. It is told again until the agent has taken it. */
  update(status: OutgoingStatus): void;
  /** To the framework's scheduler, at best effort: only while there is a subscription. */
  message(data: Uint8Array): void;
  /** Ends the stream, once the calls under way have their answers. */
  close(): Promise<void>;
}

const executorPath = "/api/v1/executor";
const callTimeoutDefaultMs = 30_000;
/** Of a refusal's body that is kept for the message. */
const refusalTextMax = 1_000;

/** Throws `Error` naming the variable when the environment is not that of an executor. */
export function connectExecutor(options: ExecutorOptions): Executor {
  return new ConnectedExecutor(options);
}

class ConnectedExecutor implements Executor {
  readonly #options: ExecutorOptions;
  readonly #http: HttpClient = createHttpClient();
  readonly #lanes = new CallLanes();
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #host;
  #stream: { readonly attempt: number; readonly open: OpenStream } | undefined;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    const { agentUrl, identity, token, policy } = readExecutorEnvironment(options.environment ?? process.env);
    this.#url = new URL(executorPath, agentUrl).href;
    this.#headers = {
      "content-type": "application/json",
      accept: "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    this.#host = createCoreHost<ExecutorSessionEvent, ExecutorSessionEffect>({
      core: new ExecutorSession({
        identity,
        random: options.random ?? systemRandom,
        policy: { ...defaultExecutorPolicy, ...policy, ...options.policy },
      }),
      clock: options.clock ?? systemClock,
      timers: options.timers ?? nodeTimers,
      // What the agent has not taken lives as long as the tasks do: in this process.
      storage: { commit: () => Promise.resolve() },
      perform: (effect) => this.#perform(effect),
      onFatal: (error) => options.onStopped?.(errorMessage(error)),
    });
  }

  update(status: OutgoingStatus): void {
    this.#host.dispatch({ kind: "updateAsked", status });
  }

  message(data: Uint8Array): void {
    this.#host.dispatch({ kind: "messageAsked", data: Buffer.from(data).toString("base64") });
  }

  async close(): Promise<void> {
    await this.#lanes.idle();
    this.#host.dispatch({ kind: "closed" });
    await this.#host.close();
    await this.#http.close();
  }

  #perform(effect: ExecutorSessionEffect): void {
    switch (effect.kind) {
      case "openStream":
        return this.#open(effect);
      case "abortStream":
        if (this.#stream?.attempt !== effect.attempt) return;
        this.#stream.open.abort();
        this.#stream = undefined;
        return;
      case "sendCall":
        // One after the other: the states of a task are told in their order.
        if (!this.#lanes.add("ordered", () => this.#post(effect)))
          this.#options.onRefused?.("UPDATE", "too many calls wait for the agent");
        return;
      case "refuse":
        return this.#options.onRefused?.(effect.what, effect.reason);
      case "deliver":
        return this.#options.onEvent(effect.event);
      case "disconnect":
        this.#lanes.clear();
        return this.#options.onDisconnected?.(effect.reason);
      case "stop":
        return this.#options.onStopped?.(effect.reason);
      default:
        return assertNever(effect);
    }
  }

  #open({ attempt, call }: Extract<ExecutorSessionEffect, { kind: "openStream" }>): void {
    const decoder = new RecordDecoder();
    const open = this.#http.stream(
      { method: "POST", url: this.#url, headers: this.#headers, body: JSON.stringify(call) },
      {
        onHead: (status) => this.#host.dispatch({ kind: "streamOpened", attempt, status }),
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
    const cause = readEvents("ExecutorEvent", decoder, piece, (event) =>
      this.#host.dispatch({ kind: "streamTold", attempt, event }),
    );
    if (cause === undefined) return;
    this.#host.dispatch({ kind: "streamEnded", attempt, cause });
    open.abort();
  }

  async #post({ attempt, call }: Extract<ExecutorSessionEffect, { kind: "sendCall" }>): Promise<void> {
    const request = { method: "POST", url: this.#url, headers: this.#headers, body: JSON.stringify(call) };
    try {
      const timeoutMs = this.#options.callTimeoutMs ?? callTimeoutDefaultMs;
      const { status, body } = await this.#http.send(request, timeoutMs);
      const text = body.toString("utf8", 0, refusalTextMax);
      this.#host.dispatch({ kind: "callAnswered", attempt, call, status, body: text });
    } catch (error) {
      const body = errorMessage(error);
      this.#host.dispatch({ kind: "callAnswered", attempt, call, status: undefined, body });
    }
  }
}
