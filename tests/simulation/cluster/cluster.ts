/**
 * A whole cluster: one master, agents with containers that outlive them, strangers' frameworks that each want
 * a number of tasks running, services with its users, and a watch for each invariant.
 */

import type { QuotaQuotaConfig } from "#contracts/kernel/messages.gen.ts";
import type { Core, Write } from "#foundation/base/core.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import type { JobsCore } from "#frameworks/jobs/core/index.ts";
import type { ServicesCore } from "#frameworks/services/core/index.ts";
import type { AgentEffect, AgentEvent } from "#kernel/agent/core/events.ts";
import type { MasterEffect } from "#kernel/master/core/effects.ts";
import type { MasterEvent } from "#kernel/master/core/events.ts";
import {
  type Boot,
  type BuiltSystem,
  type Disaster,
  type FaultPlan,
  type Invariant,
  onceATurn,
  type Process,
  type Scenario,
  type SimNetwork,
  SimNode,
  type SimNodeOptions,
  type World,
  worldStart,
} from "../engine/index.ts";
import { EndWatch } from "../invariants/end-watch.ts";
import { KnowledgeWatch } from "../invariants/knowledge-watch.ts";
import { OfferWatch } from "../invariants/offer-watch.ts";
import { PromiseWatch } from "../invariants/promise-watch.ts";
import { QuotaWatch } from "../invariants/quota-watch.ts";
import { rolesIn } from "../invariants/role-watch.ts";
import { type InvariantName, type Tell, tag } from "../invariants/sentences.ts";
import { StandingWatch } from "../invariants/standing-watch.ts";
import { UpdateWatch } from "../invariants/update-watch.ts";
import { VolumeWatch } from "../invariants/volume-watch.ts";
import { observed } from "../invariants/watched-core.ts";
import { agentProgram } from "./agent-program.ts";
import { isDurable } from "./durable-moves.ts";
import { FakeContainers } from "./fake-containers.ts";
import { holdingsLeft } from "./holdings.ts";
import { isJobTask, JobsUser, jobsName, jobsTask } from "./jobs-user.ts";
import type { Machine } from "./machine.ts";
import { masterProgram } from "./master-program.ts";
import { Operator } from "./operator.ts";
import { busy, busyLoad, calm, faultPlan, lending, type Pace, paceOf } from "./pace.ts";
import { type Election, processOf } from "./processes.ts";
import { calmMs, ServicesUser } from "./services-user.ts";
import {
  StrangerCore,
  type StrangerEffect,
  type StrangerEvent,
  type StrangerSettings,
} from "./stranger-core.ts";
import { strangerProgram } from "./stranger-program.ts";
import { stillMs } from "./trials.ts";
import { servicesTask, shareOf, type UserScript } from "./wishes.ts";

/** The real cores; a test passes broken ones to see them caught. */
export interface ClusterCores {
  master(boot: Boot<MasterEvent>, pace: Pace): Core<MasterEvent, MasterEffect>;
  agent(boot: Boot<AgentEvent>, machine: Machine, pace: Pace): Core<AgentEvent, AgentEffect>;
  services?(core: ServicesCore): ServicesCore;
  jobs?(core: JobsCore): JobsCore;
}

