/** Refusals of the API, with title, description and code. */
import { json, type PlainAnswer } from "#foundation/http/index.ts";

export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  406: "Not Acceptable",
  409: "Conflict",
  413: "Payload Too Large",
  501: "Not Implemented",
  507: "Insufficient Storage",
};

export function errorAnswer({
  status,
  code,
  message,
}: {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}): PlainAnswer {
  return json({ title: titles[status] ?? "Error", description: message, code }, status);
}
