/**
 * Services in the cluster, and users who create apps, change, scale, kill and delete them while everything
 * breaks, asking again until each wish was taken.
 */

import type { SchedulerCall } from "#contracts/kernel/messages.gen.ts";
import type { InstanceContainerItem } from "#contracts/services/own-endpoints.ts";
import type { AppDefinition, HealthCheck, ReadinessCheck } from "#domain/definitions/app.ts";
import { parsePod } from "#domain/definitions/index.ts";
import type { Random } from "#foundation/base/random.ts";
import {
  createServicesCore,
  type ServicesCore,
  type ServicesEvent,
  type ServicesPolicy,
} from "#frameworks/services/core/index.ts";
import { type Boot, between, type SimNetwork, SimNode, type World } from "../engine/index.ts";
import { CapacityWatch, type WatchedApp } from "../invariants/capacity-watch.ts";
import { DependencyWatch, DeploymentMemory } from "../invariants/dependency-watch.ts";
import { comparedWithPlans, PlanWatch } from "../invariants/plan-watch.ts";
import type { Tell } from "../invariants/sentences.ts";
import type { UpdateWatch } from "../invariants/update-watch.ts";
import { observed } from "../invariants/watched-core.ts";
import { type GroupedApp, type GroupWish, treeOf } from "./group-wishes.ts";
import { type ServicesProcess, servicesProgram } from "./services-program.ts";

export const servicesName = "services";
/** What each task of an app takes. */
export const servicesTask = { cpus: 0.5, memMib: 128 };

const askAgainMs = 2_000;
/** Longer than a task that does not heed SIGTERM takes to end, a health check to pass, and a REVIVE to be due again. */
const promptMs = 10_000;
const calmWaves = 3;
const calmWaveMs = 25_000;
const calmKillsMax = 4;
/** Within so long the kills of a wave come. */
const calmKillsMs = 1_500;
/** Until all waves are healed. */
export const calmMs = calmWaves * calmWaveMs;

/** One wish: an app as it shall be some time after the start; without instances it shall be gone. */
export interface Wish {
  readonly atMs: number;
  readonly appId: string;
  readonly cmd?: string;
  readonly instances?: number;
  readonly isChecked?: boolean;
  /** It is a pod of so many containers. */
  readonly containers?: number;
  /** Each instance has a volume of this size. */
  readonly volumeMib?: number;
  /** Of the wanted instances; default 1 and 1. */
  readonly minimumHealthCapacity?: number;
  readonly maximumOverCapacity?: number;
}

/** A user kills some tasks of an app by name. */
export interface UserKill {
  readonly atMs: number;
  readonly appId: string;
  readonly count: number;
}

export interface UserScript {
  readonly wishes: readonly Wish[];
  readonly groups?: readonly GroupWish[];
  readonly kills?: readonly UserKill[];
  /** Chance that a task fails its health checks for as long as it lives. */
  readonly sickShare?: number;
}

export interface UserPorts {
  readonly masterName: string;
  readonly script: UserScript;
  readonly policy: ServicesPolicy;
  readonly tell: Tell;
  readonly updates: UpdateWatch;
  /** Whether a process of the task runs now. */
  readonly isRunning: (taskId: string) => boolean;
  readonly asked: (call: SchedulerCall) => void;
  /** Whether tasks may still be sick. */
  readonly isRough: () => boolean;
  /** The real core; a test passes a broken one. */
  readonly wrap?: (core: ServicesCore) => ServicesCore;
}

type ServicesNode = SimNode<ServicesProcess["event"], ServicesProcess["effect"]>;

export class ServicesUser {
  readonly node: ServicesNode;
  readonly #world: World;
  readonly #ports: UserPorts;
  readonly #random: Random;
  readonly #sick = new Map<string, boolean>();
  /** The newest wish of each app and group. */
  readonly #wishes = new Map<string, Asked<Wish>>();
  readonly #groups = new Map<string, Asked<GroupWish>>();
  /** What each deployment's request said, over all lives of services. */
  readonly #memory = new DeploymentMemory();
  #core: ServicesCore | undefined;
  #lastRequest = 0;

