/** `/v1/jobs` and `/v0/scheduled-jobs`. Source: contract metronome.md section 2. */
import { jobIdPattern } from "#contracts/jobs/job.ts";
import { parseJob, parseSchedule } from "#domain/jobs/index.ts";
import { empty, type HttpRequest, type HttpServer, json, type PlainAnswer } from "#foundation/http/index.ts";
import { listWindow } from "#frameworks/base/shell/list-window.ts";
import {
  answerFor,
  internalError,
  jobUnknown,
  RequestMalformed,
  RequestRefused,
  readBody,
} from "./answers.ts";
import type { ApiContext } from "./context.ts";
import { embedded, readEmbeds, withoutNoRuns } from "./embeds.ts";
import type { RequestEvent } from "./requests.ts";
import { demandJob, seesJob } from "./sight.ts";

type Handle = (request: HttpRequest) => PlainAnswer | Promise<PlainAnswer>;

export function addJobRoutes(server: HttpServer, context: ApiContext): void {
  const routes = new JobRoutes(context);
  const add = (method: string, path: string, handle: Handle): void =>
    server.route({ method, path, handler: guarded(handle) });
  add("GET", "/v1/jobs", (request) => routes.list(request));
  add("POST", "/v1/jobs", (request) => routes.create(request));
  add("GET", "/v1/jobs/:id", (request) => routes.show(request));
  add("PUT", "/v1/jobs/:id", (request) => routes.replace(request));
  add("DELETE", "/v1/jobs/:id", (request) => routes.remove(request));
  add("POST", "/v0/scheduled-jobs", (request) => routes.create(request));
  add("PUT", "/v0/scheduled-jobs/:id", (request) => routes.replaceWithSchedules(request));
  add("GET", "/v1/jobs/:id/schedules", (request) => routes.schedules(request));
  add("POST", "/v1/jobs/:id/schedules", (request) => routes.createSchedule(request));
  add("GET", "/v1/jobs/:id/schedules/:sid", (request) => routes.schedule(request));
  add("PUT", "/v1/jobs/:id/schedules/:sid", (request) => routes.replaceSchedule(request));
  add("DELETE", "/v1/jobs/:id/schedules/:sid", (request) => routes.removeSchedule(request));
  add("GET", "/v1/jobs/:id/runs", (request) => routes.runs(request));
  add("POST", "/v1/jobs/:id/runs", (request) => routes.start(request));
  add("GET", "/v1/jobs/:id/runs/:rid", (request) => routes.run(request));
  add("POST", "/v1/jobs/:id/runs/:rid/actions/stop", (request) => routes.stop(request));
}

/** Answers what the client can mend; throws on what is ours. */
export function guarded(handle: Handle): Handle {
  return async (request) => {
    try {
      return await handle(request);
    } catch (error) {
      const answer = answerFor(error, request.path);
      if (answer === undefined) throw error;
      return answer;
    }
  };
}

class JobRoutes {
  readonly #context: ApiContext;

  constructor(context: ApiContext) {
    this.#context = context;
  }

  list({ query, path }: HttpRequest): PlainAnswer {
    const { queries, now } = this.#context;
    const wanted = readEmbeds(query);
    const seen = queries.listJobs().filter(({ id }) => seesJob(id));
    const { items, headers } = listWindow({ query, path }, seen, {
      idOf: ({ id }) => id,
      show: ({ id }) => {
        const job = queries.job(id, now());
        return job === undefined ? undefined : withoutNoRuns(embedded(job, wanted, queries));
      },
    });
    return json(items, 200, headers);
  }

  async create(request: HttpRequest): Promise<PlainAnswer> {
    const { job, schedules } = parseJob(readBody(request));
    return this.#answerJob({ kind: "createJob", definition: job, schedules }, 201);
  }

