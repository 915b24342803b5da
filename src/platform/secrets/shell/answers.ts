/** Refusals of the API, with title, description and code. */
import { STATUS_CODES } from "node:http";
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

export function errorAnswer({
  status,
  code,
  message,
}: {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}): PlainAnswer {
  return json({ title: STATUS_CODES[status] ?? "Error", description: message, code }, status);
}
