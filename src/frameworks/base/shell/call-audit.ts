/**
 * Leaves a record of every call that changes something: who, when, from where, what, with which outcome.
 *
 * Who asks is known where a request comes in, what changes is known where it is given to the core; between the two lie
 * handlers that should know of neither. `AsyncLocalStorage` carries the call from one to the other. See ADR 0060.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type ErrorCode, errorStatus } from "#contracts/errors.ts";
import type { FieldChange } from "#contracts/observe/audit.ts";
import type { AuditLog } from "#foundation/audit/index.ts";
import { CodedError, hasCode } from "#foundation/base/errors.ts";
import {
  type Answer,
  type Caller,
  callerOf,
  type HttpRequest,
  type HttpServer,
  routeThrough,
} from "#foundation/http/index.ts";

/** What a call turned out to do; the first request it gives to the core says it. */
export interface CallNote {
  readonly caller: Caller;
  action?: string;
  object?: string;
  message?: string;
  deploymentId?: string;
  changes: readonly FieldChange[];
}

const calls = new AsyncLocalStorage<CallNote>();

/** Of the call that is being served; undefined outside of one that may change something. */
export const currentCall = (): CallNote | undefined => calls.getStore();

const mutating: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** The server, with every handler of a mutating method audited. The record is durable before the answer leaves. */
export function audited(
  server: HttpServer,
  options: {
    readonly log: Pick<AuditLog, "append">;
    readonly doorSecret: string | undefined;
    /** Paths that take a POST and change nothing. */
    readonly readsByPost?: ReadonlySet<string>;
    readonly onLost: (error: unknown) => void;
  },
): HttpServer {
  return routeThrough(server, (route) =>
    server.route({
      ...route,
      handler: (request) =>
        mutating.has(request.method) && options.readsByPost?.has(request.path) !== true
          ? serve(request, route.handler)
          : route.handler(request),
    }),
  );

  async function serve(
    request: HttpRequest,
    handler: (request: HttpRequest) => Answer | Promise<Answer>,
  ): Promise<Answer> {
    const note: CallNote = { caller: callerOf(request, options.doorSecret), changes: [] };
    try {
      const answer = await calls.run(note, async () => handler(request));
      await append(request, note, answer.kind === "plain" ? answer.status : 200);
      return answer;
    } catch (error) {
      await append(request, note, statusOf(error));
      throw error;
    }
  }

  async function append({ method, path }: HttpRequest, note: CallNote, status: number): Promise<void> {
    // A rollback that was only tried out, and anything else that asked the core for nothing, changed nothing.
    if (note.action === undefined && status < 400) return;
    try {
      await options.log.append({
        user: note.caller.user,
        from: note.caller.from,
        action: note.action ?? `${method.toLowerCase()}`,
        object: note.object ?? path,
        method,
        path,
        status,
        ...(note.message === undefined ? {} : { message: note.message }),
        ...(note.deploymentId === undefined ? {} : { deploymentId: note.deploymentId }),
        changes: [...note.changes],
      });
    } catch (error) {
      // The change is made by now; a store that is lost ends the process by itself.
      options.onLost(error);
    }
  }
}

function statusOf(error: unknown): number {
  if (!(error instanceof CodedError)) return 500;
  const known = Object.keys(errorStatus).find((code) => hasCode(error, code));
  return known === undefined ? 500 : errorStatus[known as ErrorCode];
}
