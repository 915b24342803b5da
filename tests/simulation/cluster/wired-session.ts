/** The session of one of our frameworks with the master, wired as its daemon wires it; what the framework is stays open. */
import type { FrameworkInfo, SchedulerEvent, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { Core } from "#foundation/base/core.ts";
import type { MasterEvent } from "#frameworks/base/core/master-event.ts";
import {
  createSession,
  type OutgoingCall,
  type SessionEffect,
  type SessionEvent,
} from "#frameworks/sdk/core/session.ts";
import type { Boot, Connection } from "../engine/index.ts";
import {
  type SchedulerCallRequest,
  type SchedulerStreamOpened,
  type SchedulerSubscribe,
  schedulerPurpose,
} from "./stranger-program.ts";

export interface SessionPorts {
  readonly masterName: string;
  readonly frameworkInfo: FrameworkInfo;
  /** Sees every update that arrives. */
  readonly saw: (status: TaskStatus) => void;
  readonly toSession: (event: SessionEvent) => void;
  readonly toFramework: (event: MasterEvent) => void;
}

export interface WiredSession {
  readonly core: Core<SessionEvent, SessionEffect>;
  perform(effect: SessionEffect): void;
}

const callTimeoutMs = 30_000;

type SendCall = Extract<SessionEffect, { kind: "sendCall" }>;

export function wiredSession<Event>(
  boot: Pick<Boot<Event>, "connect" | "call" | "random">,
  ports: SessionPorts,
): WiredSession {
  const { toSession, toFramework } = ports;
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
        if (status >= 300) toFramework({ kind: "callFailed", call: call as OutgoingCall });
        const body = status === 400 ? "The stream id is not known" : "";
        toSession({ kind: "callAnswered", attempt, status, location: undefined, body });
      } else toFramework({ kind: "callFailed", call: call as OutgoingCall });
      callNext();
    });
  };

  const perform = (effect: SessionEffect): void => {
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
        return toFramework({ kind: "callFailed", call: effect.call });
      case "deliver":
        if (effect.event.update !== undefined) ports.saw(effect.event.update.status);
        for (const event of masterEvents(effect.event)) toFramework(event);
        return;
      case "disconnect":
        waiting = [];
        return toFramework({ kind: "disconnected" });
      case "stop":
        return toFramework({ kind: "frameworkRefused", message: effect.reason });
    }
  };

  const core = createSession({
    masterUrl: `http://${ports.masterName}:5050`,
    frameworkInfo: ports.frameworkInfo,
    random: boot.random,
  });
  return { core, perform };
}

/** An event of the master's stream in the words of a core of ours. */
function masterEvents(event: SchedulerEvent): readonly MasterEvent[] {
  const { subscribed, offers, rescind, update, update_operation_status: operation } = event;
  const events: MasterEvent[] = [];
  if (subscribed !== undefined) {
    events.push({ kind: "subscribed", frameworkId: subscribed.framework_id.value });
  }
  if (offers !== undefined) events.push({ kind: "offersReceived", offers: offers.offers ?? [] });
  if (rescind !== undefined) events.push({ kind: "offerRescinded", offerId: rescind.offer_id.value });
  if (update !== undefined) events.push({ kind: "statusReceived", status: update.status });
  if (operation !== undefined) events.push({ kind: "operationStatusReceived", status: operation.status });
  return events;
}
