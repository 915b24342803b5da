import type { InstantMs, Outcome, Write } from "#foundation/base/core.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { JobsEffect } from "#frameworks/jobs/core/index.ts";
import type { Tell } from "./sentences.ts";

/** What jobs there are, as the users made them. */
export interface WatchedJobs {
  /** Instants by the process's own clock at which a job's schedule has to fire. */
  isDue(jobId: string, at: InstantMs): boolean;
  readonly scheduled: readonly string[];
  /** Who is started by the successes of whom. */
  readonly parents: ReadonlyMap<string, readonly string[]>;
}

const minuteMs = 60_000;
/** A wake comes when it is due, but for what else happens in that moment, and for a process that is late. */
const lateMs = 1_000;

/**
 * Invariant 14, over all lives of jobs. A schedule fires at its own instants, at each of them once, however clocks
 * differ and leaders die; and it does fire where a process was there before. A success of all parents starts a child
 * once, in the step that wrote the last of them. The order of things is that of steps, never of clocks.
 */
export class RunWatch {
  readonly #tell: Tell;
  readonly #jobs: WatchedJobs;
  /** Of durable runs, by job: the instants that schedules started them for. */
  readonly #fired = new Map<string, Map<InstantMs, string>>();
  /** When a run was made and when it ended, in steps; of lives before only what is on the disk. */
  readonly #made = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  #steps = 0;
  /** The latest instant that any life has shown. */
  #latest = Number.NEGATIVE_INFINITY;
  #life: Life | undefined;

  constructor(tell: Tell, jobs: WatchedJobs) {
    this.#tell = tell;
    this.#jobs = jobs;
  }

