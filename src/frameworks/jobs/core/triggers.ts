/**
 * Which jobs a success starts: those that wait for it, once each of their parents has succeeded anew.
 *
 * A parent counts when the run of it that ended last was a success that came after the child's newest run was made and
 * after the child's own last success, in the order in which they were written. So each success is used once, also by a child that
 * somebody started by hand.
 * Source: contract metronome.md section 5.1; ADR 0131 for what outlives this process.
 */
import type { HistorySummary } from "./history-table.ts";
import type { Job } from "./job-table.ts";
import type { JobsState } from "./state.ts";

export function successOf(state: JobsState, jobId: string): readonly Job[] {
  return state.jobs.dependentsOf(jobId).flatMap((id) => {
    const child = state.jobs.get(id);
    return child !== undefined && isDue(state, child) ? [child] : [];
  });
}

function isDue({ runs, history }: JobsState, { definition }: Job): boolean {
  if (runs.ofJob(definition.id).size > 0) return false;
  const own = history.of(definition.id).summary;
  return definition.dependencies.every(({ id }) => isNewerSuccess(history.of(id).summary, own));
}

export function isNewerSuccess(parent: HistorySummary, child: HistorySummary): boolean {
  if (parent.lastOutcome !== "success" || parent.lastSuccessAt === undefined) return false;
  const succeeded = parent.lastSuccessOrder ?? 0;
  const used = Math.max(child.lastStartOrder ?? 0, child.lastSuccessOrder ?? 0);
  if (succeeded > 0 || used > 0) return succeeded > used;
  // Both are of a build that kept no order.
  return parent.lastSuccessAt > Math.max(child.lastStartAt ?? 0, child.lastSuccessAt ?? 0);
}
