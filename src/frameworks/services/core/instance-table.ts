/**
 * All instances, by id and by app, with counts per app that are kept up to date by each change, so that no
 * decision has to walk over an app's instances to count them.
 *
 * Every change of an instance passes through here: that is where its record is written, its event is
 * published and its app is marked as touched.
 */

import { fieldValueOf } from "#domain/placement/offered-agent.ts";
import { Spread } from "#domain/placement/spread.ts";
import { formatInstant } from "#foundation/base/iso-time.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { isActive, isLost, isStaged } from "./conditions.ts";
import type { RoleUse } from "./framework-roles.ts";
import {
  encodeInstance,
  holdsRole,
  type Instance,
  type InstanceFields,
  instanceKey,
  isKept,
  isScheduled,
  isServing,
  type VolatileFields,
} from "./instance.ts";
import type { Turn } from "./turn.ts";
import { WaitingInstances } from "./waiting-instances.ts";

export interface PopulationCounts {
  /** Goal Running and not given up as unreachable. */
  kept: number;
  oldKept: number;
  newKept: number;
  oldServing: number;
  newServing: number;
  /** Takes up room on a machine, whatever the goal. */
  oldActive: number;
  newActive: number;
  /** New ones waiting for an offer. */
  newScheduled: number;
  /** For `/v2/apps`. */
  staged: number;
  running: number;
  healthy: number;
  unhealthy: number;
}

export interface Population {
  readonly appId: string;
  readonly members: Map<string, Instance>;
  /** Waiting for an offer. */
  readonly scheduled: WaitingInstances;
  readonly counts: PopulationCounts;
  /** Where the new ones are, by each field that a constraint has asked for. */
  readonly spreads: Map<string, Spread>;
  /** Instances of this configuration are the new ones. */
  configVersion: number | undefined;
}

export class InstanceTable {
  readonly #byId = new Map<string, Instance>();
  readonly #byApp = new Map<string, Population>();
  readonly #touched = new Map<string, Set<Instance>>();
  readonly #roles: RoleUse;

  /** Counts who needs which role. */
  constructor(roles: RoleUse) {
    this.#roles = roles;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(instanceId: string): Instance | undefined {
    return this.#byId.get(instanceId);
  }

  all(): IterableIterator<Instance> {
    return this.#byId.values();
  }

  populations(): IterableIterator<Population> {
    return this.#byApp.values();
  }

  population(appId: string): Population | undefined {
    return this.#byApp.get(appId);
  }

  /** Says which configuration of an app is the current one; its instances are sorted into old and new again. */
  setConfigVersion(appId: string, configVersion: number | undefined): void {
    const population = this.#byApp.get(appId) ?? this.#addPopulation(appId);
    if (population.configVersion !== configVersion) {
      population.configVersion = configVersion;
      Object.assign(population.counts, noCounts());
      population.spreads.clear();
      for (const instance of population.members.values()) count(population, instance, 1);
    }
    this.touch(appId);
  }

  /** How the placed instances of the present configuration are spread over a field; kept from then on. */
  spreadOf(appId: string, field: string): Spread {
    const population = this.#byApp.get(appId) ?? this.#addPopulation(appId);
    const known = population.spreads.get(field);
    if (known !== undefined) return known;
    const spread = spreadAgain(population, field);
    population.spreads.set(field, spread);
    return spread;
  }

  /** Takes in an instance that is stored already. */
  restore(instance: Instance): void {
    const population = this.#byApp.get(instance.appId) ?? this.#addPopulation(instance.appId);
    this.#byId.set(instance.id, instance);
    population.members.set(instance.id, instance);
    count(population, instance, 1);
    if (holdsRole(instance)) this.#roles.add(instance.role);
    if (isScheduled(instance)) population.scheduled.add(instance);
    this.touch(instance.appId, instance);
  }

  add(turn: Turn, instance: Instance): void {
    this.restore(instance);
    turn.put(instanceKey(instance.id), encodeInstance(instance));
    publishChange(turn, instance);
  }

  change(turn: Turn, instance: Instance, fields: Partial<InstanceFields & VolatileFields>): void {
    const { goal, condition, role } = instance;
    const held = holdsRole(instance);
    const population = this.#count(instance, -1);
    Object.assign(instance, fields);
    if (held !== holdsRole(instance) || role !== instance.role) {
      if (holdsRole(instance)) this.#roles.add(instance.role);
      if (held) this.#roles.remove(role);
    }
    if (instance.condition !== condition) instance.conditionSince = turn.now;
    this.#count(instance, 1);
    if (population !== undefined) {
      if (!isScheduled(instance)) population.scheduled.delete(instance);
      else population.scheduled.add(instance);
    }
    turn.put(instanceKey(instance.id), encodeInstance(instance));
    this.touch(instance.appId, instance);
    if (instance.goal !== goal || instance.condition !== condition) publishChange(turn, instance);
  }

  /** For what isn't stored. */
  changeVolatile(instance: Instance, fields: Partial<VolatileFields>): void {
    this.#count(instance, -1);
    Object.assign(instance, fields);
    this.#count(instance, 1);
    this.touch(instance.appId, instance);
  }

  /** Forgets an instance. */
  remove(turn: Turn, instance: Instance): void {
    const population = this.#count(instance, -1);
    population?.members.delete(instance.id);
    population?.scheduled.delete(instance);
    if (holdsRole(instance)) this.#roles.remove(instance.role);
    this.#byId.delete(instance.id);
    turn.delete(instanceKey(instance.id));
    this.touch(instance.appId, instance);
  }