  show({ params, query }: HttpRequest): PlainAnswer {
    const { queries } = this.#context;
    const wanted = readEmbeds(query);
    return json(embedded(this.#job(params), wanted, queries));
  }

  async replace(request: HttpRequest): Promise<PlainAnswer> {
    const { job } = parseJob(readBody(request), { id: idOf(request.params) });
    return this.#answerJob({ kind: "replaceJob", definition: job }, 200);
  }

  async replaceWithSchedules(request: HttpRequest): Promise<PlainAnswer> {
    const { job, schedules } = parseJob(readBody(request), { id: idOf(request.params) });
    try {
      return await this.#answerJob({ kind: "replaceJob", definition: job, schedules }, 200);
    } catch (error) {
      // As upstream has it: here nobody tells what is wrong with the dependencies.
      const isUnmapped = error instanceof RequestRefused && error.refusal.code === "DependenciesInvalid";
      if (isUnmapped) return internalError(request.path);
      throw error;
    }
  }

  async remove({ params, query }: HttpRequest): Promise<PlainAnswer> {
    const stopsRuns = readFlag(query, "stopCurrentJobRuns");
    return this.#answerJob({ kind: "deleteJob", jobId: idOf(params), stopsRuns }, 200);
  }

  schedules({ params }: HttpRequest): PlainAnswer {
    return json(this.#job(params).schedules);
  }

  async createSchedule(request: HttpRequest): Promise<PlainAnswer> {
    const jobId = idOf(request.params);
    const schedule = parseSchedule(readBody(request));
    return this.#answerSchedule({ kind: "createSchedule", jobId, schedule }, 201);
  }

  schedule({ params }: HttpRequest): PlainAnswer {
    const { queries, now } = this.#context;
    const { id } = this.#job(params);
    const scheduleId = scheduleIdOf(params);
    const found = queries.schedule(id, scheduleId, now());
    if (found === undefined) throw new RequestRefused({ code: "ScheduleUnknown", scheduleId });
    return json(found);
  }

  async replaceSchedule(request: HttpRequest): Promise<PlainAnswer> {
    const jobId = idOf(request.params);
    const schedule = parseSchedule(readBody(request), { id: scheduleIdOf(request.params) });
    return this.#answerSchedule({ kind: "replaceSchedule", jobId, schedule }, 200);
  }

  async removeSchedule({ params }: HttpRequest): Promise<PlainAnswer> {
    const scheduleId = scheduleIdOf(params);
    await this.#context.requests.send({ kind: "deleteSchedule", jobId: idOf(params), scheduleId });
    return empty(200);
  }

  runs({ params }: HttpRequest): PlainAnswer {
    return json(this.#context.queries.activeRuns(this.#job(params).id));
  }

  async start({ params }: HttpRequest): Promise<PlainAnswer> {
    return this.#answerRun({ kind: "startRun", jobId: idOf(params) }, 201);
  }

  run({ params }: HttpRequest): PlainAnswer {
    const { id } = this.#job(params);
    const runId = runIdOf(params);
    const run = this.#context.queries.activeRun(id, runId);
    if (run === undefined) throw new RequestRefused({ code: "RunUnknown", jobId: id, runId });
    return json(run);
  }

  async stop({ params }: HttpRequest): Promise<PlainAnswer> {
    return this.#answerRun({ kind: "stopRun", jobId: idOf(params), runId: runIdOf(params) }, 200);
  }

  /** Throws `RequestRefused`, and `Forbidden`. */
  #job(params: HttpRequest["params"]): NonNullable<ReturnType<ApiContext["queries"]["job"]>> {
    const { queries, now } = this.#context;
    const id = idOf(params);
    demandJob(id, "read");
    const job = queries.job(id, now());
    if (job === undefined) throw jobUnknown(id);
    return job;
  }

  async #answerJob(event: RequestEvent, status: number): Promise<PlainAnswer> {
    const result = await this.#context.requests.send(event);
    if (result.kind === "job") return json(result.job, status);
    throw new Error(`a job was expected, not ${result.kind}`);
  }

  async #answerSchedule(event: RequestEvent, status: number): Promise<PlainAnswer> {
    const result = await this.#context.requests.send(event);
    if (result.kind === "schedule") return json(result.schedule, status);
    throw new Error(`a schedule was expected, not ${result.kind}`);
  }

  async #answerRun(event: RequestEvent, status: number): Promise<PlainAnswer> {
    const result = await this.#context.requests.send(event);
    if (result.kind === "run") return json(result.run, status);
    throw new Error(`a run was expected, not ${result.kind}`);
  }
}

const jobIdShape = new RegExp(jobIdPattern);

/** Throws `RequestMalformed`. */
function idOf(params: HttpRequest["params"]): string {
  const id = params["id"] ?? "";
  if (id === "") throw new RequestMalformed("there is nothing here; jobs are at /v1/jobs", 404);
  if (!jobIdShape.test(id)) throw new RequestMalformed(`"${id}" cannot be the id of a job`);
  return id;
}

const scheduleIdOf = (params: HttpRequest["params"]): string => params["sid"] ?? "";
const runIdOf = (params: HttpRequest["params"]): string => params["rid"] ?? "";

function readFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name) ?? "false";
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new RequestMalformed(`${name} is true or false, not "${value}"`);
}