  constructor(world: World, network: SimNetwork, ports: UserPorts) {
    this.#world = world;
    this.#ports = ports;
    this.#random = world.fork("users");
    this.node = new SimNode(network, servicesName, (boot) => this.#program(boot));
  }

  drive(): void {
    const { wishes, groups = [], kills = [] } = this.#ports.script;
    for (const wish of groups) {
      this.#world.schedule(wish.atMs, () => {
        this.#groups.set(wish.groupId, { wish, request: 0, isTaken: false });
        this.#askGroup(wish);
      });
    }
    for (const wish of wishes) {
      this.#world.schedule(wish.atMs, () => {
        this.#wishes.set(wish.appId, { wish, request: 0, isTaken: false });
        this.#ask(wish);
      });
    }
    for (const { atMs, appId, count } of kills) this.#world.schedule(atMs, () => this.#kill(appId, count));
  }

  /** Kills in waves, some of them while the last is still being healed; after each all that is wished must soon run. */
  killCalmly(): void {
    for (let wave = 0; wave < calmWaves; wave += 1) {
      const atMs = wave * calmWaveMs + between(this.#random, 0, calmWaveMs - promptMs - calmKillsMs);
      for (let count = between(this.#random, 1, calmKillsMax); count > 0; count -= 1)
        this.#world.schedule(atMs + between(this.#random, 0, calmKillsMs), () => this.#killAny());
      this.#world.schedule(atMs + calmKillsMs + promptMs, () => {
        for (const missing of this.missing().slice(0, 3)) this.#ports.tell("promptness", missing);
      });
    }
  }

  /** Tasks that services believes in. */
  taskIds(): readonly string[] {
    const core = this.#core;
    if (core === undefined) return [];
    const ofPods = containersOf(core).filter(({ condition }) => !over.has(condition));
    // One with volumes may be stopped, and is kept.
    const ofApps = core.queries
      .allTasks()
      .filter(({ localVolumes, state }) => localVolumes === undefined || state === "TASK_RUNNING");
    return [...ofApps.map(({ id }) => id), ...ofPods.map(({ taskId }) => taskId)];
  }

  /** Volumes that its instances have, stopped ones too. */
  volumes(): number {
    const tasks = this.#core?.queries.allTasks() ?? [];
    return tasks.reduce((sum, { localVolumes = [] }) => sum + localVolumes.length, 0);
  }

  /** Tasks that it takes for running, while it is up and connected. */
  runningTaskIds(): readonly string[] {
    const core = this.node.isUp ? this.#core : undefined;
    if (core?.queries.info().connected !== true) return [];
    const ofPods = containersOf(core).filter(({ condition }) => condition === "Running");
    return [
      ...core.queries.allTasks().flatMap(({ id, state }) => (state === "TASK_RUNNING" ? [id] : [])),
      ...ofPods.map(({ taskId }) => taskId),
    ];
  }

  missing(): readonly string[] {
    const queries = this.#core?.queries;
    if (!this.node.isUp || queries === undefined) return [`${servicesName} is down`];
    const deployments = queries.deployments();
    if (deployments.length > 0) return [`${deployments.length} deployments go on`];
    return [
      ...[...this.#wishes.values()].flatMap(({ wish, isTaken }) =>
        isTaken ? missingOf(queries, wish) : [`the wish for ${wish.appId} "${wish.cmd}" was not taken`],
      ),
      ...[...this.#groups.values()].flatMap(({ wish, isTaken }) =>
        isTaken ? missingOfGroup(queries, wish) : [`the wish for ${wish.groupId} was not taken`],
      ),
    ];
  }

  #program(boot: Boot<ServicesProcess["event"]>) {
    const { masterName, policy, tell, updates, wrap = (core) => core } = this.#ports;
    const records = [...boot.records].map(([key, value]) => ({ key, value }));
    const core = wrap(comparedWithPlans(createServicesCore({ records, random: boot.random, policy }), tell));
    this.#core = core;
    const program = servicesProgram(boot, core, {
      masterName,
      saw: (status) => updates.saw(servicesName, status),
      isHealthy: (taskId) => this.#isHealthy(taskId),
      onReply: ({ request, result }) => {
        const isOver =
          result.kind === "deployed" ||
          result.kind === "applied" ||
          (result.kind === "refused" && result.refusal.code === "AppUnknown");
        for (const asked of [...this.#wishes.values(), ...this.#groups.values()])
          if (asked.request === request && isOver) asked.isTaken = true;
      },
    });
    const capacity = new CapacityWatch(
      tell,
      boot.records,
      (appId) => core.queries.app(appId) ?? watchedPod(core, appId),
    );
    const dependencies = new DependencyWatch(tell, this.#memory, boot.records, (appId) =>
      core.queries.app(appId),
    );
    const plans = new PlanWatch(tell, boot.records, (wish) => {
      const again = core.own.plan(wish, { now: boot.now(), known: undefined, nodesMax: 0 });
      return "isEmpty" in again && again.isEmpty;
    });
    return observed(program, {
      left: (effect) => {
        if (effect.of === "second" && effect.it.kind === "call") this.#ports.asked(effect.it.call);
      },
      decided: (event, { writes, effects }) => {
        const own = event?.of === "second" ? event.it : undefined;
        const outcome = {
          writes,
          effects: effects.flatMap((effect) => (effect.of === "second" ? [effect.it] : [])),
        };
        capacity.decided(own, outcome);
        dependencies.decided(own, outcome);
        plans.decided(own, outcome);
      },
    });
  }

  #isHealthy(taskId: string): boolean {
    if (!this.#ports.isRunning(taskId)) return false;
    let isSick = this.#sick.get(taskId);
    if (isSick === undefined) {
      isSick = this.#ports.isRough() && this.#random.next() < (this.#ports.script.sickShare ?? 0);
      this.#sick.set(taskId, isSick);
    }
    return !isSick;
  }

  /** Forced, so that a deployment under way gives way to the newer wish. */
  #ask(wish: Wish): void {
    const asked = this.#wishes.get(wish.appId);
    if (asked?.wish !== wish || asked.isTaken) return;
    const definition = appAs(wish);
    const upserts = definition === undefined ? [] : [{ definition, expect: "any" as const }];
    const removals = definition === undefined ? [wish.appId] : [];
    // Half of the users plan before they change.
    const isPlanned = (wish.atMs / 5_000) % 2 < 1;
    this.#request(
      isPlanned
        ? {
            kind: "applyChange",
            wish: { upserts, removals, keepsInstances: new Set(), groups: [] },
            force: true,
          }
        : { kind: "changeApps", upserts, removals, force: true },
      asked,
    );
    this.#world.schedule(askAgainMs, () => this.#ask(wish));
  }

  #askGroup(wish: GroupWish): void {
    const asked = this.#groups.get(wish.groupId);
    if (asked?.wish !== wish || asked.isTaken) return;
    this.#request(
      {
        kind: "changeGroup",
        groupId: wish.groupId,
        change: { kind: "define", tree: treeOf(wish, definitionOf), expect: "any" },
        force: true,
        isDryRun: false,
      },
      asked,
    );
    this.#world.schedule(askAgainMs, () => this.#askGroup(wish));
  }

  #kill(appId: string, count: number): void {
    const ids = this.#instancesOf(appId).flatMap(({ taskId }) => taskId ?? []);
    if (ids.length > 0)
      this.#request({ kind: "killTasks", ids: ids.slice(0, count), mode: "kill", force: false });
  }

  /** One instance, by its id, as of a pod, or by its task's. */
  #killAny(): void {
    const instances = this.#instancesOf(undefined);
    const chosen = instances[this.#random.below(Math.max(1, instances.length))];
    if (chosen === undefined) return;
    const { id, taskId = id } = chosen;
    const mode = this.#random.below(3) === 0 ? "wipe" : "kill";
    this.#request({
      kind: "killTasks",
      ids: [this.#random.below(2) === 0 ? id : taskId],
      mode,
      force: false,
    });
  }

  #instancesOf(service: string | undefined) {
    if (!this.node.isUp || this.#core === undefined) return [];
    return (
      this.#core.own.listInstances({ limit: 1_000, ...(service === undefined ? {} : { service }) })?.items ??
      []
    );
  }

  /** The answer may come before this returns. */
  #request(
    request: WithoutRequest<Extract<ServicesEvent, { readonly request: number }>>,
    asked?: { request: number },
  ): void {
    this.#lastRequest += 1;
    if (asked !== undefined) asked.request = this.#lastRequest;
    // The number is all that was missing.
    const it = { ...request, request: this.#lastRequest } as ServicesEvent;
    this.node.dispatch({ of: "second", it });
  }
}

