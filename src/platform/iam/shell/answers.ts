/** The shapes of the IAM API: errors with title, description and code, and what it demands of a request's headers. */
import { STATUS_CODES } from "node:http";
import { CodedError } from "#foundation/base/errors.ts";
import { type HttpRequest, json, type PlainAnswer, type Route } from "#foundation/http/index.ts";

/** What routes are added to. */
export interface Routes {
  route(route: Route): void;
}

/** A refusal in the API's own words. */
export class IamRefused extends Error {
  override readonly name = "IamRefused";
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function errorAnswer(
  status: number,
  code: string,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): PlainAnswer {
  return json({ title: STATUS_CODES[status] ?? "Error", description, code }, status, headers);
}

/** Throws 406 unless JSON may be answered. */
export function demandJsonAccepted({ headers }: HttpRequest): void {
  const accept = headers.accept;
  if (accept === undefined || accept.trim() === "") return;
  const takes = accept
    .split(",")
    .map((range) => range.split(";")[0]?.trim().toLowerCase())
    .some((type) => type === "*/*" || type === "application/*" || type === "application/json");
  if (!takes) throw new IamRefused(406, "ERR_NOT_ACCEPTABLE", "answers are application/json");
}

/** Throws 400 without a content type, 415 for another than JSON. */
export function demandJsonBody({ headers }: HttpRequest): void {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type === undefined || type === "")
    throw new IamRefused(400, "ERR_MISSING_CONTENT_TYPE", "Content-Type: application/json is wanted");
  if (type !== "application/json")
    throw new IamRefused(415, "ERR_CONTENT_TYPE", `the body is ${type.slice(0, 100)}, not application/json`);
}

export const noStore = {
  "cache-control": "no-cache, no-store, must-revalidate",
  pragma: "no-cache",
  expires: "0",
};

/** The same routes, whose refusals are answered in the shape of the API they belong to. */
export function withRefusals(routes: Routes): Routes {
  return {
    route: (route) =>
      routes.route({
        ...route,
        handler: async (request) => {
          try {
            return await route.handler(request);
          } catch (error) {
            const refusal = refusalOf(error);
            if (refusal === undefined) throw error;
            const { status, code, message, headers } = refusal;
            return request.path.startsWith("/keelson/")
              ? json({ code: status === 401 ? "Unauthorized" : "Forbidden", message }, status, headers)
              : errorAnswer(status, code, message, headers);
          }
        },
      }),
  };
}

/** A key that can't be read is found out deep below, and is the client's all the same. */
function refusalOf(error: unknown): IamRefused | undefined {
  if (error instanceof IamRefused) return error;
  if (error instanceof CodedError && error.code === "ERR_INVALID_PUBLIC_KEY")
    return new IamRefused(400, error.code, error.message);
  return undefined;
}