export interface ClusterSize {
  readonly agents: number;
  readonly strangers: readonly StrangerSettings[];
  /** With services, and users who deploy apps. */
  readonly users?: UserScript;
  /** With jobs, and users who start and stop runs. */
  readonly jobs?: boolean;
  /** Role that every third machine reserves half of itself for. */
  readonly reservedFor?: string;
  /** Each machine has disks of other types beside its own. */
  readonly hasDisks?: true;
  /** What each machine lends as revocable, by a fixed estimate. */
  readonly lentCpus?: number;
  /** With operators who drain, set aside, give up and maintain machines. */
  readonly operators?: boolean;
  /** Set before anything else, by an operator who asks until it is durable. */
  readonly quotas?: readonly QuotaQuotaConfig[];
  /** Several processes of master, services and jobs each, of which one leads. */
  readonly election?: Election;
  /** Share of machines that lose their power among all faults. */
  readonly powerLoss?: number;
  /** What is broken more or less often than elsewhere; the more machines, the more often. */
  readonly faults?: Partial<FaultPlan>;
  /** Nothing is broken, and no task ends by itself: only new versions of services fail. */
  readonly isStill?: boolean;
  /** Looks at the tables of master and agents after every so many steps only. */
  readonly lookEvery?: number;
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
const knowledgeEveryMs = 30_000;

export function clusterScenario(name: string, options: ClusterOptions): Scenario {
  return {
    name,
    plan: { ...faultPlan, ...options.size.faults },
    faultsMs: options.size.isStill === true ? 0 : faultsMs,
    build: (world, network) => new Cluster(world, network, options).system(),
  };
}

interface Stranger {
  readonly settings: StrangerSettings;
  readonly node: SimNode<StrangerEvent, StrangerEffect>;
}

interface AgentMachine {
  readonly machine: Machine;
  readonly node: SimNode<AgentEvent, AgentEffect>;
  readonly containers: FakeContainers;
}

class Cluster {
  readonly #world: World;
  readonly #network: SimNetwork;
  readonly #options: ClusterOptions;
  readonly #pace: Pace;
  readonly #tell: Tell;
  readonly #updates: UpdateWatch;
  readonly #ends: EndWatch;
  /** Of the present master. */
  #offers: OfferWatch | undefined;
  readonly #promises: PromiseWatch;
  readonly #knowledge: KnowledgeWatch;
  readonly #volumes: VolumeWatch;
  readonly #started = new Map<string, number>();
  readonly #master: Process<MasterEvent, MasterEffect>;
  readonly #agents: readonly AgentMachine[];
  readonly #strangers: readonly Stranger[];
  readonly #services: ServicesUser | undefined;
  readonly #jobs: JobsUser | undefined;
  readonly #standing: StandingWatch;
  readonly #operator: Operator | undefined;

  constructor(world: World, network: SimNetwork, options: ClusterOptions) {
    const { size, cores } = options;
    this.#world = world;
    this.#network = network;
    this.#options = options;
    this.#pace = size.lentCpus === undefined ? paceOf(world.seed) : lending(paceOf(world.seed));
    this.#tell = (name, what) => world.report(`${tag(name)}: ${what}`);
    this.#ends = new EndWatch(
      this.#tell,
      (taskId) => this.#commandOf(taskId) !== undefined,
      size.operators === true,
    );
    this.#updates = new UpdateWatch(this.#tell, this.#ends);
    this.#promises = new PromiseWatch(this.#tell);
    this.#knowledge = new KnowledgeWatch(this.#tell, this.#pace.reconciledWithinMs);
    this.#volumes = new VolumeWatch(this.#tell);
    this.#standing = new StandingWatch(this.#tell, this.#pace.master.agentRemovalRate);
    this.#master = this.#makeMaster();
    this.#master.disk.onDurable = (write) => this.#lookAtDrained(write);
    this.#agents = Array.from({ length: size.agents }, (_, index) => this.#makeAgent(index));
    this.#strangers = size.strangers.map((settings) => this.#makeStranger(settings));
    this.#services =
      size.users === undefined
        ? undefined
        : new ServicesUser(world, network, {
            masterName,
            script: size.users,
            policy: this.#pace.services,
            tell: this.#tell,
            updates: this.#updates,
            commandOf: (taskId) => this.#commandOf(taskId),
            isRough: () => this.#isRough(),
            isStill: size.isStill === true,
            election: size.election,
            asked: (call) => this.#volumes.asked(call),
            subscribedRoles: (id) => rolesIn(this.#master.core?.snapshot(), id),
            ...(cores.services === undefined ? {} : { wrap: cores.services }),
          });
    this.#jobs =
      size.jobs === true
        ? new JobsUser(world, network, {
            masterName,
            policy: this.#pace.jobs,
            tell: this.#tell,
            saw: (status) => this.#updates.saw(jobsName, status),
            isRunning: (taskId) => this.#commandOf(taskId) !== undefined,
            isRough: () => this.#isRough(),
            election: size.election,
            ...(cores.jobs === undefined ? {} : { wrap: cores.jobs }),
          })
        : undefined;
    this.#operator =
      size.operators === true
        ? new Operator(world, network, {
            masterName,
            machines: this.#agents.map(({ machine: { name, ip } }) => ({ hostname: name, ip })),
            look: () => this.#master.core?.snapshot(),
            isRough: () => this.#isRough(),
          })
        : undefined;
    this.#lookAtCores(size);
  }

