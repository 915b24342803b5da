/**
 * Decides which framework is offered which resources.
 *
 * Invariant: it never sees a task. It knows roles, frameworks, agents and quantities.
 *
 * The obvious run looks at every framework for every agent, each second. Here a run looks only at pairs in which
 * something changed: agents that got resources back, came or lost a filter ("dirty", tried with every
 * framework), and frameworks that came, revived or were unsuppressed ("hungry", tried with every agent that has
 * something free). An idle cluster costs nothing. Quota joins in: what it kept from being granted is tried again when
 * it allows more (`quota-retries.ts`).
 *
 * Source: Mesos, hierarchical allocator (contract mesos.md sections 5.1 to 5.4).
 */

import { type Conversion, Resources } from "#domain/resources/index.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { type Random, shuffle } from "#foundation/base/random.ts";
import { checkAllocator } from "./check.ts";
import { FilterTable } from "./filters.ts";
import { Judge, type RunNotes } from "./judge.ts";
import { Ledger } from "./ledger.ts";
import { type AgentFacts, noFacts } from "./offer-constraints.ts";
import { isAllocatable } from "./quantities.ts";
import { QuotaRetries } from "./quota-retries.ts";
import { type QuotaTable, topRoleOf } from "./quota-table.ts";
import { type AgentRecord, clientKeyOf, type FrameworkRecord, readClientKey } from "./records.ts";
import type { Client } from "./role-tree.ts";
import type { AllocatorPolicy, Explanation, FrameworkDescription, Grant, Holding, Quota } from "./types.ts";

/** Guarantees first, then what is left by fair share. */
type Stage = "guarantees" | "fairShares";

export class Allocator {
  readonly #policy: AllocatorPolicy;
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #retries = new QuotaRetries();
  readonly #filters: FilterTable;
  readonly #judge: Judge;
  readonly #dirty = new Set<string>();
  readonly #hungry = new Set<Client>();
  /** Frameworks with minimums of their own: while there are none, a role can be passed over as a whole. */
  #ownMinimums = 0;
  /** A run that should not wait for the next batch. */
  #runAt: InstantMs | undefined;
  #lastRunAt = Number.NEGATIVE_INFINITY;
  #runs = 0;
  /** No run before that many agents are there, or it is that late. */
  #pause: { readonly agents: number; readonly until: InstantMs } | undefined;

  constructor(policy: AllocatorPolicy, random: Random) {
    this.#policy = policy;
    this.#random = random;
    this.#ledger = new Ledger(policy);
    this.#filters = new FilterTable(policy.filtersPerAgentMax);
    this.#judge = new Judge(policy, this.#ledger, this.#filters);
  }

  /**
   * Makes no run until `agents` agents are there, or until an instant: after a failover, quota can't be judged before
   * most agents have told what runs on them.
   */
  pause(agents: number, until: InstantMs): void {
    this.#pause = { agents, until };
  }

  /** Until when nothing is offered, and how many agents would end it; undefined when runs are made. */
  get paused(): { readonly agents: number; readonly until: InstantMs } | undefined {
    const { agents = 0 } = this.#pause ?? {};
    return this.#ledger.agents.size < agents ? this.#pause : undefined;
  }

  addAgent(
    agentId: string,
    total: Resources,
    holdings: readonly Holding[],
    now: InstantMs,
    facts: AgentFacts = noFacts,
  ): void {
    const agent = this.#ledger.addAgent(agentId, facts, total, holdings);
    this.#retries.everythingMoved(this.#ledger.quota.starving);
    this.#requestRun(agent, now);
  }

  /** New total resources or attributes: filters of the agent no longer mean what they meant. */
  updateAgent(agentId: string, total: Resources, now: InstantMs, facts?: AgentFacts): void {
    const agent = this.#ledger.agents.get(agentId);
    if (agent === undefined) return;
    if (facts !== undefined) agent.facts = facts;
    this.#ledger.setTotal(agent, total);
    this.#filters.dropAgent(agentId);
    this.#retries.everythingMoved(this.#ledger.quota.starving);
    this.#requestRun(agent, now);
  }

  /** The agent and everything held on it are gone. */
  removeAgent(agentId: string): void {
    const agent = this.#ledger.agents.get(agentId);
    if (agent === undefined) return;
    this.#ledger.removeAgent(agent);
    this.#filters.dropAgent(agentId);
    this.#dirty.delete(agentId);
    this.#retries.forgetAgent(agentId);
    this.#retries.everythingMoved(this.#ledger.quota.starving);
  }

