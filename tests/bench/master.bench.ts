import { createServer, get } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { pipeline, Readable } from "node:stream";
import type { LinkTask } from "#contracts/link/messages.ts";
import type { MasterCore } from "../../src/kernel/master/core/index.ts";
import { stateParts, TaskTexts } from "../../src/kernel/master/shell/state-answer.ts";
import { type Benchmark, type Figure, measure, percentile } from "./frame.ts";
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

/** A real HTTP server in this process whose only answer is the master's. */
async function withStateServer(
  core: MasterCore,
  work: (read: () => Promise<number>) => Promise<Figure>,
): Promise<Figure> {
  const texts = new TaskTexts();
  const server = createServer((_request, response) => {
    pipeline(Readable.from(stateParts(core.state, texts, {})), response, () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const read = (): Promise<number> =>
    new Promise((resolve, reject) => {
      get({ port, host: "127.0.0.1" }, (answer) => {
        let bytes = 0;
        answer.on("data", (part: Buffer) => {
          bytes += part.length;
        });
        answer.on("end", () => resolve(bytes));
        answer.on("error", reject);
      }).on("error", reject);
    });
  try {
    return await work(read);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

function state(readers: number, rounds: number): Benchmark {
  return {
    name: readers === 1 ? "master-state" : `master-state-${readers}-readers`,
    operation: `one whole /state read over HTTP by ${readers} at once, its texts cached; the readers share this process`,
    target: "≤ 200 ms for 100,000 tasks and 50 readers, loop delay p99 ≤ 50 ms",
    sizes: [1_000, 10_000, 100_000],
    isInProcess: true,
    run: (tasks) =>
      withStateServer(masterWithTasks(tasks), async (read) => {
        const firstStarted = performance.now();
        await read();
        const firstMs = performance.now() - firstStarted;
        const delay = monitorEventLoopDelay({ resolution: 1 });
        delay.enable();
        let bytes = 0;
        const times: number[] = [];
        const timed = async (): Promise<void> => {
          const started = performance.now();
          bytes = await read();
          times.push(performance.now() - started);
        };
        const figure = await measure(tasks, rounds * readers, async () => {
          for (let round = 0; round < rounds; round += 1) {
            await Promise.all(Array.from({ length: readers }, timed));
          }
        });
        delay.disable();
        return {
          ...figure,
          more: {
            n: times.length,
            mib: bytes / bytesPerMib,
            firstMs,
            p50Ms: percentile(times, 0.5),
            p99Ms: percentile(times, 0.99),
            loopDelayP99Ms: delay.percentile(99) / 1e6,
          },
        };
      }),
  };
}

export const benchmarks: readonly Benchmark[] = [
  memory,
  reregistration("master-reregistration", 20, [200, 1_000, 2_000]),
  reregistration("master-reregistration-many-agents", 1, [2_000, 10_000, 20_000]),
  state(1, 20),
  state(50, 1),
];
