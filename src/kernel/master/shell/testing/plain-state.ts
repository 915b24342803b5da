/** The answers about the master's state written in one go, to compare with those made of pages. */
import type { Task } from "#contracts/kernel/messages.gen.ts";
import { type FrameworkRecord, isActive, type MasterState, type TaskRecord } from "../../core/index.ts";
import { agentMessage, executorMessage, frameworkMessage, taskMessage } from "../operator-messages.ts";
import { agentFullJson, agentJson, allTasks, frameworkJson, taskCounters, taskJson } from "../v0-records.ts";
import { type Viewer, visibleAgent, visibleState } from "../viewer.ts";

export const facts = { id: "M", version: "1" };

function tasksMessage(state: MasterState): object {
  const frameworks = [...state.frameworks.values(), ...state.completedFrameworks.values()];
  const all = (pick: (framework: FrameworkRecord) => Iterable<TaskRecord>): readonly Task[] =>
    frameworks.flatMap((each) => [...pick(each)].map(taskMessage));
  return {
    pending_tasks: [],
    tasks: all(({ tasks }) => tasks.values()),
    unreachable_tasks: all(({ unreachableTasks }) => unreachableTasks.values()),
    completed_tasks: all(({ completedTasks }) => completedTasks.values()),
    orphan_tasks: [],
  };
}

/** Every answer written plainly: all of it in one go, from what the viewer may see. */
export function plainly(state: MasterState, viewer: Viewer): Readonly<Record<string, object>> {
  const seen = visibleState(state, viewer);
  const agents = [...seen.agents.values()];
  const frameworks = [...seen.frameworks.values()];
  const withTasks = (all: Iterable<(typeof frameworks)[number]>) =>
    [...all].map((each) => ({
      ...frameworkJson(each),
      tasks: [...each.tasks.values()].map(taskJson),
      unreachable_tasks: [...each.unreachableTasks.values()].map(taskJson),
      completed_tasks: [...each.completedTasks.values()].map(taskJson),
    }));
  const recovered = [...seen.recovered.values()].map(({ agentId, hostname }) => ({ id: agentId, hostname }));
  const both = {
    frameworks: withTasks(seen.frameworks.values()),
    completed_frameworks: withTasks(seen.completedFrameworks.values()),
  };
  const tasks = frameworks.flatMap(allTasks);
  const counted = (some: readonly TaskRecord[]) => {
    const counts = new Map<string, number>();
    for (const { state: each } of some) counts.set(each, (counts.get(each) ?? 0) + 1);
    return taskCounters(counts);
  };
  const getState = {
    get_tasks: tasksMessage(seen),
    get_executors: {
      executors: [...seen.frameworks.values()].flatMap(({ executors }) =>
        [...executors].map(executorMessage),
      ),
      orphan_executors: [],
    },
    get_frameworks: {
      frameworks: [...seen.frameworks.values()].map((each) => frameworkMessage(seen, each)),
      completed_frameworks: [...seen.completedFrameworks.values()].map((each) =>
        frameworkMessage(seen, each),
      ),
      recovered_frameworks: [],
    },
    get_agents: {
      agents: [...state.agents.values()].map((agent) => visibleAgent(agentMessage(agent), viewer)),
      recovered_agents: [...state.recovered.values()].map(({ agentId, hostname }) => ({
        id: { value: agentId },
        hostname,
      })),
    },
  };
  return {
    state: {
      ...facts,
      activated_slaves: agents.filter(isActive).length,
      deactivated_slaves: agents.filter((agent) => !isActive(agent)).length,
      unreachable_slaves: seen.unreachable.size,
      slaves: agents.map(agentJson),
      recovered_slaves: recovered,
      ...both,
      orphan_tasks: [],
      unregistered_frameworks: [],
    },
    frameworks: { ...both, unregistered_frameworks: [] },
    slaves: { slaves: agents.map(agentFullJson), recovered_slaves: recovered },
    summary: {
      hostname: "h",
      slaves: agents.map((agent) => {
        const own = tasks.filter(({ agentId }) => agentId === agent.id);
        return {
          ...agentJson(agent),
          ...counted(own),
          framework_ids: [...new Set(own.map(({ frameworkId }) => frameworkId))],
        };
      }),
      frameworks: frameworks.map((framework) => ({
        ...frameworkJson(framework),
        ...counted(allTasks(framework)),
        slave_ids: [...new Set(allTasks(framework).map(({ agentId }) => agentId))],
      })),
    },
    GET_TASKS: { type: "GET_TASKS", get_tasks: getState.get_tasks },
    GET_STATE: { type: "GET_STATE", get_state: getState },
    GET_AGENTS: { type: "GET_AGENTS", get_agents: getState.get_agents },
    GET_FRAMEWORKS: { type: "GET_FRAMEWORKS", get_frameworks: getState.get_frameworks },
    GET_EXECUTORS: { type: "GET_EXECUTORS", get_executors: getState.get_executors },
    SUBSCRIBED: { type: "SUBSCRIBED", subscribed: { get_state: getState, heartbeat_interval_seconds: 15 } },
  };
}
