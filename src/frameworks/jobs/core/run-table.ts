/**
 * Runs that are under way, and which of them wait for a place.
 *
 * Every change of a run passes through here: that is where its record is written and its place in the line follows.
 */
import type { JsonValue } from "#foundation/base/json.ts";
import { runKey } from "./ids.ts";
import { currentTask, encodeRun, type Run, type RunFields } from "./run.ts";
import type { Turn } from "./turn.ts";

const recordKey = (run: Run): string => `runs/${runKey(run.jobId, run.id)}`;
const none: ReadonlyMap<string, Run> = new Map();

export class RunTable {
  readonly #all = new Map<string, Run>();
  readonly #byJob = new Map<string, Map<string, Run>>();
  /** Without a task, in the order in which they are tried. */
  readonly #waiting = new Map<string, Run>();
  #hasNewWork = false;

  get size(): number {
    return this.#all.size;
  }

  get waiting(): ReadonlyMap<string, Run> {
    return this.#waiting;
  }

  all(): IterableIterator<Run> {
    return this.#all.values();
  }

  get(jobId: string, runId: string): Run | undefined {
    return this.#all.get(runKey(jobId, runId));
  }

  /** Oldest first. */
  ofJob(jobId: string): ReadonlyMap<string, Run> {
    return this.#byJob.get(jobId) ?? none;
  }

  restore(run: Run): void {
    this.#set(run);
  }

  add(turn: Turn, run: Run): Run {
    turn.put(recordKey(run), encodeRun(run));
    this.#set(run);
    return run;
  }

  change(turn: Turn, run: Run, fields: Partial<RunFields>): Run {
    return this.add(turn, { ...run, ...fields });
  }

  remove(turn: Turn, run: Run): void {
    const key = runKey(run.jobId, run.id);
    turn.delete(recordKey(run));
    this.#all.delete(key);
    this.#waiting.delete(key);
    const siblings = this.#byJob.get(run.jobId);
    siblings?.delete(run.id);
    if (siblings?.size === 0) this.#byJob.delete(run.jobId);
  }

  /** Behind all others that wait. */
  tryLater(run: Run): void {
    const key = runKey(run.jobId, run.id);
    if (!this.#waiting.delete(key)) return;
    this.#waiting.set(key, run);
  }

  /** Whether something came up that no offer was asked for yet. */
  takeNewWork(): boolean {
    const hasNewWork = this.#hasNewWork;
    this.#hasNewWork = false;
    return hasNewWork;
  }

  /** What was served leaves more to serve: more offers are wanted at once. */
  noteMoreWork(): void {
    if (this.#waiting.size > 0) this.#hasNewWork = true;
  }

  snapshot(): JsonValue {
    return [...this.#all.values()].map(encodeRun);
  }

  check(): readonly string[] {
    const problems: string[] = [];
    const taskIds = new Set<string>();
    for (const [key, run] of this.#all) {
      const task = currentTask(run);
      if (run.isTaskOut && task === undefined) problems.push(`run ${key} has no task and one that is out`);
      if (this.#waiting.has(key) === run.isTaskOut)
        problems.push(`run ${key} waits beside its task, or not without`);
      if (run.status === "ACTIVE" && !run.isTaskOut) problems.push(`run ${key} is active without a task`);
      for (const { id } of run.tasks) {
        if (taskIds.has(id)) problems.push(`task ${id} belongs to two runs`);
        taskIds.add(id);
      }
    }
    return problems;
  }

  #set(run: Run): void {
    const key = runKey(run.jobId, run.id);
    this.#all.set(key, run);
    const siblings = this.#byJob.get(run.jobId) ?? new Map<string, Run>();
    siblings.set(run.id, run);
    this.#byJob.set(run.jobId, siblings);
    if (run.isTaskOut) this.#waiting.delete(key);
    else {
      if (!this.#waiting.has(key)) this.#hasNewWork = true;
      this.#waiting.set(key, run);
    }
  }
}