  system(): BuiltSystem {
    const services = this.#services;
    const { size } = this.#options;
    return {
      settleMs: size.isStill === true ? stillMs : this.#pace.settleMs,
      convergeMs: this.#pace.convergeMs,
      ...(size.users?.trials === undefined ? { calm: { forMs: calmMs, begin: () => this.#calm() } } : {}),
      drive: () => {
        services?.drive();
        this.#jobs?.drive();
        this.#operator?.drive();
        this.#lookAtKnowledge();
      },
      nodes: [
        ...this.#master.members,
        ...this.#agents.map(({ node }) => node),
        ...this.#strangers.map(({ node }) => node),
        ...(services?.node.members ?? []),
        ...(this.#jobs?.node.members ?? []),
      ],
      disasters: [this.#powerLoss(), this.#masterCrash()],
      missing: () => [
        ...(services?.missing() ?? []),
        ...(this.#jobs?.missing() ?? []),
        ...(this.#operator?.missing() ?? []),
        ...this.#strangersMissing(),
        ...this.#containersMissing(),
        ...this.#updatesWaiting(),
        ...this.#holdingsLeft(),
        ...this.#offersOut(),
      ],
    };
  }

  #calm(): void {
    this.#services?.killCalmly();
    this.#jobs?.stopCalmly(calmMs);
  }

  #lookAtCores({ lookEvery = 1 }: ClusterSize): void {
    const check = (core: { check(): readonly string[] }): readonly string[] => core.check();
    const add = (name: InvariantName, isBroken: Invariant): void =>
      this.#world.addInvariant(tag(name), isBroken, lookEvery);
    add("resources", onceATurn(this.#master, check));
    for (const { node } of this.#agents) add("tasks", onceATurn(node, check));
    if (this.#services !== undefined) add("tasks", onceATurn(this.#services.node, check));
    const jobs = this.#jobs;
    if (jobs !== undefined)
      add(
        "tasks",
        onceATurn(jobs.node, () => jobs.broken()),
      );
  }

  #commandOf(taskId: string): string | undefined {
    for (const { containers } of this.#agents) {
      const command = containers.commandOf(taskId);
      if (command !== undefined) return command;
    }
    return undefined;
  }

  #isRough(): boolean {
    return this.#options.size.isStill !== true && this.#world.now - worldStart < faultsMs;
  }

  #makeMaster(): Process<MasterEvent, MasterEffect> {
    const { cores, nodeOptions, size } = this.#options;
    const make = (boot: Boot<MasterEvent>) => {
      if (![...boot.records.keys()].some((key) => key.startsWith("quotas/")) && size.quotas !== undefined) {
        const change = { kind: "update" as const, configs: size.quotas, force: true };
        boot.dispatch({ kind: "quotaAsked", request: 1, change });
      }
      const offers = new OfferWatch(this.#tell);
      this.#offers = offers;
      const quota = size.quotas === undefined ? undefined : new QuotaWatch(this.#tell, size.quotas);
      const core = cores.master(boot, this.#pace);
      this.#standing.masterStarted();
      return observed(masterProgram(boot, core), {
        decided: (event, outcome, now) => {
          offers.decided(event, outcome, now);
          this.#standing.decided(event, outcome, now);
          quota?.decided(event, core.snapshot());
        },
        left: (effect) => {
          this.#promises.masterDid(effect, boot.incarnation, this.#master.disk);
          this.#standing.left(effect, this.#master.disk);
        },
      });
    };
    return processOf(this.#network, masterName, make, { ...nodeOptions, election: size.election });
  }

  #makeAgent(index: number): AgentMachine {
    const { cores, size, nodeOptions } = this.#options;
    const ip = `10.0.${index >> 8}.${index & 0xff}`;
    const role = index % 3 === 0 ? size.reservedFor : undefined;
    const machine: Machine = {
      name: `agent-${index}`,
      ip,
      boots: 1,
      cpus: agentCpus,
      memMib: agentMemMib,
      ...(size.hasDisks === undefined ? {} : { hasDisks: size.hasDisks }),
      ...(size.lentCpus === undefined ? {} : { lentCpus: size.lentCpus }),
      ...(role === undefined ? {} : { reserved: { role, cpus: agentCpus / 2, memMib: agentMemMib / 2 } }),
    };
    const lifetimes = () => (this.#isRough() ? busy : calm);
    const containers = new FakeContainers(this.#world, machine.name, lifetimes, (taskId) => {
      this.#startedTask(taskId);
      this.#overcommitted(machine, containers.running());
    });
    const loads = this.#world.fork(`load of ${machine.name}`);
    const load = (): number => (this.#isRough() && loads.below(4) === 0 ? busyLoad : 1);
    const surroundings = { name: machine.name, containers, volumes: this.#volumes, load };
    const make = (boot: Boot<AgentEvent>) =>
      observed(agentProgram(boot, cores.agent(boot, machine, this.#pace), surroundings, masterName), {
        left: (effect) => this.#promises.agentDid(effect, machine.name, agent.node.disk, this.#updates),
      });
    const node = new SimNode(this.#network, machine.name, make, nodeOptions);
    node.disk.onDurable = (write) => this.#updates.durable(machine.name, write);
    const agent: AgentMachine = { machine, containers, node };
    return agent;
  }

  #makeStranger(settings: StrangerSettings): Stranger {
    const make = (boot: Boot<StrangerEvent>) =>
      strangerProgram(boot, settings, masterName, {
        saw: (status) => this.#updates.saw(settings.name, status),
        asked: (call) => this.#volumes.asked(call),
      });
    return { settings, node: new SimNode(this.#network, settings.name, make) };
  }

  /** Every process of a machine ends at once, its disk stays, and it boots anew. */
  #powerLoss(): Disaster {
    return {
      share: this.#options.size.powerLoss ?? 0,
      strike: (random) => {
        const agent = this.#agents[random.below(this.#agents.length)];
        if (agent === undefined) return undefined;
        agent.node.crash("power loss");
        agent.containers.losePower();
        agent.machine.boots += 1;
        return agent.node;
      },
    };
  }

  /** Among many machines the master would hardly ever be hit, nor who leads among those who don't. */
  #masterCrash(): Disaster {
    const isCrowd = this.#agents.length > 50;
    return {
      share: isCrowd ? 2 : this.#options.size.election === undefined ? 0 : 4,
      strike: (random) => {
        const nodes = [this.#master, this.#services?.node, ...(isCrowd ? [] : [this.#jobs?.node])].filter(
          (node) => node !== undefined,
        );
        return nodes[random.below(nodes.length)]?.crash("injected");
      },
    };
  }

  /** The moment at which an agent is drained for good: its record says so on the disk. */
  #lookAtDrained({ key, ...write }: Write): void {
    if (!key.startsWith("agents/") || !("value" in write) || !isJsonObject(write.value)) return;
    const { agentId, standing } = write.value;
    if (standing === undefined || !isJsonObject(standing) || standing["kind"] !== "drained") return;
    for (const { node, containers } of this.#agents) {
      const identity = node.disk.get("agent/identity");
      if (identity !== undefined && isJsonObject(identity) && identity["agentId"] === agentId)
        this.#standing.drained(String(agentId), containers.running());
    }
  }

  #startedTask(taskId: string): void {
    this.#ends.started(taskId);
    const times = (this.#started.get(taskId) ?? 0) + 1;
    this.#started.set(taskId, times);
    if (times > 1) this.#tell("tasks", `task ${taskId} was started ${times} times`);
    this.#jobs?.started(taskId);
  }

  #overcommitted(machine: Machine, running: readonly string[]): void {
    let cpus = 0;
    let lentCpus = 0;
    let memMib = 0;
    for (const taskId of running) {
      const owner = this.#strangers.find(({ settings }) => taskId.startsWith(`${settings.name}-`));
      const takes = owner?.settings ?? (isJobTask(taskId) ? jobsTask : servicesTask);
      const share = owner === undefined ? shareOf(taskId) : 1;
      if (owner?.settings.isRevocable === true) lentCpus += takes.cpus;
      else cpus += takes.cpus * share;
      memMib += takes.memMib * share;
    }
    // In thousandths, as resources are reckoned with.
    if (Math.round(cpus * 1_000) > machine.cpus * 1_000 || memMib > machine.memMib)
      this.#tell("resources", `${machine.name} runs ${cpus} cpus and ${memMib} MiB: ${running.join(", ")}`);
    if (lentCpus > (machine.lentCpus ?? 0))
      this.#tell("resources", `${machine.name} has lent ${lentCpus} cpus: ${running.join(", ")}`);
  }

  #lookAtKnowledge(): void {
    const believed = new Set([
      ...(this.#services?.runningTaskIds() ?? []),
      ...(this.#jobs?.runningTaskIds() ?? []),
    ]);
    for (const { node } of this.#strangers) {
      const core = strangerCore(node);
      if (core?.isSubscribed !== true) continue;
      for (const [taskId, { state }] of core.tasks) if (state === "TASK_RUNNING") believed.add(taskId);
    }
    this.#knowledge.looked(this.#master.core?.snapshot(), believed, this.#world.now);
    this.#world.schedule(knowledgeEveryMs, () => this.#lookAtKnowledge());
  }

  #strangersMissing(): readonly string[] {
    return this.#strangers.flatMap(({ settings, node }) => {
      const core = strangerCore(node);
      if (core === undefined) return [`${settings.name} is down`];
      if (!core.isSubscribed) return [`${settings.name} is not subscribed`];
      const running = [...core.tasks.values()].filter(({ state }) => state === "TASK_RUNNING").length;
      const isThere = running === settings.tasks && core.tasks.size === settings.tasks;
      return isThere ? [] : [`${settings.name} knows ${running} running of ${settings.tasks}`];
    });
  }

  /** What runs is what the frameworks know, no more and no less. */
  #containersMissing(): readonly string[] {
    const known = new Set([...(this.#services?.taskIds() ?? []), ...(this.#jobs?.taskIds() ?? [])]);
    for (const { node } of this.#strangers)
      for (const taskId of strangerCore(node)?.tasks.keys() ?? []) known.add(taskId);
    const running = new Set(this.#agents.flatMap(({ containers }) => containers.running()));
    return [
      ...[...running]
        .filter((taskId) => !known.has(taskId))
        .map((taskId) => `${taskId} runs and nobody knows`),
      ...[...known].filter((taskId) => !running.has(taskId)).map((taskId) => `${taskId} does not run`),
    ];
  }

  /** Reserved is what tasks need and no more; each volume has a directory, and no other is left. */
  #holdingsLeft(): readonly string[] {
    const durable = this.#strangers.map(({ settings }) => settings).filter(isDurable);
    const ofServices = this.#services?.volumes() ?? 0;
    const cpusMillis = durable.reduce(
      (sum, { tasks, cpus }) => sum + tasks * cpus * 1000,
      ofServices * servicesTask.cpus * 1000,
    );
    const holders = this.#agents.map(({ machine: { name }, node }) => ({
      machine: name,
      records: node.disk.load(),
      folders: this.#volumes.folders(name),
    }));
    const volumes = durable.reduce((sum, { tasks }) => sum + tasks, ofServices);
    return holdingsLeft(holders, { volumes, cpusMillis });
  }

  /** Frameworks of ours answer what they are offered, whatever gets lost. */
  #offersOut(): readonly string[] {
    const ids = [this.#services?.frameworkId(), this.#jobs?.frameworkId()];
    return ids.flatMap((id) => this.#offers?.outWith(id, this.#world.now) ?? []);
  }

  /** Every update was acknowledged and is forgotten. */
  #updatesWaiting(): readonly string[] {
    return this.#agents.flatMap(({ machine, node }) => {
      const waiting = [...node.disk.load().keys()].filter((key) =>
        /^(updates|operations)\//.test(key),
      ).length;
      return waiting === 0 ? [] : [`${machine.name} has ${waiting} updates that nobody acknowledged`];
    });
  }
}

function strangerCore({ core }: SimNode<StrangerEvent, StrangerEffect>): StrangerCore | undefined {
  return core instanceof StrangerCore ? core : undefined;
}
