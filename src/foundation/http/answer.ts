/** What a handler answers, as a value. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** What is in a list is written at once. */
export type BodyPart = Buffer | readonly Buffer[];
export type Body = string | Buffer | AsyncIterable<BodyPart>;

export interface PlainAnswer {
  readonly kind: "plain";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

/** The handler writes the response itself, such as a stream that stays open. */
export interface TakenAnswer {
  readonly kind: "taken";
  readonly take: (response: ServerResponse, request: IncomingMessage) => void;
}

export type Answer = PlainAnswer | TakenAnswer;

export function json(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): PlainAnswer {
  return {
    kind: "plain",
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(value),
  };
}

export function text(
  body: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): PlainAnswer {
  return {
    kind: "plain",
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
    body,
  };
}

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): PlainAnswer {
  return { kind: "plain", status, headers, body: "" };
}

/** A large body in parts; nothing is joined, and a slow reader slows the making of it. */
export function parts(body: AsyncIterable<BodyPart>, headers: Readonly<Record<string, string>>): PlainAnswer {
  return { kind: "plain", status: 200, headers, body };
}

export function takeOver(take: TakenAnswer["take"]): TakenAnswer {
  return { kind: "taken", take };
}
