/**
 * Services in the cluster, and users who create apps, change, scale, kill and delete them while everything
 * breaks, asking again until each wish was taken.
 */

import type { SchedulerCall } from "#contracts/kernel/messages.gen.ts";
import type { InstanceContainerItem } from "#contracts/services/own-endpoints.ts";
import type { Write } from "#foundation/base/core.ts";
import type { Random } from "#foundation/base/random.ts";
import {
  createServicesCore,
  parseTaskId,
  type ServicesCore,
  type ServicesEvent,
  type ServicesPolicy,
} from "#frameworks/services/core/index.ts";
import { type Boot, between, type Process, type SimNetwork, type World } from "../engine/index.ts";
import { CapacityWatch, type WatchedApp } from "../invariants/capacity-watch.ts";
import { DependencyWatch, DeploymentMemory } from "../invariants/dependency-watch.ts";
import { comparedWithPlans, PlanWatch } from "../invariants/plan-watch.ts";
import { RoleWatch } from "../invariants/role-watch.ts";
import type { Tell } from "../invariants/sentences.ts";
import type { UpdateWatch } from "../invariants/update-watch.ts";
import { UpgradeWatch } from "../invariants/upgrade-watch.ts";
import { observed } from "../invariants/watched-core.ts";
import { clumsyChange } from "./clumsy-changes.ts";
import { type Fate, fateOf } from "./fates.ts";
import { changeOf, type GroupWish, treeOf } from "./group-wishes.ts";
import { missingOf, missingOfGroup } from "./missing-wishes.ts";
import { type Election, processOf } from "./processes.ts";
import { RestlessUsers } from "./restless.ts";
import { type ServicesProcess, servicesProgram } from "./services-program.ts";
import { isTerminal } from "./stranger-core.ts";
import { TrialUsers } from "./trial-users.ts";
import { someTrials } from "./trials.ts";
import { appAs, definitionOf, type UserScript, type Wish } from "./wishes.ts";

export const servicesName = "services";

const askAgainMs = 2_000;
const clumsyEveryMs = 7_000;
const patienceMs = 90_000;
/** Longer than a task that does not heed SIGTERM takes to end, a health check to pass, and a REVIVE to be due again. */
const promptMs = 10_000;
const calmWaves = 3;
const calmWaveMs = 25_000;
const calmKillsMax = 4;
/** When users see that something waits. */
const resetsMs = [500, 3_500, 6_500] as const;
/** Within so long the kills of a wave come. */
const calmKillsMs = 1_500;
/** Until all waves are healed. */
export const calmMs = calmWaves * calmWaveMs;

export interface UserPorts {
  readonly masterName: string;
  readonly script: UserScript;
  readonly policy: ServicesPolicy;
  readonly tell: Tell;
  readonly updates: UpdateWatch;
  /** What a process of the task runs; undefined when there is none now. */
  readonly commandOf: (taskId: string) => string | undefined;
  readonly asked: (call: SchedulerCall) => void;
  /** Roles in which the master has a framework. */
  readonly subscribedRoles: (frameworkId: string | undefined) => readonly string[];
  /** Whether tasks may still be sick. */
  readonly isRough: () => boolean;
  /** Nothing fails but new versions. */
  readonly isStill: boolean;
  readonly election?: Election | undefined;
  /** The real core; a test passes a broken one. */
  readonly wrap?: (core: ServicesCore) => ServicesCore;
}

