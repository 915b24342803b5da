/** What the agent answers about itself in the operator API. Source: contract mesos.md section 3.4. */
import { drainConfig } from "#contracts/kernel/drain-config.ts";
import type {
  AgentInfo,
  AgentResponseGetAgent,
  AgentResponseGetContainersContainer,
  AgentResponseGetExecutors,
  AgentResponseGetFrameworks,
  AgentResponseGetTasks,
  Operation,
  Task,
} from "#contracts/kernel/messages.gen.ts";
import { uuidToBase64 } from "#foundation/base/uuid.ts";
import { containerIdOf, type TaskRun, toLinkTask } from "../../core/task-run.ts";
import type { AgentView } from "../../core/view.ts";
import { liveExecutors, pastExecutors, type ShownExecutor } from "../shown-executors.ts";
import type { MeasuredContainer } from "../usage.ts";
import type { NestedContainer } from "./nested-containers.ts";

const liveRuns = ({ frameworks }: AgentView): readonly TaskRun[] =>
  [...frameworks.values()].flatMap(({ runs }) => runs);
const pastRuns = ({ past }: AgentView): readonly TaskRun[] => [...past.values()].flatMap(({ runs }) => runs);

// A link's task is Mesos' Task message with nothing added.
const taskOf = (run: TaskRun): Task => toLinkTask(run);

export function tasksOf(view: AgentView): AgentResponseGetTasks {
  const live = liveRuns(view);
  const inPhase = (phase: string): readonly Task[] =>
    live.filter(({ progress }) => progress.phase === phase).map(taskOf);
  return {
    pending_tasks: [],
    queued_tasks: inPhase("launching"),
    launched_tasks: inPhase("running"),
    terminated_tasks: inPhase("ended"),
    completed_tasks: pastRuns(view).map(taskOf),
  };
}

export function executorsOf(view: AgentView): AgentResponseGetExecutors {
  const shown = (executors: readonly ShownExecutor[]) =>
    executors.map(({ info }) => ({ executor_info: info }));
  return {
    executors: shown([...view.frameworks.keys()].flatMap((id) => liveExecutors(view, id))),
    completed_executors: shown([...view.past.keys()].flatMap((id) => pastExecutors(view, id))),
  };
}

export function frameworksOf({ frameworks, past }: AgentView): AgentResponseGetFrameworks {
  return {
    frameworks: [...frameworks.values()].map(({ info }) => ({ framework_info: info })),
    completed_frameworks: [...past]
      .filter(([id]) => !frameworks.has(id))
      .map(([, { info }]) => ({ framework_info: info })),
  };
}

export function agentAnswer(view: AgentView): AgentResponseGetAgent {
  const { drain } = view;
  if (drain === undefined) return { agent_info: agentOf(view) };
  return {
    agent_info: agentOf(view),
    drain_config: drainConfig(drain),
    estimated_drain_start_time: { nanoseconds: drain.since * 1_000_000 },
  };
}

function agentOf({ facts, agentId }: AgentView): AgentInfo {
  const { hostname, port, resources, attributes, domain } = facts;
  return {
    hostname,
    port,
    resources,
    ...(attributes.length === 0 ? {} : { attributes }),
    ...(agentId === undefined ? {} : { id: { value: agentId } }),
    ...(domain === undefined ? {} : { domain }),
  };
}

/** Those whose last status is not acknowledged. */
export function operationsOf({ agentId, operations }: AgentView): readonly Operation[] {
  return operations.map(({ operationUuid, frameworkId, info, status }) => ({
    ...(frameworkId === undefined ? {} : { framework_id: { value: frameworkId } }),
    ...(agentId === undefined ? {} : { agent_id: { value: agentId } }),
    info,
    latest_status: status,
    statuses: [status],
    uuid: { value: uuidToBase64(operationUuid) },
  }));
}

export function containersOf(
  measured: readonly MeasuredContainer[],
  nested: Iterable<NestedContainer>,
): readonly AgentResponseGetContainersContainer[] {
  const byContainer = new Map(measured.map(({ executor }) => [executor.containerId, executor]));
  const named = ({ frameworkId, executorId, name }: ShownExecutor) => ({
    framework_id: { value: frameworkId },
    executor_id: { value: executorId },
    executor_name: name,
  });
  return [
    ...measured.map(({ executor, run, statistics }) => ({
      ...named(executor),
      container_id: run === undefined ? { value: executor.containerId } : containerIdOf(run),
      container_status: run === undefined ? executor.status : (run.statuses.at(-1)?.container_status ?? {}),
      resource_statistics: statistics,
    })),
    ...[...nested].flatMap(({ id, exit, session }) => {
      const parent = byContainer.get(id.parent?.value ?? "");
      if (exit !== undefined || parent === undefined) return [];
      return [
        {
          ...named(parent),
          container_id: id,
          container_status: { container_id: id, executor_pid: session.pid },
        },
      ];
    }),
  ];
}
