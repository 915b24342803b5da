import type { SchedulerCall, SchedulerEvent, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { Boot, Connection, Program } from "../engine/index.ts";
import {
  StrangerCore,
  type StrangerEffect,
  type StrangerEvent,
  type StrangerSettings,
} from "./stranger-core.ts";

/** First frame of a scheduler's stream; the answers are events, or the end of the connection. */
export interface SchedulerSubscribe {
  readonly call: unknown;
}

/** First frame back: the stream is up, under this id. */
export interface SchedulerStreamOpened {
  readonly streamId: string;
}

/** A call beside the stream. The answer is a status code as HTTP's. */
export interface SchedulerCallRequest {
  readonly kind: "schedulerCall";
  readonly streamId: string;
  readonly call: unknown;
}

export const schedulerPurpose = "scheduler";
const callTimeoutMs = 5_000;

/** The stranger's process: its stream and its calls to the master called `masterName`. */
export function strangerProgram(
  boot: Boot<StrangerEvent>,
  settings: StrangerSettings,
  masterName: string,
  watch: { readonly saw: (status: TaskStatus) => void; readonly asked: (call: SchedulerCall) => void },
): Program<StrangerEvent, StrangerEffect> {
  let stream: Connection | undefined;
  let streamId: string | undefined;
  let waiting: SchedulerCallRequest[] = [];
  let isCalling = false;

  const broken = (): void => {
    stream?.close();
    stream = undefined;
    streamId = undefined;
    waiting = [];
    boot.dispatch({ kind: "streamBroken" });
  };

  // One call at a time, as on one HTTP connection: the master sees them in order.
  const callNext = (): void => {
    const request = waiting.shift();
    isCalling = request !== undefined;
    if (request === undefined) return;
    boot.call(masterName, request, callTimeoutMs, (result) => {
      // Whether a call that got no answer was taken is unknown: subscribing again voids the old offers.
      const isTaken = result.kind === "answered" && (result.body as { status: number }).status === 202; // ours
      if (!isTaken && request.streamId === streamId) broken();
      callNext();
    });
  };

  const subscribe = (call: unknown): void => {
    stream?.close();
    const opened = boot.connect(masterName, schedulerPurpose);
    stream = opened;
    streamId = undefined;
    const isCurrent = (): boolean => stream === opened;
    opened.onOpen = () => opened.send({ call } satisfies SchedulerSubscribe);
    opened.onFrame = (frame) => {
      if (!isCurrent()) return;
      if (streamId === undefined) {
        streamId = (frame as SchedulerStreamOpened).streamId; // our master adapter's
        return;
      }
      const event = frame as SchedulerEvent; // our master adapter's
      if (event.update !== undefined) watch.saw(event.update.status);
      boot.dispatch({ kind: "eventReceived", event });
    };
    opened.onClose = () => {
      if (isCurrent()) broken();
    };
  };

  return {
    core: new StrangerCore(settings, boot.records, boot.now()),
    perform: (effect) => {
      if (effect.kind === "subscribe") {
        subscribe(effect.call);
        return;
      }
      if (streamId === undefined) return;
      watch.asked(effect.call);
      waiting.push({ kind: "schedulerCall", streamId, call: effect.call });
      if (!isCalling) callNext();
    },
  };
}
