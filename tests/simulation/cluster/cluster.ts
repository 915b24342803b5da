/**
 * A whole cluster: one master, agents with containers that outlive them, and strangers' frameworks that each
 * want a number of tasks running.
 */
import type { Core } from "#foundation/base/core.ts";
import type { AgentEffect, AgentEvent } from "#kernel/agent/core/events.ts";
import type { MasterEffect } from "#kernel/master/core/effects.ts";
import type { MasterEvent } from "#kernel/master/core/events.ts";
import {
  type Boot,
  type BuiltSystem,
  type FaultPlan,
  type Scenario,
  type SimNetwork,
  SimNode,
  type SimNodeOptions,
  type World,
  worldStart,
} from "../engine/index.ts";
import { agentProgram } from "./agent-program.ts";
import { FakeContainers, type Lifetimes } from "./fake-containers.ts";
import { masterProgram } from "./master-program.ts";
import { ServicesUser, servicesTask } from "./services-user.ts";
import {
  StrangerCore,
  type StrangerEffect,
  type StrangerEvent,
  type StrangerSettings,
} from "./stranger-core.ts";
import { strangerProgram } from "./stranger-program.ts";
import { UpdateWitness } from "./update-witness.ts";

/** The real cores; a test passes broken ones to see them caught. */
export interface ClusterCores {
  master(boot: Boot<MasterEvent>): Core<MasterEvent, MasterEffect>;
  agent(boot: Boot<AgentEvent>, machine: Machine): Core<AgentEvent, AgentEffect>;
}

export interface Machine {
  readonly name: string;
  /** Of its own: the master takes two agents at one address for one. */
  readonly ip: string;
  readonly cpus: number;
  readonly memMib: number;
}

export interface ClusterSize {
  readonly agents: number;
  readonly strangers: readonly StrangerSettings[];
  /** With services, and a user who deploys an app. */
  readonly services?: boolean;
}

export interface ClusterOptions {
  readonly cores: ClusterCores;
  readonly size: ClusterSize;
  readonly nodeOptions?: SimNodeOptions;
}

const masterName = "master";
const agentCpus = 4;
const agentMemMib = 4_096;
const faultsMs = 120_000;
/** Longer than the master waits for an agent to come back. */
const settleMs = 900_000;
/** The longest wait in the system is an agent's retry of an update. */
const convergeMs = 1_800_000;

/** Calls are not made twice: a scheduler's HTTP client does not repeat a call that it got no answer to. */
const plan: FaultPlan = {
  everyMs: 4_000,
  crash: 3,
  crashInCommit: 4,
  breakConnection: 4,
  partition: 2,
  slowDisk: 1,
  failingDisk: 1,
  longestMs: 15_000,
  callLost: 0.01,
  callTwice: 0,
};

const busy: Lifetimes = { ending: 0.4, longestMs: 40_000, failing: 0.5, stubborn: 0.2 };
const calm: Lifetimes = { ...busy, ending: 0 };

export function clusterScenario(name: string, options: ClusterOptions): Scenario {
  return {
    name,
    plan,
    faultsMs,
    settleMs,
    convergeMs,
    build: (world, network) => new Cluster(world, network, options).system(),
  };
}

interface Stranger {
  readonly settings: StrangerSettings;
  readonly node: SimNode<StrangerEvent, StrangerEffect>;
  readonly witness: UpdateWitness;
}

interface AgentMachine {
  readonly machine: Machine;
  readonly node: SimNode<AgentEvent, AgentEffect>;
  readonly containers: FakeContainers;
}

class Cluster {
  readonly #master: SimNode<MasterEvent, MasterEffect>;
  readonly #agents: readonly AgentMachine[];
  readonly #strangers: readonly Stranger[];
  readonly #services: ServicesUser | undefined;