  /** Marks an app for the decisions at the end of the step. */
  touch(appId: string, instance?: Instance): void {
    let changed = this.#touched.get(appId);
    if (changed === undefined) {
      changed = new Set();
      this.#touched.set(appId, changed);
    }
    if (instance !== undefined) changed.add(instance);
  }

  /** Takes one touched app off the list, with the instances of it that changed. */
  takeTouched(): { readonly appId: string; readonly changed: ReadonlySet<Instance> } | undefined {
    const first = this.#touched.entries().next();
    if (first.done === true) return undefined;
    const [appId, changed] = first.value;
    this.#touched.delete(appId);
    return { appId, changed };
  }

  /** Drops the population of an app that is gone, once nothing is left of it. */
  forgetPopulation(appId: string): void {
    if (this.#byApp.get(appId)?.members.size === 0) this.#byApp.delete(appId);
  }

  snapshot(): JsonValue {
    return [...this.#byId.values()].map((instance) => ({
      ...encodeInstance(instance),
      health: instance.health,
      failures: instance.checks.map((check) => check.consecutiveFailures),
    }));
  }

  /** Counts everything again and says where the running counts are wrong. */
  check(): readonly string[] {
    const problems: string[] = [];
    let members = 0;
    for (const population of this.#byApp.values()) {
      const again: Population = { ...population, counts: noCounts(), spreads: new Map() };
      let waiting = 0;
      for (const instance of population.members.values()) {
        count(again, instance, 1);
        if (isScheduled(instance)) waiting += 1;
        if (this.#byId.get(instance.id) !== instance)
          problems.push(`instance ${instance.id} is not in the table`);
      }
      for (const [field, spread] of population.spreads) {
        const counted = JSON.stringify(spreadAgain(population, field).toJson());
        if (JSON.stringify(spread.toJson()) !== counted)
          problems.push(`${population.appId} is miscounted by ${field}`);
      }
      members += population.members.size;
      if (waiting !== population.scheduled.size)
        problems.push(`waiting instances of ${population.appId} are miscounted`);
      problems.push(...population.scheduled.check());
      if (JSON.stringify(again.counts) !== JSON.stringify(population.counts)) {
        problems.push(
          `counts of ${population.appId} are ${JSON.stringify(population.counts)}, not ${JSON.stringify(again.counts)}`,
        );
      }
    }
    if (members !== this.#byId.size) problems.push(`${this.#byId.size} instances, ${members} in populations`);
    return problems;
  }

  #addPopulation(appId: string): Population {
    const population: Population = {
      appId,
      members: new Map(),
      scheduled: new WaitingInstances(),
      counts: noCounts(),
      spreads: new Map(),
      configVersion: undefined,
    };
    this.#byApp.set(appId, population);
    return population;
  }

  #count(instance: Instance, sign: 1 | -1): Population | undefined {
    const population = this.#byApp.get(instance.appId);
    if (population !== undefined) count(population, instance, sign);
    return population;
  }
}

function noCounts(): PopulationCounts {
  return {
    kept: 0,
    oldKept: 0,
    newKept: 0,
    oldServing: 0,
    newServing: 0,
    oldActive: 0,
    newActive: 0,
    newScheduled: 0,
    staged: 0,
    running: 0,
    healthy: 0,
    unhealthy: 0,
  };
}

function count(population: Population, instance: Instance, sign: 1 | -1): void {
  const { counts } = population;
  const isNew = instance.configVersion === population.configVersion;
  if (population.spreads.size > 0 && isPlaced(population, instance)) {
    for (const [field, spread] of population.spreads) {
      const value = fieldValueOf(instance.agent, field);
      if (value !== undefined && sign === 1) spread.add(value);
      else if (value !== undefined) spread.remove(value);
    }
  }
  if (isKept(instance)) {
    counts.kept += sign;
    if (isNew) counts.newKept += sign;
    else counts.oldKept += sign;
  }
  if (isServing(instance)) {
    if (isNew) counts.newServing += sign;
    else counts.oldServing += sign;
  }
  if (isActive(instance.condition)) {
    if (isNew) counts.newActive += sign;
    else counts.oldActive += sign;
  }
  if (isNew && isScheduled(instance)) counts.newScheduled += sign;
  if (isStaged(instance.condition)) counts.staged += sign;
  if (instance.condition === "Running") counts.running += sign;
  if (instance.condition === "Running" && instance.health === true) counts.healthy += sign;
  if (instance.condition === "Running" && instance.health === false) counts.unhealthy += sign;
}

/** Instances of the present configuration that are somewhere; lost ones and old versions block nobody. */
const isPlaced = (population: Population, instance: Instance): boolean =>
  instance.configVersion === population.configVersion &&
  isActive(instance.condition) &&
  !isLost(instance.condition);

function spreadAgain(population: Population, field: string): Spread {
  const spread = new Spread();
  for (const instance of population.members.values()) {
    const value = isPlaced(population, instance) ? fieldValueOf(instance.agent, field) : undefined;
    if (value !== undefined) spread.add(value);
  }
  return spread;
}

function publishChange(turn: Turn, instance: Instance): void {
  turn.publish("instance_changed_event", {
    instanceId: instance.id,
    condition: instance.condition,
    goal: instance.goal,
    runSpecId: instance.appId,
    agentId: instance.agent?.agentId,
    host: instance.agent?.host,
    runSpecVersion: formatInstant(instance.version),
  });
}
