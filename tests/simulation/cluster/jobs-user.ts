/**
 * Jobs in the cluster, and users who start and stop runs while everything breaks.
 *
 * What it watches: a run that was promised is known for ever; the task of a run that may run once starts once; what schedules
 * and dependencies start, `run-watch.ts` judges.
 */
import type { TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { type JobDefinition, type JobSchedule, parseJob } from "#domain/jobs/index.ts";
import type { InstantMs, Outcome } from "#foundation/base/core.ts";
import type { Random } from "#foundation/base/random.ts";
import {
  createJobsCore,
  type JobsCore,
  type JobsEffect,
  type JobsEvent,
  type JobsPolicy,
} from "#frameworks/jobs/core/index.ts";
import type { SessionEffect, SessionEvent } from "#frameworks/sdk/core/session.ts";
import {
  type Boot,
  type Either,
  type Process,
  type Program,
  pairCores,
  type SimNetwork,
  type World,
} from "../engine/index.ts";
import { jobsComparedWithPlans } from "../invariants/job-plan-watch.ts";
import { RunWatch } from "../invariants/run-watch.ts";
import type { Tell } from "../invariants/sentences.ts";
import { type Almanac, aheadOf, almanacs, firstAlmanac, latenessIn, skewOf, withClock } from "./almanacs.ts";
import { type Election, processOf } from "./processes.ts";
import { wiredSession } from "./wired-session.ts";

export const jobsName = "jobs";
/** What each task of a run takes. */
export const jobsTask = { cpus: 0.2, memMib: 64 };

type JobsProcessEvent = Either<SessionEvent, JobsEvent>;
type JobsProcessEffect = Either<SessionEffect, JobsEffect>;

export interface JobsPorts {
  readonly masterName: string;
  readonly policy: JobsPolicy;
  readonly tell: Tell;
  readonly saw: (status: TaskStatus) => void;
  readonly isRunning: (taskId: string) => boolean;
  /** Whether users still start and stop runs. */
  readonly isRough: () => boolean;
  readonly election?: Election | undefined;
  /** The real core; a test passes a broken one. */
  readonly wrap?: (core: JobsCore) => JobsCore;
}

const taskIdShape = /^([a-z]+)_(\d{14}[0-9A-Za-z]{5})\./;

/** Whether it is the task of a run. */
export const isJobTask = (taskId: string): boolean => taskIdShape.test(taskId);

const startEveryMs = 4_000;
const stopEveryMs = 15_000;
const redefineEveryMs = 6_000;
/** When nothing is broken any more. */
const calmEveryMs = 25_000;
const calmRunMs = 5_000;
/** Longer than a task that does not heed SIGTERM takes to end. */
const promptMs = 10_000;

const run = { cmd: "work", cpus: jobsTask.cpus, mem: jobsTask.memMib, disk: 0 };
const schedule = (cron: string, timezone = "UTC") => ({
  id: "often",
  cron,
  timezone,
  concurrencyPolicy: "FORBID",
});
const bodiesIn = ({ timezone, cron }: Almanac) => [
  { id: "once", run },
  { id: "again", run: { ...run, restart: { policy: "ON_FAILURE" } } },
  { id: "child", run, dependencies: [{ id: "once" }, { id: "again" }] },
  { id: "heir", run, dependencies: [{ id: "once" }] },
  { id: "often", run, schedules: [schedule("* * * * *")] },
  { id: "even", run, schedules: [schedule("*/2 * * * *", timezone)] },
  { id: "daily", run, schedules: [schedule(cron, timezone)] },
];
const parents: ReadonlyMap<string, readonly string[]> = new Map([
  ["child", ["once", "again"]],
  ["heir", ["once"]],
]);
const evenMs = 120_000;

export class JobsUser {
  readonly node: Process<JobsProcessEvent, JobsProcessEffect>;
  readonly #world: World;
  readonly #ports: JobsPorts;
  readonly #random: Random;
  readonly #almanac: Almanac;
  readonly #bodies: ReturnType<typeof bodiesIn>;
  readonly #runs: RunWatch;
  /** Runs that somebody was told of. */
  readonly #promised = new Map<string, { readonly jobId: string; readonly runId: string }>();
  readonly #startedTasks = new Map<string, string>();
  #core: JobsCore | undefined;
  #lastRequest = 0;

  constructor(world: World, network: SimNetwork, ports: JobsPorts) {
    this.#world = world;
    this.#ports = ports;
    this.#random = world.fork("users of jobs");
    this.#almanac = almanacs[world.seed % almanacs.length] ?? firstAlmanac;
    this.#bodies = bodiesIn(this.#almanac);
    const { fires } = this.#almanac;
    this.#runs = new RunWatch(ports.tell, {
      scheduled: ["often", "even", "daily"],
      isDue: (jobId, at) => jobId === "often" || (jobId === "even" ? at % evenMs === 0 : fires.includes(at)),
      parents,
    });
    const { election } = ports;
    this.node = processOf(network, jobsName, (boot) => this.#program(boot), { election });
    this.node.disk.onDurable = (write) => this.#runs.durable(write);
  }

  drive(): void {
    for (const body of this.#bodies) this.#create(parseJob(body));
    this.#world.schedule(startEveryMs, () => this.#start());
    this.#world.schedule(stopEveryMs, () => this.#stop());
    this.#world.schedule(redefineEveryMs, () => this.#redefine());
  }

  /** A process of one of its tasks began. */
  started(taskId: string): void {
    const [, jobId, runId] = taskIdShape.exec(taskId) ?? [];
    if (jobId === undefined || jobId === "again") return;
    const key = `${jobId}/${runId}`;
    const earlier = this.#startedTasks.get(key);
    if (earlier !== undefined && earlier !== taskId)
      this.#ports.tell("tasks", `run ${key} was started as ${earlier} and as ${taskId}`);
    this.#startedTasks.set(key, taskId);
  }

  /** What is not as it must be at any time. */
  broken(): readonly string[] {
    const core = this.node.isUp ? this.#core : undefined;
    if (core === undefined) return [];
    const lost = [...this.#promised.values()].filter(
      ({ jobId, runId }) => core.queries.run(jobId, runId) === undefined,
    );
    return [...core.check(), ...lost.map(({ jobId, runId }) => `run ${jobId}/${runId} is lost`)];
  }

  frameworkId(): string | undefined {
    return this.#core?.queries.info().frameworkId;
  }

  /** Runs begin and are stopped; of each the task must soon be gone. */
  stopCalmly(forMs: number): void {
    for (let atMs = 0; atMs + calmEveryMs <= forMs; atMs += calmEveryMs) {
      this.#world.schedule(atMs, () => this.#request({ kind: "startRun", jobId: "once" }));
      this.#world.schedule(atMs + calmRunMs, () => {
        const stopped = this.node.isUp ? (this.#core?.queries.activeRuns("once") ?? []) : [];
        for (const { jobId, id: runId } of stopped) this.#request({ kind: "stopRun", jobId, runId });
        this.#world.schedule(promptMs, () => {
          for (const { tasks } of stopped)
            for (const { id } of tasks.slice(-1))
              if (this.#ports.isRunning(id))
                this.#ports.tell("promptness", `${id} runs, and its run was stopped`);
        });
      });
    }
  }

  /** Tasks that it believes in. */
  taskIds(): readonly string[] {
    return this.#activeRuns().flatMap(({ tasks }) => tasks.slice(-1).map(({ id }) => id));
  }

  /** Tasks that it takes for running, while it is up and connected. */
  runningTaskIds(): readonly string[] {
    if (!this.node.isUp || this.#core?.queries.info().isConnected !== true) return [];
    return this.#activeRuns().flatMap(({ tasks }) =>
      tasks.slice(-1).flatMap(({ id, status }) => (status === "TASK_RUNNING" ? [id] : [])),
    );
  }

  missing(): readonly string[] {
    const core = this.node.isUp ? this.#core : undefined;
    if (core === undefined) return [`${jobsName} is down`];
    const idle = this.#activeRuns().filter(
      ({ status, tasks }) => status !== "ACTIVE" || tasks.at(-1)?.status !== "TASK_RUNNING",
    );
    return [
      ...this.#jobIds().flatMap((id) =>
        core.queries.definition(id) === undefined ? [`there is no job ${id}`] : [],
      ),
      ...idle.map(({ jobId, id, status }) => `run ${jobId}/${id} is ${status}`),
    ];
  }

  #jobIds(): readonly string[] {
    return this.#bodies.map(({ id }) => id);
  }

  #activeRuns(): ReturnType<JobsCore["queries"]["activeRuns"]> {
    return this.#jobIds().flatMap((id) => this.#core?.queries.activeRuns(id) ?? []);
  }

  #program(boot: Boot<JobsProcessEvent>): Program<JobsProcessEvent, JobsProcessEffect> {
    const records = [...boot.records].map(([key, value]) => ({ key, value }));
    const { wrap = (made: JobsCore) => made } = this.#ports;
    const made = createJobsCore({ records, random: boot.random, policy: this.#ports.policy });
    const core = wrap(jobsComparedWithPlans(made, this.#ports.tell));
    this.#core = core;
    const toSession = (it: SessionEvent): void => boot.dispatch({ of: "first", it });
    const toJobs = (it: JobsEvent): void => boot.dispatch({ of: "second", it });
    const session = wiredSession(boot, {
      masterName: this.#ports.masterName,
      frameworkInfo: core.queries.frameworkInfo(),
      saw: this.#ports.saw,
      toSession,
      toFramework: toJobs,
    });
    const performJobs = (effect: JobsEffect): void => {
      switch (effect.kind) {
        case "reply":
          if (effect.result.kind !== "run" || effect.result.run.status !== "INITIAL") return;
          this.#promised.set(`${effect.result.run.jobId}/${effect.result.run.id}`, {
            jobId: effect.result.run.jobId,
            runId: effect.result.run.id,
          });
          return;
        case "call":
          return toSession({ kind: "callAsked", call: effect.call });
        case "publish":
          return;
        case "stop":
          return boot.exit(effect.reason);
      }
    };
    this.#runs.began(boot.records);
    const watched: JobsCore = { ...core, ...judged(core, this.#runs) };
    const aheadMs = aheadOf(this.#almanac) + skewOf(boot.random);
    const lateMs = latenessIn(this.#world.seed, this.#world.fork(`timers of ${boot.incarnation}`));
    return {
      core: withClock(pairCores(session.core, watched), { aheadMs, lateMs }),
      perform: (effect) => (effect.of === "first" ? session.perform(effect.it) : performJobs(effect.it)),
    };
  }

  /** Asked for until it is there. */
  #create(parsed: { readonly job: JobDefinition; readonly schedules: readonly JobSchedule[] }): void {
    if (this.node.isUp && this.#core?.queries.definition(parsed.job.id) !== undefined) return;
    this.#request({ kind: "createJob", definition: parsed.job, schedules: parsed.schedules });
    this.#world.schedule(1_000, () => this.#create(parsed));
  }

  /** A job as it is or with another command; now and then in a way that must be refused. */
  #redefine(): void {
    if (!this.#ports.isRough()) return;
    const body = this.#bodies[this.#random.below(this.#bodies.length)];
    const isWrong = body?.schedules === undefined && this.#random.below(6) === 0;
    const wrong = isWrong ? { dependencies: [{ id: "nobody" }] } : {};
    const cmd = this.#random.below(2) === 0 ? "work" : "work more";
    const { job, schedules } = parseJob({ ...body, ...wrong, run: { ...run, ...body?.run, cmd } });
    if (this.#random.below(4) === 0) this.#request({ kind: "createJob", definition: job, schedules });
    else this.#request({ kind: "replaceJob", definition: job });
    this.#world.schedule(redefineEveryMs, () => this.#redefine());
  }

  #start(): void {
    if (!this.#ports.isRough()) return;
    this.#request({ kind: "startRun", jobId: this.#random.next() < 0.7 ? "once" : "again" });
    this.#world.schedule(startEveryMs, () => this.#start());
  }

  #stop(): void {
    if (!this.#ports.isRough()) return;
    const runs = this.node.isUp ? this.#activeRuns() : [];
    const victim = runs[this.#random.below(Math.max(runs.length, 1))];
    if (victim !== undefined) this.#request({ kind: "stopRun", jobId: victim.jobId, runId: victim.id });
    this.#world.schedule(stopEveryMs, () => this.#stop());
  }

  #request(request: WithoutRequest<Extract<JobsEvent, { readonly request: number }>>): void {
    this.#lastRequest += 1;
    // The number is all that was missing.
    this.node.dispatch({ of: "second", it: { ...request, request: this.#lastRequest } as JobsEvent });
  }
}

/** The watch sees each outcome with the instant at which it was decided. */
function judged(core: JobsCore, runs: RunWatch): Pick<JobsCore, "apply" | "wake"> {
  const seen = (outcome: Outcome<JobsEffect>, now: InstantMs): Outcome<JobsEffect> => {
    runs.decided(outcome, now);
    return outcome;
  };
  return {
    apply: (event, now) => seen(core.apply(event, now), now),
    wake: (now) => seen(core.wake(now), now),
  };
}

type WithoutRequest<Event> = Event extends unknown ? Omit<Event, "request"> : never;
