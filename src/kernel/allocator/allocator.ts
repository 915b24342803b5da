/**
 * Decides which framework is offered which resources.
 *
 * Invariant: it never sees a task. It knows roles, frameworks, agents and quantities.
 *
 * The obvious run looks at every framework for every agent, each second. Here a run looks only at pairs in which
 * something changed: agents that got resources back, came or lost a filter ("dirty", tried with every
 * framework), and frameworks that came, revived or were unsuppressed ("hungry", tried with every agent that has
 * something free). An idle cluster costs nothing.
 *
 * Source: Mesos, hierarchical allocator (contract mesos.md sections 5.1 to 5.4).
 */

import { type Conversion, Resources } from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { type Random, shuffle } from "#foundation/base/random.ts";
import { FilterTable } from "./filters.ts";
import { addTo, countedBeside, freeOf, holdsMinimum, isPlainEntry } from "./quantities.ts";
import { type Client, RoleTree } from "./role-tree.ts";
import type { AllocatorPolicy, Explanation, FrameworkDescription, Grant, Holding } from "./types.ts";

interface AgentRecord {
  readonly id: string;
  total: Resources;
  available: Resources;
  active: boolean;
  /** Nothing reserved, revocable, shared or on GPUs: the whole of it can be offered to anybody. */
  isPlain: boolean;
  hasGpus: boolean;
  /** What each client holds, offered or used. */
  readonly held: Map<string, Resources>;
}

interface FrameworkRecord {
  readonly id: string;
  description: FrameworkDescription;
  connected: boolean;
  readonly suppressed: Set<string>;
  readonly clients: Map<string, Client>;
}

const clientKeyOf = (frameworkId: string, role: string): string => `${role} ${frameworkId}`;

export class Allocator {
  readonly #policy: AllocatorPolicy;
  readonly #random: Random;
  readonly #tree = new RoleTree();
  readonly #filters: FilterTable;
  readonly #agents = new Map<string, AgentRecord>();
  readonly #frameworks = new Map<string, FrameworkRecord>();
  readonly #dirty = new Set<string>();
  readonly #hungry = new Set<Client>();
  /** A run that should not wait for the next batch. */
  #runAt: InstantMs | undefined;
  #lastRunAt = Number.NEGATIVE_INFINITY;
  #runs = 0;

  constructor(policy: AllocatorPolicy, random: Random) {
    this.#policy = policy;
    this.#random = random;
    this.#filters = new FilterTable(policy.filtersPerAgentMax);
  }

  addAgent(agentId: string, total: Resources, holdings: readonly Holding[], now: InstantMs): void {
    const agent: AgentRecord = {
      id: agentId,
      total: Resources.empty,
      available: Resources.empty,
      active: true,
      isPlain: true,
      hasGpus: false,
      held: new Map(),
    };
    this.#agents.set(agentId, agent);
    this.#setTotal(agent, total);
    for (const holding of holdings) this.#hold(agent, holding);
    this.#requestRun(agent, now);
  }

  /** New total resources or attributes: filters of the agent no longer mean what they meant. */
  updateAgent(agentId: string, total: Resources, now: InstantMs): void {
    const agent = this.#agents.get(agentId);
    if (agent === undefined) return;
    this.#setTotal(agent, total);
    this.#filters.dropAgent(agentId);
    this.#requestRun(agent, now);
  }

  /** The agent and everything held on it are gone. */
  removeAgent(agentId: string): void {
    const agent = this.#agents.get(agentId);
    if (agent === undefined) return;
    for (const [key, resources] of agent.held) {
      const client = this.#clientByKey(key);
      if (client !== undefined) this.#tree.recovered(client, resources);
    }
    this.#tree.addTotal(agent.total, -1);
    this.#filters.dropAgent(agentId);
    this.#agents.delete(agentId);
    this.#dirty.delete(agentId);
  }

  setAgentActive(agentId: string, active: boolean, now: InstantMs): void {
    const agent = this.#agents.get(agentId);
    if (agent === undefined || agent.active === active) return;
    agent.active = active;
    if (active) this.#requestRun(agent, now);
  }

