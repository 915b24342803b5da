/** Turns anything thrown into sentences — what failed, why, what to do — and into the exit code that says the same. */
import { RequestFailed } from "#clients/client/cluster.ts";
import { type ErrorCode, errorStatus } from "#contracts/errors.ts";
import type { MessageKey, MessageParameters } from "#contracts/messages/messages.ts";
import { CodedError, errorMessage } from "#foundation/base/errors.ts";
import { UsageError } from "./command-line/parse.ts";
import { CommandFailed } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

type Say = (key: MessageKey, parameters?: MessageParameters) => string;

export interface Failure {
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** Nothing is thrown that this has no words for; what is nobody's fault but ours says so. */
export function describeFailure(error: unknown, say: Say): Failure {
  if (error instanceof UsageError) {
    const lines = [
      say(error.key, error.parameters),
      say("usage.seeHelp", { path: error.path, top: error.path === "" ? "yes" : "no" }),
    ];
    return { text: lines.join("\n"), exitCode: exitCodes.usage };
  }
  if (error instanceof CommandFailed) return { text: error.message, exitCode: error.exitCode };
  if (error instanceof RequestFailed) return describeRequest(error, say);
  if (error instanceof CodedError) return describeCoded(error, say);
  if (error instanceof Error && error.name === "NoAnswer")
    return { text: say("cli.noAnswer", { problem: error.message }), exitCode: exitCodes.unreachable };
  return { text: say("cli.bug", { problem: errorMessage(error) }), exitCode: exitCodes.error };
}

function describeRequest(failure: RequestFailed, say: Say): Failure {
  const { status, url, message, body } = failure;
  if (status === 0)
    return { text: say("cli.unreachable", { url, problem: message }), exitCode: exitCodes.unreachable };
  if (status === 401) return { text: say("cli.unauthorized", { url }), exitCode: exitCodes.refused };
  const lines = [say("cli.refused", { problem: message, status }), ...fieldLines(body)];
  if (status === 409 && hasDeployments(body)) lines.push(say("cli.locked"));
  return { text: lines.join("\n"), exitCode: exitCodeOf(status) };
}

function describeCoded(error: CodedError, say: Say): Failure {
  const code = Object.hasOwn(errorStatus, error.code) ? (error.code as ErrorCode) : "Internal";
  const lines = [
    say("cli.refused", { problem: error.message, status: error.code }),
    // One problem is often the message itself.
    ...fieldLines({ details: error.details }).filter((line) => line.trim() !== error.message),
    `  ${say(`remedy.${code}`)}`,
  ];
  return { text: lines.join("\n"), exitCode: exitCodeOf(errorStatus[code]) };
}

/** What an HTTP status means to a script. */
export function exitCodeOf(status: number): ExitCode {
  if (status === 404) return exitCodes.notFound;
  if (status === 502 || status === 503) return exitCodes.unreachable;
  if (status === 504) return exitCodes.timeout;
  return status < 500 ? exitCodes.refused : exitCodes.error;
}

/** `details` as Marathon and our own APIs give them: a text, or paths with what is wrong there. */
function fieldLines(body: unknown): readonly string[] {
  if (typeof body !== "object" || body === null || !("details" in body)) return [];
  const { details } = body;
  if (typeof details === "string") return [`  ${details}`];
  if (!Array.isArray(details)) return [];
  return details.flatMap((detail: unknown) => {
    if (typeof detail !== "object" || detail === null) return [];
    const path = "path" in detail && typeof detail.path === "string" ? detail.path : "/";
    if ("errors" in detail && Array.isArray(detail.errors)) return [`  ${path}: ${detail.errors.join("; ")}`];
    return "problem" in detail ? [`  ${path}: ${String(detail.problem)}`] : [];
  });
}

function hasDeployments(body: unknown): boolean {
  return typeof body === "object" && body !== null && "deployments" in body;
}