/** A wish, and the request that last asked for it until it was taken. */
interface Asked<Wished> {
  readonly wish: Wished;
  request: number;
  isTaken: boolean;
}

type Queries = ServicesCore["queries"];

/** Containers of pods that are somewhere, or were until just now. */
function containersOf({ own }: ServicesCore): readonly InstanceContainerItem[] {
  const { items = [] } = own.listInstances({ limit: 10_000 }) ?? {};
  return items.flatMap(({ containers = [] }) => containers);
}

const over: ReadonlySet<string> = new Set([
  "Finished",
  "Failed",
  "Killed",
  "Error",
  "Gone",
  "Dropped",
  "Unknown",
]);

function watchedPod({ queries }: ServicesCore, id: string): WatchedApp | undefined {
  const definition = queries.definition(id);
  if (definition === undefined) return undefined;
  const deployments = queries.deployments().filter(({ affectedPods }) => affectedPods.includes(id));
  return { definition, deployments, tasks: () => [] };
}

function missingOfPod(
  queries: Queries,
  { appId, cmd, instances = 0 }: Omit<Wish, "atMs">,
): readonly string[] {
  const pod = queries.pod(appId);
  if (pod === undefined) return [`there is no pod ${appId}`];
  const { environment = {}, scaling } = pod.definition;
  if (environment["WISH"] !== cmd || scaling.instances !== instances) return [`${appId} is not as wished`];
  const status = JSON.stringify(pod.status(0));
  const stable = status.split('"status":"STABLE"').length - 1;
  // Its instances, and then itself.
  return stable === instances + 1 ? [] : [`${appId} has ${stable} of ${instances} + 1: ${status}`];
}

