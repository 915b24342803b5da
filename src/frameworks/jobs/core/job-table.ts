/** Jobs with their schedules, as they are wished. */

import type { JobDefinition, JobRunSpec, JobSchedule } from "#domain/jobs/index.ts";
import { type Constraint, compileConstraint } from "#domain/placement/constraints.ts";
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import { RecordReader, recordFormat } from "#frameworks/base/core/stored-record.ts";
import type { Turn } from "./turn.ts";

export interface Job {
  readonly definition: JobDefinition;
  /** One at most. */
  readonly schedules: readonly JobSchedule[];
}

const recordKey = (id: string): string => `jobs/${id}`;

export class JobTable {
  readonly #jobs = new Map<string, Job>();
  /** By parent: who waits for it. */
  readonly #dependents = new Map<string, Set<string>>();

  get size(): number {
    return this.#jobs.size;
  }

  all(): IterableIterator<Job> {
    return this.#jobs.values();
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  dependentsOf(id: string): readonly string[] {
    return [...(this.#dependents.get(id) ?? [])].sort();
  }

  restore(key: string, value: JsonValue): void {
    const record = new RecordReader(key, value);
    // Written by this build or an earlier one, from a definition that was judged.
    const definition = record.object("definition") as unknown as JobDefinition;
    const schedules = record.list("schedules") as unknown as readonly JobSchedule[];
    this.#set({ definition, schedules });
  }

  put(turn: Turn, job: Job): void {
    turn.put(recordKey(job.definition.id), {
      format: recordFormat,
      // Definitions are JSON by construction.
      definition: job.definition as unknown as JsonObject,
      schedules: job.schedules as unknown as JsonValue,
    });
    this.#set(job);
  }

  remove(turn: Turn, id: string): void {
    turn.delete(recordKey(id));
    this.#unlink(id);
    this.#jobs.delete(id);
  }

  snapshot(): JsonValue {
    return [...this.#jobs.values()].map(({ definition, schedules }) => [
      definition as unknown as JsonObject,
      schedules as unknown as JsonValue,
    ]);
  }

  check(): readonly string[] {
    const problems: string[] = [];
    for (const { definition, schedules } of this.#jobs.values()) {
      if (schedules.length > 1) problems.push(`job ${definition.id} has ${schedules.length} schedules`);
      for (const { id } of definition.dependencies) {
        if (!this.#jobs.has(id)) problems.push(`job ${definition.id} depends on ${id}, which is not there`);
        if (this.#dependents.get(id)?.has(definition.id) !== true)
          problems.push(`${id} does not know that ${definition.id} waits for it`);
      }
    }
    return problems;
  }

  #set(job: Job): void {
    const { id, dependencies } = job.definition;
    this.#unlink(id);
    this.#jobs.set(id, job);
    for (const parent of dependencies) {
      const waiting = this.#dependents.get(parent.id) ?? new Set<string>();
      waiting.add(id);
      this.#dependents.set(parent.id, waiting);
    }
  }

  #unlink(id: string): void {
    for (const parent of this.#jobs.get(id)?.definition.dependencies ?? []) {
      const waiting = this.#dependents.get(parent.id);
      waiting?.delete(id);
      if (waiting?.size === 0) this.#dependents.delete(parent.id);
    }
  }
}

const compiled = new WeakMap<JobRunSpec, readonly Constraint[]>();

/** Once for each definition. One without a value rules nothing out. */
export function constraintsOf(spec: JobRunSpec): readonly Constraint[] {
  const known = compiled.get(spec);
  if (known !== undefined) return known;
  const constraints = spec.placement.constraints.flatMap(({ attribute, operator, value }) =>
    value === undefined ? [] : [compileConstraint([attribute, operator, value])],
  );
  compiled.set(spec, constraints);
  return constraints;
}
