/** A jobs core in a world of its own; see `FrameworkWorld`. */
import type { JobEvent } from "#contracts/jobs/job-events.ts";
import type { JobDefinition, JobSchedule } from "#domain/jobs/index.ts";
import { parseJob } from "#domain/jobs/index.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { FrameworkWorld } from "#frameworks/base/core/testing/framework-world.ts";
import { MiniMaster, type MiniTask } from "#frameworks/base/core/testing/mini-master.ts";
import type { JobsEffect, RequestResult } from "../effects.ts";
import type { JobsEvent } from "../events.ts";
import { parseTaskId } from "../ids.ts";
import { createJobsCore, type JobsCore } from "../jobs-core.ts";
import { defaultJobsPolicy, type JobsPolicy } from "../policy.ts";
import type { RunJson } from "../views.ts";

export interface WorldOptions {
  readonly agents?: number;
  readonly cpusEach?: number;
  readonly policy?: Partial<JobsPolicy>;
  readonly seed?: number;
}

export class World extends FrameworkWorld<JobsEvent, JobsEffect, JobsCore> {
  readonly replies: Map<number, RequestResult>;
  readonly published: JobEvent[];

  constructor(options: WorldOptions = {}) {
    const { seed = 1 } = options;
    const policy = { ...defaultJobsPolicy, ...options.policy };
    const replies = new Map<number, RequestResult>();
    const published: JobEvent[] = [];
    super({
      // Of one run two tasks may live for a while: one of them where nobody can reach it.
      master: new MiniMaster(options.agents ?? 2, options.cpusEach ?? 8),
      makeCore: (records, life) =>
        createJobsCore({ records, random: seededRandom(seed * 1_000 + life), policy }),
      perform: (effect) => {
        if (effect.kind === "reply") replies.set(effect.request, effect.result);
        if (effect.kind === "publish") published.push(effect.event);
      },
      forget: () => replies.clear(),
    });
    this.replies = replies;
    this.published = published;
  }

  /** Connected, with nothing on the way. */
  static started(options: WorldOptions = {}): World {
    const world = new World(options);
    world.master.connect();
    world.drain();
    return world;
  }

  /** What a request is answered. */
  answer(make: (request: number) => JobsEvent): RequestResult {
    const answer = this.replies.get(this.ask(make));
    if (answer === undefined) throw new Error("no answer");
    return answer;
  }

  create(body: object): RequestResult {
    const { definition, schedules } = aJob(body);
    return this.answer((request) => ({ kind: "createJob", request, definition, schedules }));
  }

  start(jobId: string): RunJson {
    const answer = this.answer((request) => ({ kind: "startRun", request, jobId }));
    if (answer.kind !== "run") throw new Error(`${jobId}: ${JSON.stringify(answer)}`);
    return answer.run;
  }

  /** Tasks of a job that are alive, as the master knows them. */
  alive(jobId: string): readonly MiniTask[] {
    return this.master.alive().filter(({ id }) => parseTaskId(id)?.jobId === jobId);
  }

  /** Ends a job's tasks and tells of it. */
  end(jobId: string, state: "TASK_FINISHED" | "TASK_FAILED" | "TASK_KILLED" | "TASK_ERROR"): void {
    for (const task of this.alive(jobId)) this.master.endTask(task, state);
    this.drain();
  }

  history(jobId: string): readonly [successes: number, failures: number] {
    const { successCount, failureCount } = this.core.queries.history(jobId);
    return [successCount, failureCount];
  }
}

/** A small job; a test states only what differs. */
export function aJob(body: object): {
  readonly definition: JobDefinition;
  readonly schedules: readonly JobSchedule[];
} {
  const run = { cmd: "true", cpus: 1, mem: 32, disk: 0, ...("run" in body ? (body.run as object) : {}) };
  const { job, schedules } = parseJob({ id: "job", ...body, run });
  return { definition: job, schedules };
}
