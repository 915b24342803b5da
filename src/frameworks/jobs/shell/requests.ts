/**
 * Requests in flight: each is given to the core and answered by one `reply` effect, once its writes are durable. On its
 * way its caller must be allowed to make it, and the record of the call learns what it does.
 */
import type { FieldChange } from "#contracts/observe/audit.ts";
import { fieldChanges } from "#domain/changes/index.ts";
import type { Action } from "#domain/permissions/index.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { currentCall } from "#frameworks/base/shell/call-audit.ts";
import type { JobsEvent, JobsQueries, Refusal, RequestId, RequestResult } from "../core/index.ts";
import { RequestRefused } from "./answers.ts";
import { demandJob, seesJob } from "./sight.ts";

/** An event that wants a reply, without its number. */
export type RequestEvent = DistributiveOmit<Extract<JobsEvent, { request: RequestId }>, "request">;
type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

type Settled = Exclude<RequestResult, { kind: "refused" }>;

export class Requests {
  readonly #dispatch: (event: JobsEvent) => void;
  readonly #queries: Pick<JobsQueries, "definition" | "schedules">;
  readonly #waiting = new Map<RequestId, (result: RequestResult) => void>();
  #last = 0;

  constructor(dispatch: (event: JobsEvent) => void, queries: Pick<JobsQueries, "definition" | "schedules">) {
    this.#dispatch = dispatch;
    this.#queries = queries;
  }

  /** Throws `Forbidden`, and `RequestRefused`. */
  async send(event: RequestEvent): Promise<Settled> {
    const { action, permission, jobId, object } = noteOf(event);
    demandJob(jobId, permission);
    // Whether a parent is there is for those to know who may see it.
    if ("definition" in event) for (const { id } of event.definition.dependencies) demandJob(id, "read");
    const call = currentCall();
    if (call !== undefined) {
      call.action ??= action;
      call.object ??= object ?? jobId;
    }
    const before = this.#wished(jobId);
    this.#last += 1;
    const request = this.#last;
    const result = await new Promise<RequestResult>((resolve) => {
      this.#waiting.set(request, resolve);
      this.#dispatch({ ...event, request } as JobsEvent);
    });
    if (result.kind === "refused") throw new RequestRefused(asSeen(result.refusal));
    if (call !== undefined) call.changes = [...call.changes, ...changesOf(before, this.#wished(jobId))];
    return result;
  }

  settle(request: RequestId, result: RequestResult): void {
    const resolve = this.#waiting.get(request);
    this.#waiting.delete(request);
    resolve?.(result);
  }

  #wished(jobId: string): JsonObject | undefined {
    const definition = this.#queries.definition(jobId);
    if (definition === undefined) return undefined;
    // Definitions are JSON by construction.
    return { ...definition, schedules: this.#queries.schedules(jobId) } as unknown as JsonObject;
  }
}

/** Without the names of jobs that the caller does not see. */
function asSeen(refusal: Refusal): Refusal {
  if (refusal.code !== "NeededByOthers") return refusal;
  return { ...refusal, dependents: refusal.dependents.filter(seesJob) };
}

const changesOf = (before: JsonObject | undefined, after: JsonObject | undefined): readonly FieldChange[] =>
  fieldChanges(before, after);

function noteOf(event: RequestEvent): {
  readonly action: string;
  readonly permission: Action;
  readonly jobId: string;
  readonly object?: string;
} {
  switch (event.kind) {
    case "createJob":
      return { action: "job.create", permission: "create", jobId: event.definition.id };
    case "replaceJob":
      return { action: "job.update", permission: "update", jobId: event.definition.id };
    case "deleteJob":
      return { action: "job.delete", permission: "delete", jobId: event.jobId };
    case "createSchedule":
      return { action: "schedule.create", permission: "update", jobId: event.jobId };
    case "replaceSchedule":
      return { action: "schedule.update", permission: "update", jobId: event.jobId };
    case "deleteSchedule":
      return { action: "schedule.delete", permission: "update", jobId: event.jobId };
    case "startRun":
      return { action: "job.run", permission: "update", jobId: event.jobId };
    case "stopRun":
      return {
        action: "run.stop",
        permission: "update",
        jobId: event.jobId,
        object: `${event.jobId}/${event.runId}`,
      };
  }
}
