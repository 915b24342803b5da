/** Master cores with many agents and frameworks, in one process. */

import type { FrameworkInfo, Offer, TaskInfo } from "#contracts/kernel/messages.gen.ts";
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
    registry: { epoch: 0, agents: new Map(), unreachable: new Map(), weights: new Map() },
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
  core.apply(
    {
      kind: "schedulerCalled",
      frameworkId,
      call: {
        type: "ACCEPT",
        accept: {
          offer_ids: [offer.id],
          operations: [{ type: "LAUNCH", launch: { task_infos } }],
          filters: { refuse_seconds: 3600 },
        },
      },
    },
    now,
  );
}

/** Offers that a wake brings, by framework. */
export function offersAt(core: MasterCore, now: number): readonly Offer[] {
  return core
    .wake(now)
    .effects.flatMap((effect) => (effect.kind === "sendEvent" ? (effect.event.offers?.offers ?? []) : []));
}

/** A core that runs `tasks` tasks, 50 an agent, of one framework. */
export function masterWithTasks(tasks: number): { readonly core: MasterCore; readonly frameworkId: string } {
  const core = newMaster();
  const perAgent = 50;
  const agents = Math.ceil(tasks / perAgent);
  for (let index = 0; index < agents; index += 1) registerAgent(core, index, 0);
  const frameworkId = subscribe(core, "filler", 1);
  let launched = 0;
  const offers = [...core.state.offers.values()];
  for (const [index, { wire }] of offers.entries()) {
    const count = Math.min(perAgent, tasks - launched);
    if (count <= 0) break;
    acceptOffer(core, frameworkId, wire, count, `t-${index}`, 2);
    launched += count;
  }
  return { core, frameworkId };
}

export function heapMib(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1_048_576;
}
