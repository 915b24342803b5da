import { TimerQueue } from "#foundation/base/timer-queue.ts";

/** What an agent waits for. Each has one timer by its key. */
export type AgentTimer =
  | { readonly kind: "link" }
  | { readonly kind: "ping" }
  | { readonly kind: "disk" }
  | { readonly kind: "diskQuota" }
  | { readonly kind: "load" }
  | { readonly kind: "resend"; readonly containerId: string }
  | { readonly kind: "resendOperation"; readonly operationUuid: string }
  | { readonly kind: "healthCheck"; readonly containerId: string }
  | { readonly kind: "check"; readonly containerId: string }
  | { readonly kind: "killGrace"; readonly containerId: string }
  /** An executor that has not subscribed, or not again. */
  | { readonly kind: "executorRegistration"; readonly containerId: string }
  | { readonly kind: "executorShutdown"; readonly containerId: string }
  | { readonly kind: "executorHeartbeat"; readonly containerId: string }
  | { readonly kind: "maxCompletion"; readonly containerId: string };

/** Timers of one agent, by what they are for. */
export class AgentTimers {
  readonly queue = new TimerQueue<AgentTimer>();

  set(timer: AgentTimer, at: number): void {
    this.queue.set(keyOf(timer), at, timer);
  }

  cancel(timer: AgentTimer): void {
    this.queue.cancel(keyOf(timer));
  }

  has(timer: AgentTimer): boolean {
    return this.queue.has(keyOf(timer));
  }
}

function keyOf(timer: AgentTimer): string {
  if ("operationUuid" in timer) return `${timer.kind}/${timer.operationUuid}`;
  return "containerId" in timer ? `${timer.kind}/${timer.containerId}` : timer.kind;
}