  constructor(world: World, network: SimNetwork, { cores, size, nodeOptions = {} }: ClusterOptions) {
    this.#master = new SimNode(
      network,
      masterName,
      (boot) => masterProgram(boot, cores.master(boot)),
      nodeOptions,
    );
    const lifetimes = (): Lifetimes => (world.now - worldStart < faultsMs ? busy : calm);
    this.#agents = Array.from({ length: size.agents }, (_, index): AgentMachine => {
      const ip = `10.0.${index >> 8}.${index & 0xff}`;
      const machine = { name: `agent-${index}`, ip, cpus: agentCpus, memMib: agentMemMib };
      const containers = new FakeContainers(world, machine.name, lifetimes);
      const make = (boot: Boot<AgentEvent>) =>
        agentProgram(boot, cores.agent(boot, machine), containers, masterName);
      return { machine, containers, node: new SimNode(network, machine.name, make, nodeOptions) };
    });
    this.#strangers = size.strangers.map((settings): Stranger => {
      const witness = new UpdateWitness(settings.name);
      const make = (boot: Boot<StrangerEvent>) => strangerProgram(boot, settings, masterName, witness);
      return { settings, witness, node: new SimNode(network, settings.name, make) };
    });
    this.#services = size.services === true ? new ServicesUser(world, network, masterName) : undefined;
    world.addInvariant("the master's own", () => this.#master.core?.check() ?? []);
    world.addInvariant("an agent's own", () => this.#agents.flatMap(({ node }) => node.core?.check() ?? []));
    world.addInvariant("a task starts once", () => this.#startedTwice());
    world.addInvariant("a task is on the disk before it starts", () => this.#startedTooEarly());
    world.addInvariant("an agent is not overcommitted", () => this.#overcommitted());
    world.addInvariant("updates come in order", () =>
      this.#strangers.flatMap(({ witness }) => witness.problems),
    );
  }

  system(): BuiltSystem {
    const services = this.#services;
    return {
      drive: () => services?.drive(),
      nodes: [
        this.#master,
        ...this.#agents.map(({ node }) => node),
        ...this.#strangers.map(({ node }) => node),
        ...(services === undefined ? [] : [services.node]),
      ],
      missing: () => [
        ...(services?.missing() ?? []),
        ...this.#strangersMissing(),
        ...this.#containersMissing(),
        ...this.#updatesWaiting(),
      ],
    };
  }

  #startedTwice(): readonly string[] {
    const starts = new Map<string, number>();
    const twice: string[] = [];
    for (const { containers } of this.#agents) {
      for (const [taskId, count] of containers.starts) {
        const total = (starts.get(taskId) ?? 0) + count;
        starts.set(taskId, total);
        if (total > 1) twice.push(`task ${taskId} was started ${total} times`);
      }
    }
    return twice;
  }

  #startedTooEarly(): readonly string[] {
    return this.#agents.flatMap(({ machine, containers, node }) =>
      containers
        .containerIds()
        .filter((containerId) => !node.disk.has(`tasks/${containerId}/spec`))
        .map((containerId) => `${machine.name} runs ${containerId} and its disk does not know it`),
    );
  }

  #overcommitted(): readonly string[] {
    return this.#agents.flatMap(({ machine, containers }) => {
      let cpus = 0;
      let memMib = 0;
      const running = containers.running();
      for (const taskId of running) {
        const owner = this.#strangers.find(({ settings }) => taskId.startsWith(`${settings.name}-`));
        const takes = owner?.settings ?? servicesTask;
        cpus += takes.cpus;
        memMib += takes.memMib;
      }
      if (cpus <= machine.cpus && memMib <= machine.memMib) return [];
      return [`${machine.name} runs ${cpus} cpus and ${memMib} MiB: ${running.join(", ")}`];
    });
  }

  #strangersMissing(): readonly string[] {
    return this.#strangers.flatMap(({ settings, node }) => {
      const { core } = node;
      if (!(core instanceof StrangerCore)) return [`${settings.name} is down`];
      if (!core.isSubscribed) return [`${settings.name} is not subscribed`];
      const running = [...core.tasks.values()].filter(({ state }) => state === "TASK_RUNNING").length;
      const isThere = running === settings.tasks && core.tasks.size === settings.tasks;
      return isThere ? [] : [`${settings.name} knows ${running} running of ${settings.tasks}`];
    });
  }

  /** What runs is what the frameworks know, no more and no less. */
  #containersMissing(): readonly string[] {
    const known = new Set(this.#services?.taskIds());
    for (const { node } of this.#strangers) {
      if (node.core instanceof StrangerCore) for (const taskId of node.core.tasks.keys()) known.add(taskId);
    }
    const running = new Set(this.#agents.flatMap(({ containers }) => containers.running()));
    return [
      ...[...running]
        .filter((taskId) => !known.has(taskId))
        .map((taskId) => `${taskId} runs and nobody knows`),
      ...[...known].filter((taskId) => !running.has(taskId)).map((taskId) => `${taskId} does not run`),
    ];
  }

  /** Every update was acknowledged and is forgotten. */
  #updatesWaiting(): readonly string[] {
    return this.#agents.flatMap(({ machine, node }) => {
      const waiting = [...node.disk.load().keys()].filter((key) => key.startsWith("updates/")).length;
      return waiting === 0 ? [] : [`${machine.name} has ${waiting} updates that nobody acknowledged`];
    });
  }
}
