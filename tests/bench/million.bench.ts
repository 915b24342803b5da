/**
 * Many tasks on simulated agents, in one process: the real master and allocator, a framework that takes every offer whole,
 * and agents that say of each task that it runs. Calls and updates pass through JSON as on the wire; there are no sockets.
 */
import { type Benchmark, measure } from "./frame.ts";
import { acceptOffer, newMaster, registerAgent, subscribe, taskTold } from "./kernel-cores.ts";

const tasksPerAgent = 200;

export const benchmarks: readonly Benchmark[] = [
  {
    name: "million-tasks",
    operation: `one task launched, said to run and acknowledged, ${tasksPerAgent} an agent; no sockets`,
    target: "1,000,000 on 5,000 agents at ≥ 5,000 a second (200 µs), the last tenth as fast as the first",
    sizes: [10_000, 100_000, 1_000_000],
    isInProcess: true,
    run: async (tasks) => {
      const agents = tasks / tasksPerAgent;
      const core = newMaster();
      for (let index = 0; index < agents; index += 1) registerAgent(core, index, 0);
      const frameworkId = subscribe(core, "million", 1);
      const offers = [...core.state.offers.values()];
      const marks: number[] = [];
      const figure = await measure(tasks, tasks, () => {
        for (const [index, { wire, agentId }] of offers.entries()) {
          if (index % Math.ceil(agents / 10) === 0) marks.push(cpuMicros());
          acceptOffer(core, frameworkId, wire, tasksPerAgent, `task.${index}`, 2);
          const agent = core.state.agents.get(agentId);
          for (const { taskId } of [...(agent?.tasks ?? [])]) {
            taskTold(
              core,
              { connection: agent?.connection ?? "", agentId, frameworkId, taskId },
              "TASK_RUNNING",
            );
          }
        }
        marks.push(cpuMicros());
      });
      const tenth = tasks / 10;
      const part = (from: number): number => ((marks.at(from + 1) ?? 0) - (marks.at(from) ?? 0)) / tenth;
      const known = core.state.frameworks.get(frameworkId)?.tasks.values() ?? [];
      return {
        ...figure,
        more: {
          perSecond: tasks / figure.wallSeconds,
          firstTenthMicros: part(0),
          lastTenthMicros: part(marks.length - 2),
          running: [...known].filter(({ state }) => state === "TASK_RUNNING").length,
        },
      };
    },
  },
];

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
