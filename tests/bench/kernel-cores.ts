/** Master cores with many agents and frameworks, in one process. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type {
  FrameworkInfo,
  Offer,
  SchedulerCall,
  TaskInfo,
  TaskState,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import type { LinkTask } from "#contracts/link/messages.ts";
import { parseResourcesText } from "#domain/resources/index.ts";
import { seededRandom } from "#foundation/base/random.ts";
import {
  createMasterCore,
  defaultMasterPolicy,
  type MasterCore,
} from "../../src/kernel/master/core/index.ts";

export const agentResources = parseResourcesText(
  "cpus:64;mem:262144;disk:1000000;ports:[31000-32000]",
).toWire();
export const taskResources = parseResourcesText("cpus:0.1;mem:32").toWire();

export function newMaster(): MasterCore {
  return createMasterCore({
    identity: {
      id: "bench",
      epoch: 1,
      hostname: "127.0.0.1",
      ip: "127.0.0.1",
      port: 5050,
      version: "1.11.0",
    },
    policy: defaultMasterPolicy,
    random: seededRandom(7),
    registry: {
      epoch: 0,
      agents: new Map(),
      unreachable: new Map(),
      gone: new Map(),
      weights: new Map(),
      quotas: new Map(),
      maintenance: { windows: [], down: [] },
    },
    startedAt: 0,
  });
}

const description = (index: number, id?: string) => ({
  info: {
    hostname: `host-${index}`,
    port: 5051,
    resources: agentResources,
    ...(id === undefined ? {} : { id: { value: id } }),
  },
  pid: `slave(1)@10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}:5051`,
  version: "1.11.0",
  capabilities: [],
});

export function registerAgent(core: MasterCore, index: number, now: number): void {
  core.apply(
    { kind: "agentSaid", connection: `agent-${index}`, message: { kind: "register", ...description(index) } },
    now,
  );
}

export function reregisterAgent(
  core: MasterCore,
  index: number,
  frameworks: readonly FrameworkInfo[],
  tasks: readonly LinkTask[],
  now: number,
): void {
  core.apply(
    {
      kind: "agentSaid",
      connection: `agent-${index}`,
      message: {
        kind: "reregister",
        ...description(index, `former-S${index}`),
        frameworks,
        executors: [],
        tasks,
      },
    },
    now,
  );
}

export const frameworkInfo = (name: string): FrameworkInfo => ({
  user: "nobody",
  name,
  failover_timeout: 3600,
  checkpoint: true,
  capabilities: [{ type: "PARTITION_AWARE" }],
});

/** Subscribes and answers the framework's id. */
export function subscribe(core: MasterCore, name: string, now: number): string {
  const { effects } = core.apply(
    {
      kind: "schedulerSubscribed",
      connection: `stream-${name}`,
      subscribe: { framework_info: frameworkInfo(name) },
    },
    now,
  );
  for (const effect of effects)
    if (effect.kind === "sendEvent" && effect.event.subscribed !== undefined)
      return effect.event.subscribed.framework_id.value;
  throw new Error("not subscribed");
}

/** Launches `count` tasks on the offer. */
export function acceptOffer(
  core: MasterCore,
  frameworkId: string,
  offer: Offer,
  count: number,
  prefix: string,
  now: number,
): void {
  const task_infos = Array.from(
    { length: count },
    (_, index): TaskInfo => ({
      name: "sleep",
      task_id: { value: `${prefix}-${index}` },
      agent_id: offer.agent_id,
      resources: taskResources,
      command: { value: "sleep 1000", shell: true },
    }),
  );
  // Through JSON, as a call comes in: no task shares an object or a string with another.
  const call = JSON.parse(
    JSON.stringify({
      type: "ACCEPT",
      accept: {
        offer_ids: [offer.id],
        operations: [{ type: "LAUNCH", launch: { task_infos } }],
        filters: { refuse_seconds: 3600 },
      },
    }),
  ) as SchedulerCall;
  core.apply({ kind: "schedulerCalled", frameworkId, call }, now);
}

/** Its agent tells a state of the task, and the framework acknowledges. */
export function taskTold(
  core: MasterCore,
  task: {
    readonly connection: string;
    readonly agentId: string;
    readonly frameworkId: string;
    readonly taskId: string;
  },
  state: TaskState,
): void {
  const { connection, agentId, frameworkId, taskId } = task;
  const uuid = Buffer.from(`${state}${taskId}`.padEnd(16, "-").slice(-16)).toString("base64");
  const status = JSON.parse(
    JSON.stringify({
      task_id: { value: taskId },
      agent_id: { value: agentId },
      executor_id: { value: taskId },
      state,
      source: "SOURCE_EXECUTOR",
      timestamp: 1_700_000_000.123,
      uuid,
      container_status: {
        container_id: { value: `0c9f7a1e-7d2c-4c55-a2a2-${taskId.padStart(12, "0").slice(-12)}` },
        network_infos: [{ ip_addresses: [{ protocol: "IPv4", ip_address: "127.0.0.1" }] }],
      },
    }),
  ) as TaskStatus;
  core.apply(
    {
      kind: "agentSaid",
      connection,
      message: { kind: "statusUpdate", frameworkId, status, latestState: state },
    },
    3,
  );
  core.apply(
    {
      kind: "schedulerCalled",
      frameworkId,
      call: {
        type: "ACKNOWLEDGE",
        acknowledge: { agent_id: { value: agentId }, task_id: { value: taskId }, uuid },
      },
    },
    3,
  );
}

const tasksPerAgent = 50;

/** A core with the agents for `tasks` tasks, and nobody who wants an offer. */
export function masterForTasks(tasks: number, perAgent = tasksPerAgent): MasterCore {
  const core = newMaster();
  for (let index = 0; index < tasks / perAgent; index += 1) registerAgent(core, index, 0);
  return core;
}

/** Launches `tasks` tasks of one framework, so many an agent. */
export function launchTasks(core: MasterCore, tasks: number, perAgent = tasksPerAgent): void {
  const frameworkId = subscribe(core, "filler", 1);
  let launched = 0;
  for (const { wire } of [...core.state.offers.values()]) {
    const count = Math.min(perAgent, tasks - launched);
    if (count <= 0) break;
    acceptOffer(core, frameworkId, wire, count, `task.${launched}`, 2);
    launched += count;
  }
}

/** The agent of each task says that it starts and that it runs, and the framework acknowledges both. */
export function runTasks(core: MasterCore): void {
  for (const agent of core.state.agents.values()) {
    for (const { taskId, frameworkId } of agent.tasks) {
      const task = { connection: agent.connection ?? "", agentId: agent.id, frameworkId, taskId };
      taskTold(core, task, "TASK_STARTING");
      taskTold(core, task, "TASK_RUNNING");
    }
  }
}

/** A core that runs `tasks` tasks of one framework. */
export function masterWithTasks(tasks: number, perAgent = tasksPerAgent): MasterCore {
  const core = masterForTasks(tasks, perAgent);
  launchTasks(core, tasks, perAgent);
  runTasks(core);
  return core;
}

/** A collection on demand, without asking whoever runs this for a flag. */
const collect: () => void = (() => {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc !== "function") throw new Error("this Node has no gc()");
  return () => void gc();
})();

/** The live heap: what is left after a full collection. */
export function heapMib(): number {
  collect();
  return process.memoryUsage().heapUsed / 1_048_576;
}
