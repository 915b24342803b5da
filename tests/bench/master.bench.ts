import { monitorEventLoopDelay } from "node:perf_hooks";
import type { LinkTask } from "#contracts/link/messages.ts";
import { stateParts, TaskTexts } from "../../src/kernel/master/shell/state-answer.ts";
import { type Benchmark, measure } from "./frame.ts";
import {
  frameworkInfo,
  heapMib,
  masterWithTasks,
  newMaster,
  reregisterAgent,
  taskResources,
} from "./kernel-cores.ts";

const memory: Benchmark = {
  name: "master-memory",
  operation: "one task launched, and what it keeps in the master's heap",
  target: "≤ 600 B a task",
  sizes: [10_000, 50_000, 200_000],
  isInProcess: true,
  run: async (tasks) => {
    const before = heapMib();
    let kept: unknown;
    return measure(
      tasks,
      tasks,
      () => {
        kept = masterWithTasks(tasks);
      },
      () => {
        const bytes = ((heapMib() - before) * 1_048_576) / tasks;
        return { bytesPerTask: bytes, kept: kept === undefined ? 0 : 1 };
      },
    );
  },
};

const failover: Benchmark = {
  name: "master-reregistration",
  operation: "one task brought back by its agent, 50 tasks of 5 frameworks an agent, to a new master",
  target: "20,000 agents with 100,000 tasks ≤ 10 s",
  sizes: [200, 1_000, 2_000],
  isInProcess: true,
  run: async (agents) => {
    const infos = Array.from({ length: 5 }, (_, index) => ({
      ...frameworkInfo(`f${index}`),
      id: { value: `former-000${index}` },
    }));
    const tasksOf = (agent: number): LinkTask[] =>
      Array.from({ length: 50 }, (_, index) => ({
        name: "sleep",
        task_id: { value: `t-${agent}-${index}` },
        framework_id: { value: `former-000${index % 5}` },
        agent_id: { value: `former-S${agent}` },
        state: "TASK_RUNNING" as const,
        resources: taskResources,
        statuses: [
          { task_id: { value: `t-${agent}-${index}` }, state: "TASK_RUNNING" as const, timestamp: 1 },
        ],
      }));
    const prepared = Array.from({ length: agents }, (_, index) => tasksOf(index));
    const core = newMaster();
    return measure(
      agents,
      agents * 50,
      () => {
        for (const [index, tasks] of prepared.entries()) reregisterAgent(core, index, infos, tasks, 1);
      },
      () => ({ agents: core.state.agents.size }),
    );
  },
};

const state: Benchmark = {
  name: "master-state",
  operation: "one whole /state made in parts, the second time it is read",
  target: "≤ 200 ms for 100,000 tasks, loop delay p99 ≤ 50 ms",
  sizes: [1_000, 10_000, 100_000],
  isInProcess: true,
  run: async (tasks) => {
    const { core } = masterWithTasks(tasks);
    const texts = new TaskTexts();
    const read = async (): Promise<number> => {
      let bytes = 0;
      for await (const part of stateParts(core.state, texts, {})) bytes += part.length;
      return bytes;
    };
    await read();
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    let bytes = 0;
    const rounds = 3;
    const figure = await measure(
      tasks,
      rounds,
      async () => {
        for (let round = 0; round < rounds; round += 1) bytes = await read();
      },
      () => ({}),
    );
    delay.disable();
    return {
      ...figure,
      more: {
        mib: bytes / 1_048_576,
        msEach: (figure.wallSeconds * 1000) / rounds,
        loopDelayP99Ms: delay.percentile(99) / 1e6,
      },
    };
  },
};

export const benchmarks: readonly Benchmark[] = [memory, failover, state];
