/** Who asks, and what a server asks before it lets a request in. */
import type { IncomingMessage } from "node:http";
import type { PlainAnswer } from "./answer.ts";

/** What a route is for: what is demanded of who asks depends on it. `open`: always let in. */
export type Access = "open" | "read" | "write" | "scheduler" | "executor" | "agent";

export interface ExecutorClaims {
  readonly frameworkId: string;
  readonly executorId: string;
  readonly containerId: string;
}

export type Principal =
  | { readonly kind: "anonymous" }
  /** By a credential, a token of the cluster, or the door's word. */
  | { readonly kind: "named"; readonly name: string }
  /** A daemon of this cluster, on its own behalf. */
  | { readonly kind: "internal" }
  | { readonly kind: "executor"; readonly claims: ExecutorClaims };

export const anonymous: Principal = { kind: "anonymous" };

/** The name of a principal that has one. */
export const nameOf = (principal: Principal): string | undefined =>
  principal.kind === "named" ? principal.name : undefined;

export type GuardVerdict =
  | { readonly kind: "admitted"; readonly principal: Principal }
  | { readonly kind: "refused"; readonly answer: PlainAnswer };

export type Guard = (request: IncomingMessage, access: Access) => Promise<GuardVerdict>;

/** How a refusal travels to where answers are written. */
export class GuardRefused extends Error {
  override readonly name = "GuardRefused";
  readonly answer: PlainAnswer;

  constructor(answer: PlainAnswer) {
    super("the guard refused");
    this.answer = answer;
  }
}
