/** Which ports a cluster on one machine takes. */
import { createServer } from "node:net";

export interface PortPlan {
  readonly door: number;
  readonly kernel: number;
  readonly services: number;
  readonly jobs: number;
  readonly iam: number;
  readonly secrets: number;
  /** One an agent. */
  readonly agents: readonly number[];
  /** Those that tasks get, of all agents together; undefined: the default ones. */
  readonly tasks: PortSpan | undefined;
}

/** Both ends are in it. */
export interface PortSpan {
  readonly begin: number;
  readonly end: number;
}

const defaults = {
  door: 8800,
  kernel: 5050,
  firstAgent: 5051,
  services: 8080,
  jobs: 9000,
  iam: 8101,
  secrets: 8102,
};
/** How far apart the blocks are that are tried when the default ports are taken, and how many. */
const blockStep = 1000;
const blocksMax = 20;
/**
 * Tasks' ports of clusters beside the default one: 500 for each block, above the cluster's own ports, below the default
 * ones for tasks, and never those that the system gives to whoever connects.
 */
const firstTaskPort = 10_300;
const taskPortsPerBlock = 500;

export function planPorts({ agents, port, taskPorts }: PortWish, offset: number): PortPlan {
  return {
    door: port ?? defaults.door + offset,
    kernel: defaults.kernel + offset,
    services: defaults.services + offset,
    jobs: defaults.jobs + offset,
    iam: defaults.iam + offset,
    secrets: defaults.secrets + offset,
    agents: Array.from({ length: agents }, (_, index) => defaults.firstAgent + offset + index),
    tasks: taskPorts ?? taskPortsOf(offset),
  };
}

/** Two clusters on one machine must not give out the same ports. */
function taskPortsOf(offset: number): PortSpan | undefined {
  if (offset === 0) return undefined;
  const begin = firstTaskPort + (Math.floor(offset / blockStep) % blocksMax) * blockStep;
  return { begin, end: begin + taskPortsPerBlock - 1 };
}

export interface BusyPort {
  readonly port: number;
  readonly name: string;
  readonly flag: "port" | "port-offset";
}

export interface ChosenPorts {
  readonly plan: PortPlan;
  readonly offset: number;
}

export interface PortWish {
  readonly agents: number;
  readonly port: number | undefined;
  readonly portOffset: number | undefined;
  readonly taskPorts: PortSpan | undefined;
  /** The offset this cluster used before: tried first, so that addresses stay. */
  readonly lastOffset: number;
}

/** The ports to use, or the given one that is taken. */
export async function choosePorts(wish: PortWish): Promise<ChosenPorts | BusyPort> {
  const fixed = wish.portOffset;
  const offsets =
    fixed === undefined
      ? [...new Set([wish.lastOffset, ...Array.from({ length: blocksMax }, (_, index) => index * blockStep)])]
      : [fixed];
  let firstBusy: BusyPort | undefined;
  for (const offset of offsets) {
    const plan = planPorts(wish, offset);
    const busy = await firstBusyPort(plan);
    if (busy === undefined) return { plan, offset };
    // A port the user named is never changed under them.
    if (busy.flag === "port" && wish.port !== undefined) return busy;
    firstBusy ??= busy;
  }
  return firstBusy ?? { port: defaults.kernel, name: "kernel", flag: "port-offset" };
}

async function firstBusyPort(plan: PortPlan): Promise<BusyPort | undefined> {
  const wanted: readonly BusyPort[] = [
    { port: plan.door, name: "door", flag: "port" },
    { port: plan.kernel, name: "kernel", flag: "port-offset" },
    { port: plan.services, name: "services", flag: "port-offset" },
    { port: plan.jobs, name: "jobs", flag: "port-offset" },
    { port: plan.iam, name: "iam", flag: "port-offset" },
    { port: plan.secrets, name: "secrets", flag: "port-offset" },
    ...plan.agents.map((port, index): BusyPort => ({ port, name: `agent-${index}`, flag: "port-offset" })),
  ];
  for (const candidate of wanted) if (!(await isFree(candidate.port))) return candidate;
  return undefined;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