  /** A process begins with these records. */
  began(records: ReadonlyMap<string, JsonValue>): void {
    const life = new Life();
    for (const [key, value] of records) life.note({ kind: "put", key, value });
    for (const key of [...this.#made.keys()])
      if (!life.active.has(key) && !life.over.has(key)) this.#made.delete(key);
    for (const key of [...this.#ended.keys()]) if (!life.over.has(key)) this.#ended.delete(key);
    this.#life = life;
  }

  /** `now` is what the process's clock said. */
  decided({ writes }: Outcome<JobsEffect>, now: InstantMs): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#steps += 1;
    life.since ??= Math.max(now, this.#latest);
    const { since } = life;
    const before = life.now ?? now;
    const wasActive = new Set([...life.active.values()].map(({ jobId }) => jobId));
    const begun = this.#noteRuns(life, writes);
    for (const run of begun.filter(({ origin }) => origin === "schedule")) {
      this.#judgeBegun(run, now);
      if (wasActive.has(run.jobId))
        this.#tell(
          "schedules",
          `${run.jobId} began ${run.id} beside another run, which its schedule forbids`,
        );
    }
    this.#judgeDue(life, { before, now, since }, { wasActive, begun });
    for (const { key } of writes) if (key.startsWith("jobs/")) life.setAt.set(key.slice("jobs/".length), now);
    this.#judgeTriggers(life, begun, writes);
    life.now = now;
    this.#latest = Math.max(this.#latest, now);
  }

  /** What is due has begun a moment later at the latest, unless another run forbade it. */
  #judgeDue(
    life: Life,
    {
      before,
      now,
      since,
    }: { readonly before: InstantMs; readonly now: InstantMs; readonly since: InstantMs },
    { wasActive, begun }: { readonly wasActive: ReadonlySet<string>; readonly begun: readonly SeenRun[] },
  ): void {
    for (const jobId of this.#jobs.scheduled) {
      const from = Math.max(since, life.setAt.get(jobId) ?? now);
      for (let at = Math.ceil((before + 1) / minuteMs) * minuteMs; at <= now; at += minuteMs)
        if (at > from && this.#jobs.isDue(jobId, at)) life.due.set(jobId, at);
    }
    for (const [jobId, at] of life.due) {
      if (wasActive.has(jobId) || begun.some((run) => run.jobId === jobId)) life.due.delete(jobId);
      else if (now - at > lateMs)
        this.#tell("schedules", `${jobId} was due at ${new Date(at).toISOString()} and no run began`);
    }
  }

  durable(write: Write): void {
    const run = write.kind === "put" && write.key.startsWith("runs/") ? runOf(write.value) : undefined;
    if (run?.origin !== "schedule") return;
    const at = Math.floor(run.createdAt / minuteMs) * minuteMs;
    const fired = this.#fired.get(run.jobId) ?? new Map<InstantMs, string>();
    this.#fired.set(run.jobId, fired);
    const other = fired.get(at);
    if (other !== undefined && other !== run.id)
      this.#tell("schedules", `${run.jobId} began ${other} and ${run.id} for ${new Date(at).toISOString()}`);
    fired.set(at, run.id);
  }

  #noteRuns(life: Life, writes: readonly Write[]): readonly SeenRun[] {
    const begun: SeenRun[] = [];
    for (const write of writes) {
      const run = write.kind === "put" ? runOf(write.value) : undefined;
      const key = run === undefined ? "" : `${run.jobId}/${run.id}`;
      if (run !== undefined && write.key.startsWith("runs/") && !this.#made.has(key)) {
        this.#made.set(key, this.#steps);
        begun.push(run);
      }
      if (run !== undefined && write.key.startsWith("ended-runs/") && !this.#ended.has(key))
        this.#ended.set(key, this.#steps);
      life.note(write);
    }
    return begun;
  }

  #judgeBegun({ jobId, id, createdAt }: SeenRun, now: InstantMs): void {
    const at = Math.floor(createdAt / minuteMs) * minuteMs;
    if (createdAt - at > lateMs || !this.#jobs.isDue(jobId, at))
      this.#tell(
        "schedules",
        `${jobId} began ${id} at ${new Date(createdAt).toISOString()}, when it is not due (${now - createdAt} ms ago)`,
      );
  }

  #judgeTriggers(life: Life, begun: readonly SeenRun[], writes: readonly Write[]): void {
    const succeeded = new Set(
      writes.flatMap(({ key }) => {
        const over = key.startsWith("ended-runs/")
          ? life.over.get(key.slice("ended-runs/".length))
          : undefined;
        return over?.cause === "succeeded" && this.#ended.get(`${over.jobId}/${over.id}`) === this.#steps
          ? [over.jobId]
          : [];
      }),
    );
    for (const [child, parents] of this.#jobs.parents) {
      const started = begun.filter(
        ({ jobId, origin }) => jobId === child && origin === "dependencies",
      ).length;
      const isDue = parents.some((parent) => succeeded.has(parent)) && this.#isDue(life, child, parents);
      if (started !== (isDue ? 1 : 0))
        this.#tell("schedules", `${child} was ${isDue ? "" : "not "}due and ${started} of it began`);
    }
  }

  /** The newest end of each parent is a success, newer than the child's newest run and newest success; and none of the child runs. */
  #isDue(life: Life, child: string, parents: readonly string[]): boolean {
    const before = (step: number | undefined): number => step ?? 0;
    const own = [...life.runsOf(child)].filter(([key]) => this.#made.get(key) !== this.#steps);
    if (own.some(([key]) => life.active.has(key))) return false;
    const last = Math.max(
      0,
      ...own.flatMap(([key, { cause }]) => [
        before(this.#made.get(key)),
        cause === "succeeded" ? before(this.#ended.get(key)) : 0,
      ]),
    );
    return parents.every((parent) => {
      const [newest] = [...life.runsOf(parent)]
        .filter(([, { cause }]) => cause !== undefined)
        .sort(([one], [other]) => before(this.#ended.get(other)) - before(this.#ended.get(one)));
      return newest?.[1].cause === "succeeded" && before(this.#ended.get(newest[0])) > last;
    });
  }
}

interface SeenRun {
  readonly jobId: string;
  readonly id: string;
  readonly origin: string;
  readonly createdAt: InstantMs;
  /** How it ended, if it did. */
  readonly cause: string | undefined;
}

/** What one process has on record, and since when. */
class Life {
  readonly active = new Map<string, SeenRun>();
  readonly over = new Map<string, SeenRun>();
  /** Instants that have come, of which nothing was seen yet. */
  readonly due = new Map<string, InstantMs>();
  /** When each job was set in this life. */
  readonly setAt = new Map<string, InstantMs>();
  since: InstantMs | undefined;
  now: InstantMs | undefined;

  note(write: Write): void {
    const [kind, ...rest] = write.key.split("/");
    const runs = kind === "runs" ? this.active : kind === "ended-runs" ? this.over : undefined;
    const run = write.kind === "put" ? runOf(write.value) : undefined;
    if (run === undefined) runs?.delete(rest.join("/"));
    else runs?.set(rest.join("/"), run);
  }

  *runsOf(jobId: string): Iterable<readonly [string, SeenRun]> {
    for (const runs of [this.active, this.over])
      for (const [key, run] of runs) if (run.jobId === jobId) yield [key, run];
  }
}

function runOf(value: JsonValue): SeenRun | undefined {
  if (!isJsonObject(value) || value["origin"] === undefined) return undefined;
  const { jobId, id, origin, createdAt, cause }: JsonObject = value;
  return {
    jobId: String(jobId),
    id: String(id),
    origin: String(origin),
    createdAt: Number(createdAt),
    cause: typeof cause === "string" ? cause : undefined,
  };
}
