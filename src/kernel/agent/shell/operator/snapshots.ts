/** What the agent answers about itself in the operator API. Source: contract mesos.md section 3.4. */
import { drainConfig } from "#contracts/kernel/drain-config.ts";
import type {
  AgentInfo,
  AgentResponseGetAgent,
  AgentResponseGetContainersContainer,
  AgentResponseGetExecutors,
  AgentResponseGetFrameworks,
  AgentResponseGetTasks,
  ExecutorInfo,
  Operation,
  Task,
} from "#contracts/kernel/messages.gen.ts";
import { uuidToBase64 } from "#foundation/base/uuid.ts";
import { type TaskRun, taskIdOf, toLinkTask } from "../../core/task-run.ts";
import type { AgentView } from "../../core/view.ts";
import { executorName } from "../state-document.ts";
import type { MeasuredTask } from "../usage.ts";
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

/** A command task's executor is implicit: it has the task's id and the task's own resources. */
function executorOf(run: TaskRun): { readonly executor_info: ExecutorInfo } {
  return {
    executor_info: {
      executor_id: { value: taskIdOf(run) },
      framework_id: { value: run.spec.frameworkId },
      name: executorName(run),
      source: taskIdOf(run),
      resources: run.spec.resources,
    },
  };
}

export function executorsOf(view: AgentView): AgentResponseGetExecutors {
  return { executors: liveRuns(view).map(executorOf), completed_executors: pastRuns(view).map(executorOf) };
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
    attributes,
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
  measured: readonly MeasuredTask[],
  nested: Iterable<NestedContainer>,
): readonly AgentResponseGetContainersContainer[] {
  const byContainer = new Map(measured.map((task) => [task.run.spec.containerId, task]));
  const ofRun = (run: TaskRun) => ({
    framework_id: { value: run.spec.frameworkId },
    executor_id: { value: taskIdOf(run) },
    executor_name: executorName(run),
  });
  return [
    ...measured.map(({ run, statistics }) => ({
      ...ofRun(run),
      container_id: { value: run.spec.containerId },
      container_status: run.statuses.at(-1)?.container_status ?? {},
      resource_statistics: statistics,
    })),
    ...[...nested].flatMap(({ id, exit, session }) => {
      const parent = byContainer.get(id.parent?.value ?? "");
      if (exit !== undefined || parent === undefined) return [];
      return [
        {
          ...ofRun(parent.run),
          container_id: id,
          container_status: { container_id: id, executor_pid: session.pid },
        },
      ];
    }),
  ];
}