  setAgentActive(agentId: string, active: boolean, now: InstantMs): void {
    const agent = this.#ledger.agents.get(agentId);
    if (agent === undefined || agent.active === active) return;
    this.#ledger.setActive(agent, active);
    if (!active) return;
    this.#retries.everythingMoved(this.#ledger.quota.starving);
    this.#requestRun(agent, now);
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
    this.#ledger.frameworks.set(frameworkId, framework);
    this.#countOwnMinimums(description, 1);
    for (const role of description.roles) this.#subscribe(framework, role, now);
  }

  /**
   * Roles, capabilities, minimums or constraints changed. What is held in a role that left keeps counting until given
   * back.
   */
  updateFramework(frameworkId: string, description: FrameworkDescription, now: InstantMs): void {
    const framework = this.#ledger.frameworks.get(frameworkId);
    if (framework === undefined) return;
    const before = new Set(framework.suppressed);
    this.#countOwnMinimums(framework.description, -1);
    this.#countOwnMinimums(description, 1);
    framework.description = description;
    framework.suppressed.clear();
    for (const role of description.suppressedRoles) framework.suppressed.add(role);
    for (const [role, client] of framework.clients) {
      if (!description.roles.includes(role)) this.#ledger.tree.setActive(client, false);
      else if (before.has(role) && !framework.suppressed.has(role))
        this.#filters.dropClient(clientKeyOf(frameworkId, role));
    }
    for (const role of description.roles) {
      this.#subscribe(framework, role, now);
      const client = framework.clients.get(role);
      // What it may have can be more than before, on any agent.
      if (client?.active === true) this.#makeHungry(client, now);
    }
  }

