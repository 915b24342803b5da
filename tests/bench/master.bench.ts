import type { LinkTask } from "#contracts/link/messages.ts";
import { type Benchmark, measure } from "./frame.ts";
import {
  frameworkInfo,
  heapMib,
  launchTasks,
  masterForTasks,
  masterWithTasks,
  newMaster,
  reregisterAgent,
  runTasks,
  taskResources,
} from "./kernel-cores.ts";

const bytesPerMib = 1_048_576;

const memory: Benchmark = {
  name: "master-memory",
  operation: "one task launched, said to start and to run, both acknowledged; heap beside that of the agents",
  target: "≤ 600 B a task",
  sizes: [10_000, 100_000, 300_000],
  isInProcess: true,
  run: async (tasks) => {
    const core = masterForTasks(tasks);
    const before = heapMib();
    let staging = 0;
    const figure = await measure(tasks, tasks, () => {
      launchTasks(core, tasks);
      staging = heapMib();
      runTasks(core);
    });
    const running = heapMib();
    const states = [...core.state.frameworks.values()].flatMap(({ tasks }) => [...tasks.values()]);
    return {
      ...figure,
      more: {
        bytesStaging: ((staging - before) * bytesPerMib) / tasks,
        bytesRunning: ((running - before) * bytesPerMib) / tasks,
        running: states.filter(({ state }) => state === "TASK_RUNNING").length,
      },
    };
  },
};

/** Frameworks are five; each agent brings as many tasks of each. */
function reregistration(name: string, tasksOfEach: number, sizes: readonly number[]): Benchmark {
  const frameworks = 5;
  const perAgent = frameworks * tasksOfEach;
  return {
    name,
    operation: `one task brought back to a new master, ${perAgent} tasks of ${frameworks} frameworks an agent; no sockets, no disk`,
    target: "20,000 agents with 100,000 tasks ≤ 10 s",
    sizes,
    isInProcess: true,
    run: async (agents) => {
      const prepared = Array.from({ length: agents }, (_, index) =>
        Array.from({ length: perAgent }, (_, task) => returningTask(index, task, frameworks)),
      );
      const infos = Array.from({ length: frameworks }, (_, index) => ({
        ...frameworkInfo(`f${index}`),
        id: { value: `former-000${index}` },
      }));
      const core = newMaster();
      return measure(
        agents,
        agents * perAgent,
        () => {
          for (const [index, tasks] of prepared.entries()) reregisterAgent(core, index, infos, tasks, 1);
        },
        () => ({
          agents: core.state.agents.size,
          tasks: [...core.state.agents.values()].reduce((sum, { tasks }) => sum + tasks.size, 0),
        }),
      );
    },
  };
}

const returningTask = (agent: number, task: number, frameworks: number): LinkTask => ({
  name: "sleep",
  task_id: { value: `t-${agent}-${task}` },
  framework_id: { value: `former-000${task % frameworks}` },
  agent_id: { value: `former-S${agent}` },
  state: "TASK_RUNNING",
  resources: taskResources,
  statuses: [{ task_id: { value: `t-${agent}-${task}` }, state: "TASK_RUNNING", timestamp: 1 }],
});

const restMinutes = 10;

/** Agents answer their pings, and nothing else happens. */
const atRest: Benchmark = {
  name: "master-rest",
  operation: "one minute in which nothing happens, 50 tasks an agent",
  target: "100,000 tasks ≤ 600 ms, a hundredth of a core",
  sizes: [1_000, 10_000, 100_000],
  isInProcess: true,
  run: async (tasks) => {
    const core = masterWithTasks(tasks);
    let now = 60_000;
    let pings = 0;
    const pass = (ms: number): void => {
      const end = now + ms;
      for (let at = core.wakeAt(); at !== undefined && at <= end; at = core.wakeAt()) {
        now = Math.max(now, at);
        for (const effect of core.wake(now).effects) {
          if (effect.kind !== "sendToAgent" || effect.message.kind !== "ping") continue;
          pings += 1;
          const { connection } = effect;
          core.apply({ kind: "agentSaid", connection, message: { kind: "pong" } }, now);
        }
      }
      now = end;
    };
    pass(60_000);
    pings = 0;
    return measure(
      tasks,
      restMinutes,
      () => pass(restMinutes * 60_000),
      () => ({ pingsAMinute: pings / restMinutes }),
    );
  },
};

export const benchmarks: readonly Benchmark[] = [
  memory,
  atRest,
  reregistration("master-reregistration", 20, [200, 1_000, 2_000]),
  reregistration("master-reregistration-many-agents", 1, [2_000, 20_000, 50_000]),
];