function missingOf(queries: Queries, wish: Omit<Wish, "atMs">): readonly string[] {
  const { appId, cmd, instances } = wish;
  if (wish.containers !== undefined && instances !== undefined) return missingOfPod(queries, wish);
  if (wish.containers !== undefined) return queries.pod(appId) === undefined ? [] : [`${appId} is there`];
  const app = queries.app(appId);
  if (instances === undefined) return app === undefined ? [] : [`${appId} was deleted and is there`];
  if (app === undefined) return [`there is no ${appId}`];
  if (app.definition.cmd !== cmd) return [`${appId} is "${app.definition.cmd}", not "${cmd}"`];
  const known = app
    .tasks()
    .filter(({ localVolumes, state }) => localVolumes === undefined || state === "TASK_RUNNING");
  const isThere = app.tasksRunning === instances && known.length === instances;
  const isHealthy = wish.isChecked !== true || app.tasksHealthy === instances;
  return isThere && isHealthy ? [] : [`${app.tasksRunning} of ${instances} instances of ${appId} run`];
}

function missingOfGroup(queries: Queries, { groupId, apps }: GroupWish): readonly string[] {
  const wished = new Set(apps.map(({ appId }) => appId));
  const there = (queries.appsBelow(groupId) ?? []).map(({ definition }) => definition.id);
  return [
    ...apps.flatMap((app) => missingOf(queries, app)),
    ...there.filter((appId) => !wished.has(appId)).map((appId) => `${appId} is there and not wished`),
  ];
}

