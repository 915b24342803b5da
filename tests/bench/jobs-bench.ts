/** A jobs core with a master that gives its runs a place at once, and whose tasks run, or end, at once. */
import type { TaskInfo, TaskState } from "#contracts/kernel/messages.gen.ts";
import { seededRandom } from "#foundation/base/random.ts";
import { anOffer, aStatus } from "../../src/frameworks/base/core/testing/offers.ts";
import {
  createJobsCore,
  defaultJobsPolicy,
  type JobsCore,
  type JobsEffect,
  type JobsEvent,
} from "../../src/frameworks/jobs/core/index.ts";
import { aJob } from "../../src/frameworks/jobs/core/testing/world.ts";

/** 03:00 UTC of a day. */
export const three = Date.UTC(2026, 10, 30, 3);

/** Offers that come together, each of another agent. */
const offersAtOnce = 50;

export class JobsBench {
  readonly core: JobsCore = createJobsCore({
    records: [],
    random: seededRandom(5),
    policy: { ...defaultJobsPolicy, maxJobs: 1_000_000, launchesPerOfferMax: 20 },
  });
  #now = three - 60_000;
  #requests = 0;
  #offers = 0;
  readonly #launched: TaskInfo[] = [];

  constructor() {
    this.apply({ kind: "subscribed", frameworkId: "bench" });
  }

  get now(): number {
    return this.#now;
  }

  /** So many jobs, due each day at three. */
  add(jobs: number): void {
    const { definition, schedules } = aJob({
      run: { cpus: 0.1, mem: 32 },
      labels: { team: "data" },
      schedules: [{ id: "nightly", cron: "0 3 * * *" }],
    });
    for (let index = 0; index < jobs; index += 1) {
      this.#requests += 1;
      const id = `team-${index % 50}.job-${index}`;
      this.apply({
        kind: "createJob",
        request: this.#requests,
        definition: { ...definition, id },
        schedules,
      });
    }
  }

  /** The longest single step, in ms. */
  passTo(instant: number): number {
    let longestMs = 0;
    for (let at = this.core.wakeAt(); at !== undefined && at <= instant; at = this.core.wakeAt()) {
      this.#now = Math.max(this.#now, at);
      const started = performance.now();
      const { effects } = this.core.wake(this.#now);
      longestMs = Math.max(longestMs, performance.now() - started);
      for (const effect of effects) this.#perform(effect);
    }
    this.#now = Math.max(this.#now, instant);
    return longestMs;
  }

  /** Until nothing waits for a place. */
  place(): void {
    for (let rounds = 0; this.core.queries.waiting().length > 0; rounds += 1) {
      if (rounds > 10_000) throw new Error("runs wait for ever");
      const offers = Array.from({ length: offersAtOnce }, () => {
        this.#offers += 1;
        return anOffer({ id: `o-${this.#offers}`, agentId: `a-${this.#offers}`, cpus: 10, mem: 10_000 });
      });
      this.apply({ kind: "offersReceived", offers });
    }
  }

  /** What was launched runs, and then ends well. */
  finish(): void {
    const launched = this.#launched.splice(0);
    for (const state of ["TASK_RUNNING", "TASK_FINISHED"] as const)
      for (const task of launched) this.#tell(task.task_id.value, state);
  }

  apply(event: JobsEvent): void {
    this.#now += 0.001;
    for (const effect of this.core.apply(event, this.#now).effects) this.#perform(effect);
  }

  #tell(taskId: string, state: TaskState): void {
    this.apply({ kind: "statusReceived", status: aStatus(taskId, state) });
  }

  #perform(effect: JobsEffect): void {
    if (effect.kind === "reply" && effect.result.kind === "refused")
      throw new Error(JSON.stringify(effect.result.refusal));
    if (effect.kind !== "call") return;
    for (const { launch } of effect.call.accept?.operations ?? [])
      this.#launched.push(...(launch?.task_infos ?? []));
  }
}
