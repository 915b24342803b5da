/** Executors over HTTP: streams of events out, calls in. Source: contract mesos.md section 2.1. */
import { randomUUID } from "node:crypto";
import { type MessageEncoding, mediaTypes, writeMessage } from "#contracts/kernel/encoding.ts";
import type { ExecutorEvent } from "#contracts/kernel/messages.gen.ts";
import {
  type Answer,
  empty,
  encodeRecord,
  type HttpRequest,
  openStream,
  type StreamWriter,
  takeOver,
  text,
} from "#foundation/http/index.ts";
import type { AgentEvent } from "../core/events.ts";
import type { AgentView } from "../core/view.ts";
import { checkExecutorCall } from "./executor-checks.ts";
import type { ExecutorTokens } from "./executor-tokens.ts";

/** An executor's stream, and what its events are written in. */
interface Subscription {
  readonly writer: StreamWriter;
  readonly encoding: MessageEncoding;
}

export interface ExecutorApiOptions {
  /** Undefined while the agent has not read its records. */
  readonly view: () => AgentView | undefined;
  readonly dispatch: (event: AgentEvent) => void;
  /** Absent: executors need not prove who they are. */
  readonly tokens: ExecutorTokens | undefined;
}

export class ExecutorApi {
  readonly #options: ExecutorApiOptions;
  readonly #streams = new Map<string, Subscription>();

  constructor(options: ExecutorApiOptions) {
    this.#options = options;
  }

  handle({ headers, body }: HttpRequest): Answer {
    const { view, dispatch, tokens } = this.#options;
    const claims = tokens?.claimsOf(headers.authorization);
    if (tokens !== undefined && claims === undefined)
      return text("This endpoint wants the token that the executor was started with", 401, {
        "www-authenticate": 'Bearer realm="mesos-agent-executor"',
      });
    const present = view();
    if (present === undefined) return text("Agent has not recovered its state", 503);
    const verdict = checkExecutorCall(
      { contentType: headers["content-type"], accept: headers.accept },
      body,
      {
        isRecovered: present.isRecovered,
        standingOf: (frameworkId, executorId) => {
          const executor = present.executor(frameworkId, executorId);
          if (executor === undefined) return undefined;
          return {
            containerId: executor.spec.containerId,
            isSubscribed: executor.connection !== undefined,
          };
        },
        claims,
      },
    );
    switch (verdict.kind) {
      case "refused":
        return text(verdict.message, verdict.status);
      case "heartbeat":
        return empty(202);
      case "accepted":
        dispatch({ kind: "executorCalled", call: verdict.call });
        return empty(202);
      case "subscribe": {
        const { call, encoding } = verdict;
        return takeOver((response) => {
          const connection = randomUUID();
          const writer = openStream(response, { "content-type": mediaTypes[encoding] });
          this.#streams.set(connection, { writer, encoding });
          writer.onClose((cause) => {
            this.#streams.delete(connection);
            // A stream that the agent itself ended is known to the core.
            if (cause !== "server") dispatch({ kind: "executorDisconnected", connection });
          });
          dispatch({ kind: "executorSubscribed", connection, call });
        });
      }
    }
  }

  send(connection: string, event: ExecutorEvent): void {
    const stream = this.#streams.get(connection);
    stream?.writer.send(encodeRecord(writeMessage("ExecutorEvent", event, stream.encoding)));
  }

  close(connection: string): void {
    this.#streams.get(connection)?.writer.close();
  }

  /** The agent ends; executors notice and come back. */
  closeAll(): void {
    for (const { writer } of this.#streams.values()) writer.close();
  }
}
