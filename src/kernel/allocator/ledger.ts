/** Who holds what on which agent, and the sums that follow: what is free, shares of roles, consumption under quota. */
import { type Conversion, Resources } from "#domain/resources/index.ts";
import type { AgentFacts } from "./offer-constraints.ts";
import { countedBeside, freeOf, isPlainEntry } from "./quantities.ts";
import { QuotaTable } from "./quota-table.ts";
import { type AgentRecord, clientKeyOf, type FrameworkRecord, readClientKey } from "./records.ts";
import { type Client, RoleTree } from "./role-tree.ts";
import type { AllocatorPolicy, Holding } from "./types.ts";

export class Ledger {
  readonly agents = new Map<string, AgentRecord>();
  readonly frameworks = new Map<string, FrameworkRecord>();
  readonly tree: RoleTree;
  readonly quota: QuotaTable;

  constructor({ excludedNames, minimums }: AllocatorPolicy) {
    this.tree = new RoleTree(excludedNames);
    this.quota = new QuotaTable(minimums);
  }

  addAgent(agentId: string, facts: AgentFacts, total: Resources, holdings: readonly Holding[]): AgentRecord {
    const agent: AgentRecord = {
      id: agentId,
      facts,
      total: Resources.empty,
      available: Resources.empty,
      active: true,
      isPlain: true,
      hasGpus: false,
      isOverheld: false,
      held: new Map(),
    };
    this.agents.set(agentId, agent);
    this.setTotal(agent, total);
    for (const holding of holdings) this.hold(agent, holding);
    return agent;
  }

  removeAgent(agent: AgentRecord): void {
    for (const [key, resources] of agent.held) this.#account(key, Resources.empty, resources, -1);
    agent.held.clear();
    this.#setAvailable(agent, Resources.empty);
    this.#countTotal(agent.total, -1);
    this.agents.delete(agent.id);
  }

  setActive(agent: AgentRecord, active: boolean): void {
    agent.active = active;
    this.quota.freed(agent.available, active ? 1 : -1);
  }

  setTotal(agent: AgentRecord, total: Resources): void {
    this.#countTotal(agent.total, -1);
    this.#countTotal(total, 1);
    agent.total = total;
    agent.hasGpus = total.scalarMillis("gpus") > 0;
    agent.isPlain = !agent.hasGpus && total.entries.every(isPlainEntry);
    this.#recount(agent);
  }

  /** The framework's place in a role; what agents brought of it before it subscribed counts from now on. */
  addClient(framework: FrameworkRecord, role: string): void {
    const client = this.tree.addClient(framework.id, role, false);
    framework.clients.set(role, client);
    const key = clientKeyOf(framework.id, role);
    for (const agent of this.agents.values()) {
      const held = agent.held.get(key);
      if (held !== undefined) this.tree.allocated(client, held);
    }
  }

  hold(agent: AgentRecord, { frameworkId, role, resources }: Holding): void {
    const key = clientKeyOf(frameworkId, role);
    const before = agent.held.get(key) ?? Resources.empty;
    agent.held.set(key, before.plus(resources));
    const free = agent.isOverheld ? undefined : agent.available.freeBeside(resources);
    // Tasks an agent brings back may exceed what it now has; then nothing of that kind is free.
    if (free === undefined) this.#recount(agent);
    else this.#setAvailable(agent, free);
    this.#account(key, before, resources, 1);
  }

  /** Answers whether the client held that. */
  release(agent: AgentRecord, key: string, resources: Resources): boolean {
    const held = agent.held.get(key);
    if (held === undefined || !held.contains(resources)) return false;
    const rest = held.minus(resources);
    if (rest.isEmpty) agent.held.delete(key);
    else agent.held.set(key, rest);
    if (agent.isOverheld) this.#recount(agent);
    else this.#setAvailable(agent, agent.available.plus(resources.notShared()));
    this.#account(key, rest, resources, -1);
    return true;
  }

  /** Other resources are there in place of some that `key` holds, or that are free. Answers false when they are not. */
  convert(agent: AgentRecord, { consumed, converted }: Conversion, key: string | undefined): boolean {
    if (!agent.total.contains(consumed)) return false;
    if (key === undefined) {
      if (!agent.available.contains(consumed)) return false;
    } else {
      const held = agent.held.get(key);
      if (held === undefined || !held.contains(consumed)) return false;
      agent.held.set(key, held.minus(consumed).plus(converted));
      const { role } = readClientKey(key);
      this.quota.allocated(role, consumed, -1);
      this.quota.allocated(role, converted, 1);
    }
    this.quota.reserved(agent.total, -1);
    agent.total = agent.total.minus(consumed).plus(converted);
    this.quota.reserved(agent.total, 1);
    agent.isPlain = !agent.hasGpus && agent.total.entries.every(isPlainEntry);
    this.#recount(agent);
    return true;
  }

  clientOf(frameworkId: string, role: string): Client | undefined {
    return this.frameworks.get(frameworkId)?.clients.get(role);
  }

  #countTotal(total: Resources, sign: 1 | -1): void {
    this.tree.addTotal(total, sign);
    this.quota.reserved(total, sign);
  }

  /** What is free, from what there is and what is held. */
  #recount(agent: AgentRecord): void {
    const held = Resources.sum(agent.held.values());
    agent.isOverheld = agent.total.freeBeside(held) === undefined;
    this.#setAvailable(agent, freeOf(agent.total, held));
  }

  #setAvailable(agent: AgentRecord, available: Resources): void {
    if (agent.active) {
      this.quota.freed(agent.available, -1);
      this.quota.freed(available, 1);
    }
    agent.available = available;
  }

  /** Counts what came to, or went from, what the client holds besides. */
  #account(key: string, others: Resources, resources: Resources, sign: 1 | -1): void {
    const { role, frameworkId } = readClientKey(key);
    this.quota.allocated(role, resources, sign);
    const client = this.clientOf(frameworkId, role);
    if (client === undefined) return;
    const counted = countedBeside(others, resources);
    if (sign === 1) this.tree.allocated(client, counted);
    else this.tree.recovered(client, counted);
  }
}
