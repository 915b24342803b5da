import type { SchedulerEvent, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import {
  createSession,
  type OutgoingCall,
  type SessionEffect,
  type SessionEvent,
} from "#frameworks/sdk/core/session.ts";
import type { ServicesCore, ServicesEffect, ServicesEvent } from "#frameworks/services/core/index.ts";
import type { Boot, Connection, Either, Program } from "../engine/index.ts";
import { pairCores } from "../engine/index.ts";
import {
  type SchedulerCallRequest,
  type SchedulerStreamOpened,
  type SchedulerSubscribe,
  schedulerPurpose,
} from "./stranger-program.ts";

type ProcessEvent = Either<SessionEvent, ServicesEvent>;
type ProcessEffect = Either<SessionEffect, ServicesEffect>;
export type ServicesProcess = { readonly event: ProcessEvent; readonly effect: ProcessEffect };

export interface ServicesPorts {
  readonly masterName: string;
  /** Sees every update that arrives. */
  readonly saw: (status: TaskStatus) => void;
  /** Whether a task answers its health check now. */
  readonly isHealthy: (taskId: string) => boolean;
  /** Gets every answer to a request of the API. */
  readonly onReply: (effect: Extract<ServicesEffect, { kind: "reply" }>) => void;
}

const callTimeoutMs = 30_000;
const probeMs = 10;

type SendCall = Extract<SessionEffect, { kind: "sendCall" }>;

/** Services and its session with the master in one process, wired as the daemon wires them. */
export function servicesProgram(
  boot: Boot<ProcessEvent>,
  core: ServicesCore,
  ports: ServicesPorts,
): Program<ProcessEvent, ProcessEffect> {
  const toSession = (it: SessionEvent): void => boot.dispatch({ of: "first", it });
  const toServices = (it: ServicesEvent): void => boot.dispatch({ of: "second", it });
  const streams = new Map<number, Connection>();
  let waiting: SendCall[] = [];
  let isCalling = false;

  const openStream = (effect: Extract<SessionEffect, { kind: "openStream" }>): void => {
    const { attempt } = effect;
    const stream = boot.connect(ports.masterName, schedulerPurpose);
    streams.set(attempt, stream);
    let isOpened = false;
    stream.onOpen = () => stream.send({ call: effect.call } satisfies SchedulerSubscribe);
    stream.onFrame = (frame) => {
      if (isOpened) {
        toSession({ kind: "streamTold", attempt, event: frame as SchedulerEvent }); // our master adapter's
        return;
      }
      isOpened = true;
      const { streamId } = frame as SchedulerStreamOpened; // our master adapter's
      toSession({ kind: "streamOpened", attempt, status: 200, streamId, location: undefined });
    };
    stream.onClose = () => {
      streams.delete(attempt);
      toSession({ kind: "streamEnded", attempt, cause: "the connection broke" });
    };
  };

  // Calls in order, one at a time; the real session lets acknowledgements overtake.
  const callNext = (): void => {
    const next = waiting.shift();
    isCalling = next !== undefined;
    if (next === undefined) return;
    const { attempt, streamId, call } = next;
    const request: SchedulerCallRequest = { kind: "schedulerCall", streamId, call };
    boot.call(ports.masterName, request, callTimeoutMs, (result) => {
      if (result.kind === "answered") {
        const { status } = result.body as { status: number }; // our master adapter's
        if (status >= 300) toServices({ kind: "callFailed", call: call as OutgoingCall });
        const body = status === 400 ? "The stream id is not known" : "";
        toSession({ kind: "callAnswered", attempt, status, location: undefined, body });
      } else toServices({ kind: "callFailed", call: call as OutgoingCall });
      callNext();
    });
  };

  const performSession = (effect: SessionEffect): void => {
    switch (effect.kind) {
      case "openStream":
        return openStream(effect);
      case "abortStream":
        streams.get(effect.attempt)?.close();
        streams.delete(effect.attempt);
        return;
      case "sendCall":
        waiting.push(effect);
        if (!isCalling) callNext();
        return;
      case "refuseCall":
        return toServices({ kind: "callFailed", call: effect.call });
      case "deliver":
        if (effect.event.update !== undefined) ports.saw(effect.event.update.status);
        for (const event of servicesEvents(effect.event)) toServices(event);
        return;
      case "disconnect":
        waiting = [];
        return toServices({ kind: "disconnected" });
      case "stop":
        return toServices({ kind: "frameworkRefused", message: effect.reason });
    }
  };

  const performServices = (effect: ServicesEffect): void => {
    switch (effect.kind) {
      case "reply":
        return ports.onReply(effect);
      case "call":
        return toSession({ kind: "callAsked", call: effect.call });
      case "publish":
        return;
      case "probe": {
        const { probe } = effect;
        boot.after(probeMs, () => {
          const result = ports.isHealthy(probe.key.taskId)
            ? ({ kind: "success" } as const)
            : ({ kind: "failure", cause: "no answer" } as const);
          toServices({ kind: "probed", probe: probe.key, result });
        });
        return;
      }
      case "askReadiness": {
        const { key } = effect.request;
        boot.after(probeMs, () => {
          const status = ports.isHealthy(key.taskId) ? 200 : 503;
          toServices({ kind: "readinessAnswered", key, answer: { status, contentType: "", body: "" } });
        });
        return;
      }
      case "stop":
        return boot.exit(effect.reason);
    }
  };

  const session = createSession({
    masterUrl: `http://${ports.masterName}:5050`,
    frameworkInfo: core.queries.frameworkInfo(),
    random: boot.random,
  });
  return {
    core: pairCores(session, core),
    perform: (effect) => (effect.of === "first" ? performSession(effect.it) : performServices(effect.it)),
  };
}

/** An event of the master's stream in the words of the services core. */
function servicesEvents({ subscribed, offers, rescind, update }: SchedulerEvent): readonly ServicesEvent[] {
  const events: ServicesEvent[] = [];
  if (subscribed !== undefined) {
    events.push({ kind: "subscribed", frameworkId: subscribed.framework_id.value });
  }
  if (offers !== undefined) events.push({ kind: "offersReceived", offers: offers.offers ?? [] });
  if (rescind !== undefined) events.push({ kind: "offerRescinded", offerId: rescind.offer_id.value });
  if (update !== undefined) events.push({ kind: "statusReceived", status: update.status });
  return events;
}
