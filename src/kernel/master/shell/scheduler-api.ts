/** Frameworks over HTTP: streams of events out, calls in. */
import { randomUUID } from "node:crypto";
import { type MessageEncoding, mediaTypes, writeMessage } from "#contracts/kernel/encoding.ts";
import type {
  SchedulerCall,
  SchedulerCallUpdateFramework,
  SchedulerEvent,
} from "#contracts/kernel/messages.gen.ts";
import {
  type Answer,
  defaultStreamBounds,
  empty,
  encodeRecord,
  type HttpRequest,
  nameOf,
  openStream,
  type StreamWriter,
  takeOver,
  text,
} from "#foundation/http/index.ts";
import { denial, type MasterEvent, type MasterState, roleNeeds } from "../core/index.ts";
import { checkCall, type FrameworkStanding } from "./scheduler-checks.ts";

/** A subscription: its stream, and what its events are written in. */
interface Subscription {
  readonly writer: StreamWriter;
  readonly encoding: MessageEncoding;
}

/** A framework that asks for each of 100,000 tasks and then for all is told some 80 MiB, which it reads in a few seconds. */
const streamBounds = { ...defaultStreamBounds, burst: { bytesMax: 134_217_728, forMs: 10_000 } };

type CallSeen = (call: SchedulerCall, frameworkId: string | undefined) => void;

/** Answers what is wrong with the update, if something is. */
type UpdateAsked = (frameworkId: string, update: SchedulerCallUpdateFramework) => Promise<string | undefined>;

export class SchedulerApi {
  readonly #state: MasterState;
  readonly #dispatch: (event: MasterEvent) => void;
  readonly #streams = new Map<string, Subscription>();
  readonly #onCall: CallSeen;
  readonly #update: UpdateAsked;

  constructor(options: {
    readonly state: MasterState;
    readonly dispatch: (event: MasterEvent) => void;
    /** For the counters of calls. */
    readonly onCall: CallSeen;
    readonly update: UpdateAsked;
  }) {
    this.#state = options.state;
    this.#dispatch = options.dispatch;
    this.#onCall = options.onCall;
    this.#update = options.update;
  }

  handle({ headers, body, principal }: HttpRequest): Answer | Promise<Answer> {
    const streamId = headers["mesos-stream-id"];
    const verdict = checkCall(
      {
        contentType: headers["content-type"],
        accept: headers.accept,
        streamId: Array.isArray(streamId) ? streamId[0] : streamId,
        principal: nameOf(principal),
      },
      body,
      (frameworkId) => this.#standing(frameworkId),
    );
    switch (verdict.kind) {
      case "refused":
        return text(verdict.message, verdict.status);
      case "subscribe": {
        const { encoding, call } = verdict;
        const { framework_id: id } = call;
        const subscribe = withPrincipal(call.subscribe, nameOf(principal));
        if (subscribe === undefined) return text("Expecting 'subscribe' to be present", 400);
        this.#onCall(call, id?.value);
        return takeOver((response) => {
          const connection = randomUUID();
          const writer = openStream(
            response,
            { "content-type": mediaTypes[encoding], "mesos-stream-id": connection },
            streamBounds,
          );
          this.#streams.set(connection, { writer, encoding });
          writer.onClose((cause) => {
            this.#streams.delete(connection);
            // A stream the master itself ended is known to the core.
            if (cause !== "server") this.#dispatch({ kind: "schedulerDisconnected", connection });
          });
          this.#dispatch({
            kind: "schedulerSubscribed",
            connection,
            subscribe,
            ...(principal.kind === "internal" ? { isOwn: true } : {}),
            ...(id === undefined ? {} : { frameworkId: id.value }),
          });
        });
      }
      case "accepted":
        this.#onCall(verdict.call, verdict.frameworkId);
        if (verdict.call.update_framework !== undefined && verdict.call.type === "UPDATE_FRAMEWORK")
          return this.#updateFramework(
            verdict.frameworkId,
            withPrincipal(verdict.call.update_framework, nameOf(principal)),
          );
        this.#dispatch({ kind: "schedulerCalled", frameworkId: verdict.frameworkId, call: verdict.call });
        return empty(202);
    }
  }

  async #updateFramework(frameworkId: string, update: SchedulerCallUpdateFramework): Promise<Answer> {
    const { principal, roles, role = "*" } = update.framework_info;
    const isOwn = this.#state.frameworks.get(frameworkId)?.isOwn === true;
    const denied = isOwn ? undefined : denial(this.#state.authorizer, principal, roleNeeds(roles ?? [role]));
    if (denied !== undefined) return text(denied, 403);
    const problem = await this.#update(frameworkId, update);
    return problem === undefined ? empty(200) : text(problem, 400);
  }

  send(connection: string, event: SchedulerEvent): void {
    const stream = this.#streams.get(connection);
    stream?.writer.send(encodeRecord(writeMessage("SchedulerEvent", event, stream.encoding)));
  }

  close(connection: string): void {
    this.#streams.get(connection)?.writer.close();
  }

  closeAll(): void {
    for (const { writer } of this.#streams.values()) writer.close();
  }

  #standing(frameworkId: string): FrameworkStanding {
    const framework = this.#state.frameworks.get(frameworkId);
    if (framework === undefined) return { kind: "unknown" };
    const { connection } = framework;
    const { principal } = framework.info;
    return connection === undefined
      ? { kind: "disconnected", principal }
      : { kind: "connected", principal, streamId: connection };
  }
}

/** What a framework leaves unsaid of its principal, its credential says. */
function withPrincipal<Call extends SchedulerCallUpdateFramework | undefined>(
  call: Call,
  principal: string | undefined,
): Call {
  if (call === undefined || principal === undefined) return call;
  return { ...call, framework_info: { principal, ...call.framework_info } };
}