type ServicesNode = Process<ServicesProcess["event"], ServicesProcess["effect"]>;

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
  /** Requests that must be refused. */
  readonly #wrong = new Set<number>();
  readonly #trials: TrialUsers;
  #core: ServicesCore | undefined;
  #lastRequest = 0;

  constructor(world: World, network: SimNetwork, ports: UserPorts) {
    this.#world = world;
    this.#ports = ports;
    this.#random = world.fork("users");
    const { election } = ports;
    this.node = processOf(network, servicesName, (boot) => this.#program(boot), { election });
    this.node.disk.onDurable = (write) => this.#dieAtEnd(write);
    const { trials = [] } = ports.script;
    this.#trials = new TrialUsers(world, {
      trials: trials === "some" ? someTrials(world.fork("trials")) : trials,
      tell: ports.tell,
      isStill: ports.isStill,
      core: () => (this.node.isUp ? this.#core : undefined),
      records: () => this.node.disk.load(),
      request: (request) => this.#request(request),
    });
  }

  /** What the step that ended the instance was to tell is never told. */
  #dieAtEnd({ kind, key }: Write): void {
    if (kind !== "delete" || !key.startsWith("instances/") || !this.#ports.isRough()) return;
    const task = parseTaskId(key.slice("instances/".length));
    const isMeant = this.#ports.script.diesAtEndOf?.includes(task?.appId ?? "") === true;
    if (isMeant && this.#random.below(4) > 0) this.node.crash("injected at the end of an instance");
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
    this.#trials.drive();
    this.#world.schedule(clumsyEveryMs, () => this.#beClumsy());
    if (this.#ports.script.isRestless === true)
      new RestlessUsers(this.#world, {
        isRough: this.#ports.isRough,
        core: () => (this.node.isUp ? this.#core : undefined),
        request: (request) => this.#request(request),
        wishAgain: () => this.#wishAgain(),
      }).drive();
    for (const { atMs, appId, count } of kills) this.#world.schedule(atMs, () => this.#kill(appId, count));
  }

  /** Kills in waves, some of them while the last is still being healed; after each all that is wished must soon run. */
  killCalmly(): void {
    for (let wave = 0; wave < calmWaves; wave += 1) {
      const atMs = wave * calmWaveMs + between(this.#random, 0, calmWaveMs - promptMs - calmKillsMs);
      for (let count = between(this.#random, 1, calmKillsMax); count > 0; count -= 1)
        this.#world.schedule(atMs + between(this.#random, 0, calmKillsMs), () => this.#killAny());
      for (const laterMs of resetsMs)
        this.#world.schedule(atMs + calmKillsMs + laterMs, () => this.#resetDelays());
      this.#world.schedule(atMs + calmKillsMs + promptMs, () => {
        for (const missing of this.missing().slice(0, 3)) this.#ports.tell("promptness", missing);
      });
    }
  }

  /** What failed while everything broke would make what waits now wait for longer than a user likes. */
  #resetDelays(): void {
    for (const { definition } of this.#core?.queries.appsBelow("/") ?? [])
      this.#request({ kind: "resetDelay", appId: definition.id });
  }

  /** Tasks that services believes in. */
  taskIds(): readonly string[] {
    const core = this.#core;
    if (core === undefined) return [];
    const ofPods = containersOf(core).filter(({ condition }) => !over.has(condition));
    // One with volumes may be stopped, and is kept.
    const ofApps = core.queries
      .allTasks()
      .filter(({ localVolumes, state }) =>
        localVolumes === undefined ? !isTerminal(state) : state === "TASK_RUNNING",
      );
    return [...ofApps.map(({ id }) => id), ...ofPods.map(({ taskId }) => taskId)];
  }

  frameworkId(): string | undefined {
    return this.#core?.queries.info().frameworkId;
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
    const deployments = queries
      .deployments()
      .filter(({ affectedApps }) => !affectedApps.every((appId) => this.#trials.mayGoOn(appId)));
    if (deployments.length > 0) return [`${deployments.length} deployments go on`];
    const unmet = [
      ...[...this.#wishes.values()].flatMap(({ wish, isTaken }) =>
        isTaken ? missingOf(queries, wish) : [`the wish for ${wish.appId} "${wish.cmd}" was not taken`],
      ),
      ...[...this.#groups.values()].flatMap(({ wish, isTaken }) =>
        isTaken ? missingOfGroup(queries, wish) : [`the wish for ${wish.groupId} was not taken`],
      ),
      ...this.#trials.missing(),
    ];
    return unmet.length > 0 ? unmet : this.#rolesAmiss(queries);
  }

  /** Needed is what is defined and what runs. */
  #rolesAmiss(queries: ServicesCore["queries"]): readonly string[] {
    const defined = [...queries.listDefinitions()].flatMap(({ role }) => role ?? []);
    const running = queries.allTasks().map(({ role }) => role);
    const needed = [...new Set([this.#ports.policy.role, ...defined, ...running])].sort().join();
    const subscribed = this.#ports.subscribedRoles(queries.info().frameworkId).toSorted().join();
    return subscribed === needed
      ? []
      : [`${servicesName} is subscribed in the roles ${subscribed} and needs ${needed}`];
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
        if (this.#wrong.has(request) && result.kind !== "refused")
          tell("plan", `a change that is wrong was ${result.kind}`);
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
    const roles = new RoleWatch(tell, (appId) => core.queries.definition(appId)?.role);
    const plans = new PlanWatch(tell, this.#memory, boot.records, (wish) => {
      const again = core.own.plan(wish, { now: boot.now(), known: undefined, nodesMax: 0 });
      return "isEmpty" in again && again.isEmpty;
    });
    const upgrades = new UpgradeWatch(tell, this.#trials.tried);
    this.#trials.watchedBy(upgrades);
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
        if (this.#ports.isStill) upgrades.decided(own, outcome);
        roles.decided(own, outcome);
        dependencies.decided(own, outcome);
        plans.decided(own, outcome);
      },
    });
  }

  #isHealthy(taskId: string): boolean {
    const command = this.#ports.commandOf(taskId);
    if (command === undefined || isUnwell(fateOf(command))) return false;
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
    this.#request(
      this.#isPlanned(wish)
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

  /** What was taken may have been taken back since. */
  #wishAgain(): void {
    for (const asked of this.#wishes.values()) {
      if (!asked.isTaken) continue;
      asked.isTaken = false;
      this.#ask(asked.wish);
    }
    for (const asked of this.#groups.values()) {
      if (!asked.isTaken) continue;
      asked.isTaken = false;
      this.#askGroup(asked.wish);
    }
  }

  /** Half of the users plan before they change: of a wish in every other seed. */
  #isPlanned({ atMs }: Pick<Wish, "atMs">): boolean {
    return (Math.floor(atMs / 5_000) + this.#world.seed) % 2 === 0;
  }

  #askGroup(wish: GroupWish): void {
    const asked = this.#groups.get(wish.groupId);
    if (asked?.wish !== wish || asked.isTaken) return;
    const tree = treeOf(wish, definitionOf);
    this.#request(
      this.#isPlanned(wish)
        ? { kind: "applyChange", wish: changeOf(tree), force: true }
        : {
            kind: "changeGroup",
            groupId: wish.groupId,
            change: { kind: "define", tree, expect: "any" },
            force: true,
            isDryRun: false,
          },
      asked,
    );
    this.#world.schedule(askAgainMs, () => this.#askGroup(wish));
  }

  /** Without force. When nothing is broken any more, users see what still waits because it failed while everything was. */
  #beClumsy(): void {
    if (!this.#ports.isRough()) {
      this.#world.schedule(patienceMs, () => this.#resetDelays());
      return;
    }
    const asked = [...this.#wishes.values()][this.#random.below(Math.max(1, this.#wishes.size))];
    const change = asked && clumsyChange(this.#random, asked.wish);
    if (change?.isWrong === true) this.#wrong.add(this.#lastRequest + 1);
    if (change !== undefined) this.#request({ kind: "applyChange", wish: change.wish, force: false });
    this.#world.schedule(clumsyEveryMs, () => this.#beClumsy());
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

/** Containers of pods that are somewhere, or were until just now. */
function containersOf({ own }: ServicesCore): readonly InstanceContainerItem[] {
  const { items = [] } = own.listInstances({ limit: 10_000 }) ?? {};
  return items.flatMap(({ containers = [] }) => containers);
}

/** It never answers. */
const isUnwell = (fate: Fate | undefined): boolean =>
  fate === "is never healthy" || fate === "is never ready" || fate === "exits at once";

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

type WithoutRequest<Event> = Event extends unknown ? Omit<Event, "request"> : never;