type WithoutRequest<Event> = Event extends unknown ? Omit<Event, "request"> : never;

const check: HealthCheck = {
  protocol: "TCP",
  portIndex: 0,
  gracePeriodSeconds: 10,
  intervalSeconds: 5,
  timeoutSeconds: 2,
  maxConsecutiveFailures: 3,
  ignoreHttp1xx: false,
  ipProtocol: "IPv4",
};

const readiness: ReadinessCheck = {
  name: "ready",
  protocol: "HTTP",
  path: "/",
  portName: "default",
  intervalSeconds: 4,
  timeoutSeconds: 2,
  httpStatusCodesForReady: [200],
  preserveLastResponse: false,
};

/** Without instances it shall be gone. */
function appAs({ appId, cmd = "", instances, ...more }: Wish): AppDefinition | undefined {
  if (instances === undefined) return undefined;
  const { containers, ...rest } = more;
  return containers === undefined
    ? definitionOf({ appId, cmd, instances, ...rest })
    : podOf({ appId, cmd, instances, containers, ...rest });
}

/** Together with its executor an instance takes what one of an app takes. */
function podOf(
  wish: Required<Pick<Wish, "appId" | "cmd" | "instances" | "containers">> & Partial<Wish>,
): AppDefinition {
  const { appId: id, cmd, instances, containers } = wish;
  const { minimumHealthCapacity = 1, maximumOverCapacity = 1 } = wish;
  const each = { cpus: (servicesTask.cpus - 0.1) / containers, mem: (servicesTask.memMib - 32) / containers };
  return parsePod(
    {
      id,
      environment: { WISH: cmd },
      containers: Array.from({ length: containers }, (_, index) => ({
        name: `c${index}`,
        exec: { command: { shell: cmd } },
        resources: each,
        endpoints: [{ name: `e${index}`, hostPort: 0 }],
      })),
      executorResources: { cpus: 0.1, mem: 32, disk: 10 },
      scaling: { kind: "fixed", instances },
      scheduling: { upgrade: { minimumHealthCapacity, maximumOverCapacity } },
    },
    { defaultRole: "services" },
  );
}

const withVolume = (size: number): NonNullable<AppDefinition["container"]> => ({
  type: "MESOS",
  volumes: [{ containerPath: "data", mode: "RW", persistent: { type: "root", size } }],
});

function definitionOf(app: GroupedApp): AppDefinition {
  const { appId, cmd, instances, isChecked = false, isAsked = false, dependencies = [] } = app;
  const { volumeMib, minimumHealthCapacity = 1, maximumOverCapacity = 1 } = app;
  return {
    id: appId,
    cmd,
    env: {},
    instances,
    cpus: servicesTask.cpus,
    mem: servicesTask.memMib,
    disk: 0,
    gpus: 0,
    executor: "",
    constraints: [],
    fetch: [],
    networks: [{ mode: "host" }],
    portDefinitions: [{ port: 0, protocol: "tcp", name: "default", labels: {} }],
    requirePorts: false,
    healthChecks: isChecked ? [check] : [],
    readinessChecks: isAsked ? [readiness] : [],
    backoffSeconds: 1,
    backoffFactor: 1.15,
    maxLaunchDelaySeconds: 300,
    upgradeStrategy: { minimumHealthCapacity, maximumOverCapacity },
    dependencies,
    labels: {},
    killSelection: "YOUNGEST_FIRST",
    unreachableStrategy:
      volumeMib === undefined ? { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 } : "disabled",
    ...(volumeMib === undefined ? {} : { container: withVolume(volumeMib) }),
    role: "services",
  };
}