  /** Whatever it holds becomes free. */
  removeFramework(frameworkId: string, now: InstantMs): void {
    const framework = this.#ledger.frameworks.get(frameworkId);
    if (framework === undefined) return;
    for (const [role, client] of framework.clients) {
      const key = clientKeyOf(frameworkId, role);
      for (const agent of this.#ledger.agents.values()) this.#release(agent, key, agent.held.get(key), now);
      this.#filters.dropClient(key);
      this.#hungry.delete(client);
      this.#ledger.tree.removeClient(client);
    }
    this.#countOwnMinimums(framework.description, -1);
    this.#ledger.frameworks.delete(frameworkId);
  }

  /** Connected frameworks are offered resources; a disconnected one loses its filters. */
  setFrameworkConnected(frameworkId: string, connected: boolean, now: InstantMs): void {
    const framework = this.#ledger.frameworks.get(frameworkId);
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

  setWeights(weights: ReadonlyMap<string, number>): void {
    this.#ledger.tree.setWeights(weights);
  }

  weightOf(role: string): number {
    return this.#ledger.tree.weightOf(role);
  }

  /** Of a top-level role; the next batch goes by it. What is held already stays held. */
  setQuota(role: string, quota: Quota, now: InstantMs): void {
    this.#ledger.quota.set(role, quota);
    this.#retries.everythingMoved(this.#ledger.quota.starving);
    this.#retries.retryRole(role);
    this.#startBatches(now);
  }

  /** Quota as it is set and counted, for views and judgements. */
  get quota(): Pick<QuotaTable, "consumedBy" | "surplusOf" | "lackOf" | "lackNames" | "roomOf"> {
    return this.#ledger.quota;
  }

  /** Counts resources that a framework already holds, such as tasks an agent brought back. */
  hold(holding: Holding): void {
    const agent = this.#ledger.agents.get(holding.agentId);
    if (agent !== undefined) this.#ledger.hold(agent, holding);
  }

  /**
   * An operation made other resources out of some that `holder` holds, or, without one, that are free. The sums stay,
   * and so does everybody's share. Answers false, and does nothing, when they are not held or not free.
   */
  convert(
    agentId: string,
    conversion: Conversion,
    holder?: { readonly frameworkId: string; readonly role: string },
  ): boolean {
    const agent = this.#ledger.agents.get(agentId);
    if (agent === undefined) return false;
    const key = holder === undefined ? undefined : clientKeyOf(holder.frameworkId, holder.role);
    if (!this.#ledger.convert(agent, conversion, key)) return false;
    this.#retries.everythingMoved(this.#ledger.quota.starving);
    this.#markDirty(agentId);
    return true;
  }

  /**
   * Takes back what a framework does not use. With `refuseSeconds`, the same is not offered to it again for that
   * long; 0 sets no filter, a negative or missing number means the caller applied the default before.
   */
  recover(holding: Holding, now: InstantMs, refuseSeconds?: number): void {
    const agent = this.#ledger.agents.get(holding.agentId);
    if (agent === undefined || holding.resources.isEmpty) return;
    const key = clientKeyOf(holding.frameworkId, holding.role);
    this.#release(agent, key, holding.resources, now);
    if (refuseSeconds === undefined || !(refuseSeconds > 0)) return;
    if (this.#ledger.frameworks.get(holding.frameworkId)?.connected !== true) return;
    const { allocationIntervalMs, filterMaxMs } = this.#policy;
    const lifeMs = Math.max(Math.min(refuseSeconds * 1000, filterMaxMs), allocationIntervalMs);
    // Compared with what would be offered, which is all that is free then: so the filter is on all of it.
    this.#filters.add({ clientKey: key, agentId: agent.id }, holding.resources, now + lifeMs);
  }

  /** When `allocate` should next run. */
  wakeAt(): InstantMs | undefined {
    const paused = this.paused;
    if (paused !== undefined) return paused.until;
    if (this.#runAt !== undefined) return this.#runAt;
    const batch = this.#lastRunAt + this.#policy.allocationIntervalMs;
    if (this.#dirty.size > 0 || this.#retries.isDue) return Math.max(batch, 0);
    const filterEnd = this.#filters.nextEnd();
    return filterEnd === undefined ? undefined : Math.max(filterEnd, batch);
  }

  /** One run: everything that can be offered now, counted as allocated at once. */
  allocate(now: InstantMs): readonly Grant[] {
    const paused = this.paused;
    if (paused !== undefined && now < paused.until) return [];
    this.#pause = undefined;
    this.#runAt = undefined;
    this.#lastRunAt = now;
    this.#runs += 1;
    for (const agentId of this.#filters.expire(now)) this.#markDirty(agentId);
    for (const role of this.#retries.takeRoles())
      for (const client of this.#ledger.tree.clientsBelow(role)) if (client.active) this.#hungry.add(client);
    const grants: Grant[] = [];
    const candidates = this.#hungry.size > 0 ? [...this.#ledger.agents.keys()] : [...this.#dirty];
    if (this.#ledger.quota.hasStarving) this.#runStage("guarantees", candidates, grants);
    this.#runStage("fairShares", candidates, grants);
    this.#retryHeldBack(grants);
    this.#dirty.clear();
    this.#hungry.clear();
    return grants;
  }

  /** Agents come in random order, so that nobody can count on the first ones. */
  #runStage(stage: Stage, candidates: string[], grants: Grant[]): void {
    for (const agentId of shuffle(candidates, this.#random)) {
      const agent = this.#ledger.agents.get(agentId);
      if (agent === undefined || !agent.active || agent.available.isEmpty) continue;
      this.#offerAgent(stage, agent, this.#dirty.has(agentId), grants);
    }
  }

  /** Headroom may allow more now, on agents of which it kept something back; the first few use it up again as a rule. */
  #retryHeldBack(grants: Grant[]): void {
    const hasSurplus = (): boolean => this.#ownMinimums > 0 || this.#ledger.quota.hasSurplus;
    if (!hasSurplus()) return this.#retries.surplusIsUsed();
    for (const agentId of this.#retries.takeAgents()) {
      const agent = this.#ledger.agents.get(agentId);
      if (agent?.active === true) this.#offerAgent("fairShares", agent, true, grants);
      if (!hasSurplus()) return;
    }
  }

  /** The whole of the agent goes to the first client that may have it; what only others may have is tried on. */
  #offerAgent(stage: Stage, agent: AgentRecord, tryEverybody: boolean, grants: Grant[]): void {
    const sharedGiven = new Set<string>();
    const notes: RunNotes = { sharedGiven, onShare: this.#noteShortage };
    for (;;) {
      const granted = this.#ledger.tree.visit(
        (client) => {
          if (!tryEverybody && !this.#hungry.has(client)) return false;
          const framework = this.#ledger.frameworks.get(client.frameworkId);
          if (framework === undefined) return false;
          const resources = this.#judge.judge(agent, framework, client.role, notes);
          if (typeof resources === "string") return false;
          for (const { key } of resources.shared().entries) sharedGiven.add(key);
          grants.push({ frameworkId: framework.id, role: client.role, agentId: agent.id, resources });
          this.#ledger.hold(agent, {
            frameworkId: framework.id,
            role: client.role,
            agentId: agent.id,
            resources,
          });
          return true;
        },
        (topRole) => this.#admits(stage, agent, topRole),
      );
      if (!granted || agent.available.isEmpty) return;
    }
  }

  /** Whether a role need be looked into at all. */
  #admits(stage: Stage, agent: AgentRecord, topRole: string): boolean {
    const { quota } = this.#ledger;
    if (quota.isEmpty) return true;
    if (stage === "guarantees")
      return quota.isStarving(topRole) && quota.contributes(topRole, agent.available);
    if (!agent.isPlain || this.#ownMinimums > 0) return true;
    if (quota.isExhausted(topRole)) {
      this.#retries.limited(topRole);
      return false;
    }
    if (!quota.hasSurplus && !quota.isStarving(topRole)) {
      this.#retries.heldBack(agent.id);
      return false;
    }
    const share = quota.shareOf(topRole, agent.available);
    if (isAllocatable(share.resources, this.#policy.minimums)) return true;
    this.#noteShortage(agent, topRole, share);
    return false;
  }

  readonly #noteShortage: RunNotes["onShare"] = ({ id }, role, { isLimited, isHeldBack }) => {
    if (isLimited) this.#retries.limited(topRoleOf(role));
    if (isHeldBack) this.#retries.heldBack(id);
  };

  #countOwnMinimums({ minimums }: FrameworkDescription, sign: 1 | -1): void {
    if (minimums.size > 0) this.#ownMinimums += sign;
  }

  #subscribe(framework: FrameworkRecord, role: string, now: InstantMs): void {
    if (!framework.clients.has(role)) this.#ledger.addClient(framework, role);
    this.#refreshActivity(framework, role, now);
  }

  #refreshActivity(framework: FrameworkRecord, role: string, now: InstantMs): void {
    const client = framework.clients.get(role);
    if (client === undefined) return;
    const wasActive = client.active;
    const isSubscribed = framework.description.roles.includes(role);
    this.#ledger.tree.setActive(
      client,
      framework.connected && isSubscribed && !framework.suppressed.has(role),
    );
    if (!client.active) this.#hungry.delete(client);
    if (!wasActive && client.active) this.#makeHungry(client, now);
  }

  #makeHungry(client: Client, now: InstantMs): void {
    this.#hungry.add(client);
    this.#runAt ??= now;
  }

  #forRoles(
    frameworkId: string,
    roles: readonly string[],
    change: (framework: FrameworkRecord, role: string) => void,
  ): boolean {
    const framework = this.#ledger.frameworks.get(frameworkId);
    if (framework === undefined) return false;
    const { roles: subscribed } = framework.description;
    if (roles.some((role) => !subscribed.includes(role))) return false;
    for (const role of roles.length === 0 ? subscribed : roles) change(framework, role);
    return true;
  }

  #release(agent: AgentRecord, key: string, resources: Resources | undefined, now: InstantMs): void {
    if (resources === undefined || !this.#ledger.release(agent, key, resources)) return;
    const top = topRoleOf(readClientKey(key).role);
    this.#retries.released(top, { isStarving: this.#ledger.quota.isStarving(top) });
    this.#markDirty(agent.id);
    this.#startBatches(now);
  }

  /** The first change after a pause is offered with the next batch, counted from now. */
  #startBatches(now: InstantMs): void {
    if (this.#lastRunAt === Number.NEGATIVE_INFINITY) this.#lastRunAt = now;
  }

  #markDirty(agentId: string): void {
    if (this.#ledger.agents.has(agentId)) this.#dirty.add(agentId);
  }

  #requestRun(agent: AgentRecord, now: InstantMs): void {
    this.#dirty.add(agent.id);
    this.#runAt ??= now;
  }

  /** Free resources of an agent. */
  availableOn(agentId: string): Resources {
    return this.#ledger.agents.get(agentId)?.available ?? Resources.empty;
  }

  /** Dominant share of a role over its weight, with everything below it. */
  shareOf(role: string): number {
    return this.#ledger.tree.shareOf(role);
  }

  get runs(): number {
    return this.#runs;
  }

  get activeFilters(): number {
    return this.#filters.size;
  }

  /** Filters by the role they are in. Costs a look at all of them. */
  filtersByRole(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [key, count] of this.#filters.perClient()) {
      const { role } = readClientKey(key);
      counts.set(role, (counts.get(role) ?? 0) + count);
    }
    return counts;
  }

  /** Why a framework is, or is not, offered agents in each of its roles. Costs a look at each of so many agents. */
  explain(frameworkId: string, agentsMax = Number.POSITIVE_INFINITY): readonly Explanation[] {
    return this.#judge.explain(frameworkId, agentsMax);
  }

  /** The invariants that do not hold. */
  check(): readonly string[] {
    return checkAllocator(this.#ledger);
  }
}
