/** What becomes of the tasks of a former life of this agent. Source: contract mesos.md section 4.6. */
import type { RecoveredContainer } from "#kernel/containerizer/driver.ts";
import { networkPlanOf } from "./container-plan.ts";
import type { ContainerNetwork, NetworkAddresses } from "./events.ts";
import type { Executors } from "./executors.ts";
import { joinedInfos } from "./network-infos.ts";
import type { Standalones } from "./standalone.ts";
import { doomed, executorTerminated } from "./status-text.ts";
import type { Step } from "./step.ts";
import type { TaskLifecycle } from "./task-lifecycle.ts";
import { hasOwnContainer, type TaskRun } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";
import type { AgentTimers } from "./timers.ts";

export interface RecoveryParts {
  readonly table: TaskTable;
  readonly lifecycle: TaskLifecycle;
  readonly executors: Executors;
  readonly standalones: Standalones;
  readonly timers: AgentTimers;
  /** In networks that were joined before. */
  readonly addresses?: NetworkAddresses;
  /** The machine was started again since: nothing of before can run. */
  readonly rebooted: boolean;
}

/** Answers how many containers run that no record tells of. */
export function recoverContainers(
  step: Step,
  recovered: readonly RecoveredContainer[],
  parts: RecoveryParts,
): number {
  const { table, executors } = parts;
  const found = new Map(recovered.map((container) => [container.containerId, container]));
  for (const executor of [...table.executors.all()]) {
    const { containerId } = executor.spec;
    executors.recover(step, executor, found.get(containerId), parts.rebooted);
    found.delete(containerId);
  }
  for (const run of [...table.runs()]) {
    const { containerId } = run.spec;
    if (!hasOwnContainer(run)) continue;
    if (run.progress.phase === "ended") {
      if (found.has(containerId)) step.emit({ kind: "removeContainer", containerId });
    } else recoverRun(step, run, found.get(containerId), parts);
    found.delete(containerId);
  }
  for (const container of [...parts.standalones.all().values()]) {
    parts.standalones.recover(step, container, found.get(container.containerId), parts.rebooted);
    found.delete(container.containerId);
  }
  // Containers of runs that were forgotten: nobody answers for them any more.
  for (const { kind, containerId } of found.values()) {
    step.log("warn", "container.orphanFound", { containerId, found: kind });
    step.emit({ kind: kind === "running" ? "destroyContainer" : "removeContainer", containerId });
  }
  return tellOldStore(step, [...found.values()]);
}

/** A run is on the disk before it starts and until it ended: what runs without being there came after these records. */
function tellOldStore(step: Step, orphans: readonly RecoveredContainer[]): number {
  const { length } = orphans.filter(({ kind }) => kind === "running");
  if (length > 0)
    step.log("error", "agent.storeIsOld", {
      containers: length,
      advice:
        "The records of this agent are older than what runs here: an earlier copy of its data folder was put back, or another agent used it. " +
        "Containers they do not tell of are ended, and their tasks are told as lost.",
    });
  return length;
}

function recoverRun(
  step: Step,
  run: TaskRun,
  container: RecoveredContainer | undefined,
  parts: RecoveryParts,
): void {
  const { lifecycle, table } = parts;
  const isWanted =
    run.progress.discarded !== true && table.framework(run.spec.frameworkId)?.checkpoint === true;
  const lives = container?.kind === "running" && !parts.rebooted;
  if (!isWanted) lifecycle.discard(step, run, "none");
  if (lives) {
    if (isWanted) adopt(step, run, container.pid, parts);
    return;
  }
  if (container?.kind === "ended" && !parts.rebooted) {
    lifecycle.containerExited(step, container.report);
    return;
  }
  lifecycle.end(step, run, goneVerdict(run, container, parts));
}

function goneVerdict(
  run: TaskRun,
  container: RecoveredContainer | undefined,
  { rebooted, table }: RecoveryParts,
) {
  if (rebooted) return executorTerminated("The machine was restarted");
  const { doom } = run.progress;
  if (doom !== undefined) return doomed(doom, table.framework(run.spec.frameworkId));
  const cause = run.progress.kill?.cause;
  if (cause === "scheduler" || cause === "draining")
    return {
      state: "TASK_KILLED",
      source: "SOURCE_AGENT",
      message: "The container was gone when the agent came back",
    } as const;
  return executorTerminated(
    container?.kind === "neverStarted"
      ? container.message
      : "The container was gone when the agent came back",
  );
}

function adopt(step: Step, run: TaskRun, pid: number, parts: RecoveryParts): void {
  const { lifecycle, timers } = parts;
  const { containerId } = run.spec;
  step.log("info", "task.adopted", { containerId, pid });
  if (run.progress.doom !== undefined) {
    // The order may not have left before the former life ended.
    step.emit({ kind: "destroyContainer", containerId });
    return;
  }
  if (run.progress.phase === "launching") {
    lifecycle.containerStarted(step, containerId, pid, networkOf(run, parts));
    return;
  }
  lifecycle.armMaxCompletion(run);
  lifecycle.checks.resume(step, run);
  const { kill } = run.progress;
  // The signal may not have left before the former life ended; a second SIGTERM does no harm.
  if (kill === undefined) return;
  step.emit({ kind: "signalContainer", containerId, signal: "SIGTERM" });
  timers.set({ kind: "killGrace", containerId }, kill.deadline);
}

/** Of a run whose start was not told any more. */
function networkOf({ spec }: TaskRun, { table, addresses }: RecoveryParts): ContainerNetwork | undefined {
  const executor = table.executors.get(spec.executor?.containerId ?? "");
  const plan = networkPlanOf(spec, executor?.spec.info.container);
  if (plan === undefined) return undefined;
  return {
    owner: plan.owner,
    infos: joinedInfos(plan.infos, { addresses: addresses?.get(plan.owner) ?? [] }),
  };
}
