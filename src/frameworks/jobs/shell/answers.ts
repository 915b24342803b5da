/** Core results and failures as Metronome's answers. Source: contract metronome.md section 1. */
import { ArgumentInvalid, DefinitionInvalid, ShapeInvalid } from "#domain/definitions/index.ts";
import { objectNotValid } from "#domain/jobs/index.ts";
import { assertNever } from "#foundation/base/assert.ts";
import { CodedError, errorMessage } from "#foundation/base/errors.ts";
import { type Failure, json, type PlainAnswer, parseJson } from "#foundation/http/index.ts";
import { type Refusal, reasonOf } from "../core/index.ts";

/** A refusal of the core, on its way to the answer. */
export class RequestRefused extends Error {
  override readonly name = "RequestRefused";
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(reasonOf(refusal));
    this.refusal = refusal;
  }
}

/** What is wrong with a request before anybody looks at what it wants. */
export class RequestMalformed extends Error {
  override readonly name = "RequestMalformed";
  readonly status: 400 | 404 | 415;
  constructor(message: string, status: 400 | 404 | 415 = 400) {
    super(message);
    this.status = status;
  }
}

export const jobUnknown = (id: string): RequestRefused =>
  new RequestRefused({ code: "JobUnknown", jobId: id });

/** The body as JSON. Throws `RequestMalformed`. */
export function readBody(request: {
  readonly body: Buffer;
  readonly headers: { readonly "content-type"?: string | undefined };
}): unknown {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/json" && type !== "text/json")
    throw new RequestMalformed("Expecting text/json or application/json body", 415);
  if (request.body.length === 0) throw new RequestMalformed("Invalid Json: the body is empty");
  try {
    return parseJson(request.body);
  } catch (error) {
    throw new RequestMalformed(`Invalid Json: ${errorMessage(error)}`);
  }
}

/** The answer for anything thrown that is the client's to mend; undefined for what is ours. */
export function answerFor(error: unknown, path: string): PlainAnswer | undefined {
  if (error instanceof RequestRefused) return refusalAnswer(error.refusal);
  if (error instanceof ShapeInvalid || error instanceof DefinitionInvalid)
    return json(objectNotValid(error.details), 422);
  if (error instanceof RequestMalformed) return clientError(error.message, error.status, path);
  if (error instanceof ArgumentInvalid) return clientError(error.message, 400, path);
  if (error instanceof CodedError && error.code === "Overloaded")
    return json({ message: error.message }, 503);
  return undefined;
}

function refusalAnswer(refusal: Refusal): PlainAnswer {
  const message = reasonOf(refusal);
  switch (refusal.code) {
    case "JobUnknown":
      return json({ id: refusal.jobId, message }, 404);
    case "ScheduleUnknown":
      return json({ id: refusal.scheduleId, message }, 404);
    case "RunUnknown":
      return json({ jobSpec: refusal.jobId, id: refusal.runId, message }, 404);
    case "JobExists":
    case "ScheduleExists":
    case "OneScheduleOnly":
    case "RunsActive":
    case "NeededByOthers":
      return json({ message }, 409);
    case "DependenciesInvalid":
      return json({ message }, 422);
    case "TooManyJobs":
    case "TooManyRuns":
      return json({ message }, 503);
    default:
      return assertNever(refusal);
  }
}

const clientError = (message: string, status: number, path: string): PlainAnswer =>
  json({ message: escaped(message), requestPath: escaped(path) }, status);

export const internalError = (path: string): PlainAnswer => json({ requestPath: escaped(path) }, 500);

/** Failures of the server itself, such as unknown routes and bodies that are too large. */
export function shapeFailure({ status, message, code }: Failure, path: string): PlainAnswer {
  if (status >= 500 && code === "Internal") return internalError(path);
  // A method that is not there is a route that is not there.
  return clientError(message, code === "MethodNotAllowed" ? 404 : status, path);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#x27;",
};
/** Somebody may look at it with a browser. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => entities[letter] ?? letter);