  addFramework(
    frameworkId: string,
    description: FrameworkDescription,
    connected: boolean,
    now: InstantMs,
  ): void {
    const framework: FrameworkRecord = {
      id: frameworkId,
      description,
      connected,
      suppressed: new Set(description.suppressedRoles),
      clients: new Map(),
    };
    this.#frameworks.set(frameworkId, framework);
    for (const role of description.roles) this.#subscribe(framework, role, now);
  }

  /** Roles, capabilities or minimums changed. What is held in a role that left keeps counting until given back. */
  updateFramework(frameworkId: string, description: FrameworkDescription, now: InstantMs): void {
    const framework = this.#frameworks.get(frameworkId);
    if (framework === undefined) return;
    const before = new Set(framework.suppressed);
    framework.description = description;
    framework.suppressed.clear();
    for (const role of description.suppressedRoles) framework.suppressed.add(role);
    for (const [role, client] of framework.clients) {
      if (!description.roles.includes(role)) this.#tree.setActive(client, false);
      else if (before.has(role) && !framework.suppressed.has(role))
        this.#filters.dropClient(clientKeyOf(frameworkId, role));
    }
    for (const role of description.roles) this.#subscribe(framework, role, now);
  }

  /** Whatever it holds becomes free. */
  removeFramework(frameworkId: string, now: InstantMs): void {
    const framework = this.#frameworks.get(frameworkId);
    if (framework === undefined) return;
    for (const [role, client] of framework.clients) {
      const key = clientKeyOf(frameworkId, role);
      for (const agent of this.#agents.values()) this.#release(agent, key, agent.held.get(key), now);
      this.#filters.dropClient(key);
      this.#hungry.delete(client);
      this.#tree.removeClient(client);
    }
    this.#frameworks.delete(frameworkId);
  }

  /** Connected frameworks are offered resources; a disconnected one loses its filters. */
  setFrameworkConnected(frameworkId: string, connected: boolean, now: InstantMs): void {
    const framework = this.#frameworks.get(frameworkId);
    if (framework === undefined || framework.connected === connected) return;
    framework.connected = connected;
    for (const role of framework.clients.keys()) {
      if (!connected) this.#filters.dropClient(clientKeyOf(frameworkId, role));
      this.#refreshActivity(framework, role, now);
    }
  }

  /** Empty `roles` means all of the framework's. Answers false when a role is not one of them. */
  suppress(frameworkId: string, roles: readonly string[], now: InstantMs): boolean {
    return this.#forRoles(frameworkId, roles, (framework, role) => {
      framework.suppressed.add(role);
      this.#refreshActivity(framework, role, now);
    });
  }

  /** Ends suppression and every filter of the roles, and runs at once. Empty `roles` means all. */
  revive(frameworkId: string, roles: readonly string[], now: InstantMs): boolean {
    return this.#forRoles(frameworkId, roles, (framework, role) => {
      framework.suppressed.delete(role);
      this.#filters.dropClient(clientKeyOf(frameworkId, role));
      this.#refreshActivity(framework, role, now);
      const client = framework.clients.get(role);
      if (client?.active === true) this.#hungry.add(client);
      this.#runAt ??= now;
    });
  }

  setWeight(role: string, weight: number): void {
    this.#tree.setWeight(role, weight);
  }

  weightOf(role: string): number {
    return this.#tree.weightOf(role);
  }

  /** Counts resources that a framework already holds, such as tasks an agent brought back. */
  hold(holding: Holding): void {
    const agent = this.#agents.get(holding.agentId);
    if (agent !== undefined) this.#hold(agent, holding);
  }

  /**
   * An operation made other resources out of some that `holder` holds, or, without one, that are free. The sums stay,
   * and so does everybody's share. Answers false, and does nothing, when they are not held or not free.
   */
  convert(
    agentId: string,
    { consumed, converted }: Conversion,
    holder?: { readonly frameworkId: string; readonly role: string },
  ): boolean {
    const agent = this.#agents.get(agentId);
    if (agent === undefined || !agent.total.contains(consumed)) return false;
    if (holder === undefined) {
      if (!agent.available.contains(consumed)) return false;
    } else {
      const key = clientKeyOf(holder.frameworkId, holder.role);
      const held = agent.held.get(key);
      if (held === undefined || !held.contains(consumed)) return false;
      agent.held.set(key, held.minus(consumed).plus(converted));
    }
    agent.total = agent.total.minus(consumed).plus(converted);
    agent.available = freeOf(agent.total, Resources.sum(agent.held.values()));
    agent.isPlain = !agent.hasGpus && agent.total.entries.every(isPlainEntry);
    this.#markDirty(agentId);
    return true;
  }

  /**
   * Takes back what a framework does not use. With `refuseSeconds`, the same is not offered to it again for that
   * long; 0 sets no filter, a negative or missing number means the caller applied the default before.
   */
  recover(holding: Holding, now: InstantMs, refuseSeconds?: number): void {
    const agent = this.#agents.get(holding.agentId);
    if (agent === undefined || holding.resources.isEmpty) return;
    const key = clientKeyOf(holding.frameworkId, holding.role);
    this.#release(agent, key, holding.resources, now);
    if (refuseSeconds === undefined || !(refuseSeconds > 0)) return;
    if (this.#frameworks.get(holding.frameworkId)?.connected !== true) return;
    const { allocationIntervalMs, filterMaxMs } = this.#policy;
    const lifeMs = Math.max(Math.min(refuseSeconds * 1000, filterMaxMs), allocationIntervalMs);
    // Compared with what would be offered, which is all that is free then: so the filter is on all of it.
    this.#filters.add({ clientKey: key, agentId: agent.id }, holding.resources, now + lifeMs);
  }

  /** When `allocate` should next run. */
  wakeAt(): InstantMs | undefined {
    if (this.#runAt !== undefined) return this.#runAt;
    const batch = this.#lastRunAt + this.#policy.allocationIntervalMs;
    if (this.#dirty.size > 0) return Math.max(batch, 0);
    const filterEnd = this.#filters.nextEnd();
    return filterEnd === undefined ? undefined : Math.max(filterEnd, batch);
  }

  /** One run: everything that can be offered now, counted as allocated at once. */
  allocate(now: InstantMs): readonly Grant[] {
    this.#runAt = undefined;
    this.#lastRunAt = now;
    this.#runs += 1;
    for (const agentId of this.#filters.expire(now)) this.#markDirty(agentId);
    const grants: Grant[] = [];
    const candidates = this.#hungry.size > 0 ? [...this.#agents.keys()] : [...this.#dirty];
    for (const agentId of shuffle(candidates, this.#random)) {
      const agent = this.#agents.get(agentId);
      if (agent === undefined || !agent.active || agent.available.isEmpty) continue;
      this.#offerAgent(agent, this.#dirty.has(agentId), grants);
    }
    this.#dirty.clear();
    this.#hungry.clear();
    return grants;
  }

  /** The whole of the agent goes to the first client that may have it; what only others may have is tried on. */
  #offerAgent(agent: AgentRecord, tryEverybody: boolean, grants: Grant[]): void {
    // What is shared stays free when it is offered; one run offers it once.
    const sharedGiven = new Set<string>();
    for (;;) {
      const granted = this.#tree.visit((client) => {
        if (!tryEverybody && !this.#hungry.has(client)) return false;
        const framework = this.#frameworks.get(client.frameworkId);
        if (framework === undefined) return false;
        const resources = this.#offerable(agent, framework, client.role, sharedGiven);
        if (resources === undefined) return false;
        for (const { key } of resources.shared().entries) sharedGiven.add(key);
        grants.push({ frameworkId: framework.id, role: client.role, agentId: agent.id, resources });
        this.#hold(agent, { frameworkId: framework.id, role: client.role, agentId: agent.id, resources });
        return true;
      });
      if (!granted || agent.available.isEmpty) return;
    }
  }

  #offerable(
    agent: AgentRecord,
    framework: FrameworkRecord,
    role: string,
    sharedGiven: ReadonlySet<string>,
  ): Resources | undefined {
    const permitted = this.#permitted(agent, framework, role);
    const resources =
      sharedGiven.size === 0 ? permitted : permitted.filter(({ key }) => !sharedGiven.has(key));
    if (resources.isEmpty || !this.#isAllocatable(framework, role, resources)) return undefined;
    return this.#filters.covers(clientKeyOf(framework.id, role), agent.id, resources) ? undefined : resources;
  }

  /** What of the free resources this framework may have in this role. */
  #permitted(agent: AgentRecord, { description }: FrameworkRecord, role: string): Resources {
    if (agent.isPlain) return agent.available;
    const { capabilities } = description;
    if (agent.hasGpus && !capabilities.has("GPU_RESOURCES")) return Resources.empty;
    const mine = agent.available.reservedFor(role);
    return agent.available
      .unreserved()
      .plus(mine)
      .filter(
        (entry) =>
          (!entry.revocable || capabilities.has("REVOCABLE_RESOURCES")) &&
          (!entry.shared || capabilities.has("SHARED_RESOURCES")) &&
          (entry.reservations.length <= 1 || capabilities.has("RESERVATION_REFINEMENT")),
      );
  }

  #isAllocatable({ description }: FrameworkRecord, role: string, resources: Resources): boolean {
    const minimums = description.minimums.get(role) ?? this.#policy.minimums;
    return minimums.length === 0 || minimums.some((minimum) => holdsMinimum(resources, minimum));
  }

  #subscribe(framework: FrameworkRecord, role: string, now: InstantMs): void {
    if (!framework.clients.has(role)) {
      const client = this.#tree.addClient(framework.id, role, false);
      framework.clients.set(role, client);
      // An agent may have brought holdings of a framework before it subscribed.
      const key = clientKeyOf(framework.id, role);
      for (const agent of this.#agents.values()) {
        const held = agent.held.get(key);
        if (held !== undefined) this.#tree.allocated(client, held);
      }
    }
    this.#refreshActivity(framework, role, now);
  }

  #refreshActivity(framework: FrameworkRecord, role: string, now: InstantMs): void {
    const client = framework.clients.get(role);
    if (client === undefined) return;
    const wasActive = client.active;
    const isSubscribed = framework.description.roles.includes(role);
    this.#tree.setActive(client, framework.connected && isSubscribed && !framework.suppressed.has(role));
    if (!client.active) this.#hungry.delete(client);
    if (!wasActive && client.active) {
      this.#hungry.add(client);
      this.#runAt ??= now;
    }
  }

  #forRoles(
    frameworkId: string,
    roles: readonly string[],
    change: (framework: FrameworkRecord, role: string) => void,
  ): boolean {
    const framework = this.#frameworks.get(frameworkId);
    if (framework === undefined) return false;
    const { roles: subscribed } = framework.description;
    if (roles.some((role) => !subscribed.includes(role))) return false;
    for (const role of roles.length === 0 ? subscribed : roles) change(framework, role);
    return true;
  }

  #setTotal(agent: AgentRecord, total: Resources): void {
    this.#tree.addTotal(agent.total, -1);
    this.#tree.addTotal(total, 1);
    const held = Resources.sum(agent.held.values());
    agent.total = total;
    agent.available = freeOf(total, held);
    agent.hasGpus = total.scalarMillis("gpus") > 0;
    agent.isPlain = !agent.hasGpus && total.entries.every(isPlainEntry);
  }

  #hold(agent: AgentRecord, { frameworkId, role, resources }: Holding): void {
    const key = clientKeyOf(frameworkId, role);
    const before = agent.held.get(key) ?? Resources.empty;
    agent.held.set(key, before.plus(resources));
    // Tasks an agent brings back may exceed what it now has; then nothing of that kind is free.
    agent.available =
      agent.available.freeBeside(resources) ?? freeOf(agent.total, Resources.sum(agent.held.values()));
    const client = this.#frameworks.get(frameworkId)?.clients.get(role);
    if (client !== undefined) this.#tree.allocated(client, countedBeside(before, resources));
  }

  #release(agent: AgentRecord, key: string, resources: Resources | undefined, now: InstantMs): void {
    if (resources === undefined) return;
    const held = agent.held.get(key);
    if (held === undefined || !held.contains(resources)) return;
    const rest = held.minus(resources);
    if (rest.isEmpty) agent.held.delete(key);
    else agent.held.set(key, rest);
    agent.available = freeOf(agent.total, Resources.sum(agent.held.values()));
    const client = this.#clientByKey(key);
    if (client !== undefined) this.#tree.recovered(client, countedBeside(rest, resources));
    this.#markDirty(agent.id);
    // The first change after a pause is offered with the next batch, counted from now.
    if (this.#lastRunAt === Number.NEGATIVE_INFINITY) this.#lastRunAt = now;
  }

  #clientByKey(key: string): Client | undefined {
    const at = key.lastIndexOf(" ");
    return this.#frameworks.get(key.slice(at + 1))?.clients.get(key.slice(0, at));
  }

  #markDirty(agentId: string): void {
    if (this.#agents.has(agentId)) this.#dirty.add(agentId);
  }

  #requestRun(agent: AgentRecord, now: InstantMs): void {
    this.#dirty.add(agent.id);
    this.#runAt ??= now;
  }

  /** Free resources of an agent. */
  availableOn(agentId: string): Resources {
    return this.#agents.get(agentId)?.available ?? Resources.empty;
  }

  /** Dominant share of a role over its weight, with everything below it. */
  shareOf(role: string): number {
    return this.#tree.shareOf(role);
  }

  get runs(): number {
    return this.#runs;
  }

  get activeFilters(): number {
    return this.#filters.size;
  }

  /** Why a framework is, or is not, offered agents in each of its roles. Costs a look at every agent. */
  explain(frameworkId: string): readonly Explanation[] {
    const framework = this.#frameworks.get(frameworkId);
    if (framework === undefined) return [];
    return [...framework.clients.keys()].map((role) => this.#explainRole(framework, role));
  }

  #explainRole(framework: FrameworkRecord, role: string): Explanation {
    const counts = {
      inactive: 0,
      nothingFree: 0,
      missingCapability: 0,
      belowMinimum: 0,
      filtered: 0,
      offerable: 0,
    };
    for (const agent of this.#agents.values()) counts[this.#causeOn(agent, framework, role)] += 1;
    return { role, suppressed: framework.suppressed.has(role), agents: this.#agents.size, ...counts };
  }

  #causeOn(
    agent: AgentRecord,
    framework: FrameworkRecord,
    role: string,
  ): keyof Omit<Explanation, "role" | "suppressed" | "agents"> {
    if (!agent.active) return "inactive";
    if (agent.available.isEmpty) return "nothingFree";
    const resources = this.#permitted(agent, framework, role);
    if (resources.isEmpty) return "missingCapability";
    if (!this.#isAllocatable(framework, role, resources)) return "belowMinimum";
    return this.#filters.covers(clientKeyOf(framework.id, role), agent.id, resources)
      ? "filtered"
      : "offerable";
  }

  /** The invariants that do not hold. */
  check(): readonly string[] {
    const broken: string[] = [];
    const used = new Map<string, Map<string, number>>();
    for (const agent of this.#agents.values()) {
      const held = Resources.sum(agent.held.values());
      const free = agent.total.freeBeside(held);
      if (free !== undefined && !agent.available.equals(free)) {
        broken.push(
          `agent ${agent.id}: free ${agent.available} and held ${held} are not its total ${agent.total}`,
        );
      }
      for (const [key, resources] of agent.held) addTo(used, key, resources);
    }
    for (const framework of this.#frameworks.values()) {
      for (const [role, client] of framework.clients) {
        const key = clientKeyOf(framework.id, role);
        for (const [name, millis] of client.usage.millis) {
          const true_ = used.get(key)?.get(name) ?? 0;
          if (millis !== true_)
            broken.push(`framework ${framework.id} in ${role}: counted ${name} ${millis}, held ${true_}`);
        }
      }
    }
    return broken;
  }
}
