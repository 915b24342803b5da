/** What the master's stream says, as cores of frameworks take it. */
import type { Offer, OperationStatus, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { assertNever } from "#foundation/base/assert.ts";
import type { FrameworkCall } from "./framework-call.ts";

export type MasterEvent =
  /** The stream is up. Offers of earlier streams are void. Source: Mesos SUBSCRIBED. */
  | {
      readonly kind: "subscribed";
      readonly frameworkId: string;
      /** host:port of the master, when it said so. */
      readonly master?: string;
      /** Region of the master's machine, when it has one. */
      readonly region?: string;
    }
  | { readonly kind: "disconnected" }
  | { readonly kind: "offersReceived"; readonly offers: readonly Offer[] }
  | { readonly kind: "offerRescinded"; readonly offerId: string }
  /** A call of the core was not made, or was refused, or nobody knows. Source: `onCallFailed` of the session. */
  | {
      readonly kind: "callFailed";
      readonly call: FrameworkCall;
      /** In the words of the master, or of the session; absent: nobody said. */
      readonly reason?: string;
    }
  | { readonly kind: "statusReceived"; readonly status: TaskStatus }
  /** Of an operation that was given an id. Source: Mesos UPDATE_OPERATION_STATUS. */
  | { readonly kind: "operationStatusReceived"; readonly status: OperationStatus }
  /** Source: Mesos MESSAGE event; `data` is base64. */
  | {
      readonly kind: "frameworkMessageReceived";
      readonly agentId: string;
      readonly executorId: string;
      readonly data: string;
    }
  /** The framework can't go on: the master says that it was removed. */
  | { readonly kind: "frameworkRefused"; readonly message: string };

/** Exit code of a framework that the master has removed. Source: contract marathon.md section 19.3. */
const exitFrameworkRemoved = 110;

/** Ends the process with this exit code. */
export interface StopEffect {
  readonly kind: "stop";
  readonly exitCode: number;
  readonly reason: string;
}

/** What a framework does at each event, where that is its own. */
export interface MasterEventTakers {
  readonly subscribed: (event: EventOf<"subscribed">) => void;
  readonly disconnected: () => void;
  readonly offersReceived: (offers: readonly Offer[]) => void;
  readonly callFailed: (event: EventOf<"callFailed">) => void;
  readonly statusReceived: (status: TaskStatus) => void;
  readonly operationStatusReceived: (status: OperationStatus) => void;
  readonly frameworkMessageReceived: (event: EventOf<"frameworkMessageReceived">) => void;
}

type EventOf<Kind extends MasterEvent["kind"]> = Extract<MasterEvent, { readonly kind: Kind }>;

export function takeMasterEvent(
  turn: { emit(effect: StopEffect): void },
  event: MasterEvent,
  takers: MasterEventTakers,
): void {
  switch (event.kind) {
    case "subscribed":
      return takers.subscribed(event);
    case "disconnected":
      return takers.disconnected();
    case "offersReceived":
      return takers.offersReceived(event.offers);
    case "offerRescinded":
      // Offers are used or declined in the step that brings them; there is nothing to forget.
      return;
    case "callFailed":
      return takers.callFailed(event);
    case "statusReceived":
      return takers.statusReceived(event.status);
    case "operationStatusReceived":
      return takers.operationStatusReceived(event.status);
    case "frameworkMessageReceived":
      return takers.frameworkMessageReceived(event);
    case "frameworkRefused":
      return turn.emit({ kind: "stop", exitCode: exitFrameworkRemoved, reason: event.message });
    default:
      return assertNever(event);
  }
}
