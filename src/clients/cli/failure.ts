/** Turns an answer that is not 2xx into sentences: what was refused, which field, what to do. */
import type { RequestFailed } from "#clients/client/cluster.ts";
import type { MessageKey, MessageParameters } from "#contracts/messages/messages.ts";

type Say = (key: MessageKey, parameters?: MessageParameters) => string;

export function describeFailure(failure: RequestFailed, say: Say): string {
  if (failure.status === 0) return say("cli.unreachable", { url: failure.url, problem: failure.message });
  if (failure.status === 401) return say("cli.unauthorized", { url: failure.url });
  const lines = [say("cli.refused", { problem: failure.message, status: failure.status })];
  lines.push(...fieldLines(failure.body));
  if (failure.status === 409 && hasDeployments(failure.body)) lines.push(say("cli.locked"));
  return lines.join("\n");
}

/** `details` as Marathon gives them: one path with its errors, or a text. */
function fieldLines(body: unknown): readonly string[] {
  if (typeof body !== "object" || body === null || !("details" in body)) return [];
  const { details } = body;
  if (typeof details === "string") return [`  ${details}`];
  if (!Array.isArray(details)) return [];
  return details.map((detail: { readonly path?: string; readonly errors?: readonly string[] }) => {
    return `  ${detail.path ?? "/"}: ${(detail.errors ?? []).join("; ")}`;
  });
}

function hasDeployments(body: unknown): boolean {
  return typeof body === "object" && body !== null && "deployments" in body;
}
