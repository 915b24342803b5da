/**
 * Which jobs the caller may see and change. A grant on a job group covers what is below it, written with dots as jobs
 * are, or as a path. Source: contract platform.md section 2.3, `dcos:service:metronome:metronome:jobs`.
 */
import type { Action } from "#domain/permissions/index.ts";
import { demand, isRestricted, mayDo } from "#frameworks/base/shell/sight.ts";

const jobs = "dcos:service:metronome:metronome:jobs:";

export function mayJob(id: string, action: Action): boolean {
  if (!isRestricted()) return true;
  const segments = id.split(".");
  const groups = segments.map((_, index) => segments.slice(0, index + 1).join("."));
  return (
    mayDo(`${jobs}/${segments.join("/")}`, action) || groups.some((group) => mayDo(jobs + group, action))
  );
}

export const seesJob = (id: string): boolean => mayJob(id, "read");

/** Throws `Forbidden`. */
export function demandJob(id: string, action: Action): void {
  if (!mayJob(id, action)) demand(jobs + id, action);
}
