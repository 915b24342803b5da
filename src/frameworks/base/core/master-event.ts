/** What the master's stream says, as cores of frameworks take it. */
import type { Offer, TaskStatus } from "#contracts/kernel/messages.gen.ts";
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
  | { readonly kind: "callFailed"; readonly call: FrameworkCall }
  | { readonly kind: "statusReceived"; readonly status: TaskStatus }
  /** Source: Mesos MESSAGE event; `data` is base64. */
  | {
      readonly kind: "frameworkMessageReceived";
      readonly agentId: string;
      readonly executorId: string;
      readonly data: string;
    }
  /** The framework can't go on: the master says that it was removed. */
  | { readonly kind: "frameworkRefused"; readonly message: string };
