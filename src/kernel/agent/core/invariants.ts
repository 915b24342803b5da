import type { AgentResources } from "./operations/agent-resources.ts";
import type { OperationStatuses } from "./operations/operation-statuses.ts";
import { checkKinds, isChecked, planOf, type TaskChecks } from "./task-checks.ts";
import { isTerminal, taskIdOf } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";
import type { AgentTimers } from "./timers.ts";
import type { UpdateStreams } from "./update-streams.ts";

export interface CheckedParts {
  readonly table: TaskTable;
  readonly streams: UpdateStreams;
  readonly timers: AgentTimers;
  readonly checks: TaskChecks;
  readonly resources: AgentResources;
  readonly operations: OperationStatuses;
  readonly isRegistered: boolean;
  /** Recovery is over and the agent does not end. */
  readonly isRunning: boolean;
}

/** What must hold of an agent between two events, each breach as a sentence. */
export function invariantsBroken(parts: CheckedParts): readonly string[] {
  const { table, streams, timers, checks, isRegistered, isRunning } = parts;
  const problems = [
    ...table.inconsistencies(),
    ...parts.resources.check(table.used()),
    ...parts.operations.check(isRegistered),
  ];
  if (isRegistered && !timers.has({ kind: "ping" }))
    problems.push("the agent is registered, but does not watch for pings");
  for (const containerId of streams.containerIds()) {
    if (table.get(containerId) === undefined)
      problems.push(`updates of container ${containerId} belong to no task`);
  }
  problems.push(...executorsBroken(parts));
  for (const run of table.runs()) {
    const { containerId } = run.spec;
    const { phase, state, kill, discarded } = run.progress;
    const pending = streams.pending(containerId);
    const name = `task ${taskIdOf(run)} in ${containerId}`;
    if ((phase === "ended") !== isTerminal(state)) problems.push(`${name} is ${phase} but ${state}`);
    if (phase === "ended" && pending.length === 0)
      problems.push(`${name} ended and waits for no acknowledgement`);
    if (discarded === true && pending.length > 0)
      problems.push(`${name} was discarded but still has updates`);
    const terminalAt = pending.findIndex((status) => isTerminal(status.state));
    if (terminalAt !== -1 && terminalAt !== pending.length - 1)
      problems.push(`${name} has updates after its end`);
    if (isRegistered && pending.length > 0 && !timers.has({ kind: "resend", containerId }))
      problems.push(`${name} has an update that will not be sent again`);
    const unwatched = checkKinds.filter(
      (kind) =>
        isRunning && isChecked(run) && planOf(run, kind) !== undefined && !checks.isWatched(run, kind),
    );
    for (const kind of unwatched) problems.push(`${name} has a ${kind} that will not run again`);
    if (!isRunning || phase !== "running" || kill === undefined) continue;
    // Between the end of the grace and the container's end there is no timer: the kernel has been asked to kill.
    if (discarded !== true && !table.framework(run.spec.frameworkId))
      problems.push(`${name} has no framework`);
  }
  return problems;
}

function executorsBroken({ table, timers, isRunning }: CheckedParts): readonly string[] {
  const problems: string[] = [];
  for (const run of table.runs()) {
    const { executor } = run.spec;
    if (executor === undefined || run.progress.phase === "ended") continue;
    const phase = table.executors.get(executor.containerId)?.progress.phase;
    if (phase === undefined || phase === "ended")
      problems.push(`task ${taskIdOf(run)} lives, and its executor in ${executor.containerId} does not`);
  }
  for (const executor of table.executors.all()) {
    const { containerId, frameworkId, info } = executor.spec;
    const { phase } = executor.progress;
    const name = `executor ${info.executor_id.value} in ${containerId}`;
    if (phase === "ended" && table.runsAt(executor).length === 0)
      problems.push(`${name} ended and nothing keeps it in mind`);
    if (phase === "ended" && executor.connection !== undefined)
      problems.push(`${name} ended and has a stream`);
    if (phase !== "ended" && table.executors.find(frameworkId, info.executor_id.value) !== executor)
      problems.push(`${name} lives under a name that is another's`);
    if (table.framework(frameworkId) === undefined) problems.push(`${name} has no framework`);
    if (isRunning && phase === "registering" && !timers.has({ kind: "executorRegistration", containerId }))
      problems.push(`${name} is waited for without end`);
  }
  return problems;
}
