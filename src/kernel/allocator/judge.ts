/**
 * Whether a framework may be offered an agent in a role, and if not, why: one judgement, by which runs grant and by which
 * people are told.
 */
import { Resources } from "#domain/resources/index.ts";
import type { FilterTable } from "./filters.ts";
import type { Ledger } from "./ledger.ts";
import { isAllocatable } from "./quantities.ts";
import type { Share } from "./quota-table.ts";
import { type AgentRecord, agentRefusal, clientKeyOf, type FrameworkRecord, permittedTo } from "./records.ts";
import type { AgentVerdict, AllocatorPolicy, Explanation, Refusal } from "./types.ts";

/** What a run knows besides the tables, and wants to know of the judgement. */
export interface RunNotes {
  /** Keys of what is shared and was offered already: it stays free, and one run offers it once. */
  readonly sharedGiven: ReadonlySet<string>;
  /** Told what quota left of the free resources of an agent. */
  readonly onShare: (agent: AgentRecord, role: string, share: Share) => void;
}

const outsideOfRuns: RunNotes = { sharedGiven: new Set(), onShare: () => undefined };

export class Judge {
  readonly #policy: AllocatorPolicy;
  readonly #ledger: Ledger;
  readonly #filters: FilterTable;

  constructor(policy: AllocatorPolicy, ledger: Ledger, filters: FilterTable) {
    this.#policy = policy;
    this.#ledger = ledger;
    this.#filters = filters;
  }

  /** What the framework would be offered of the agent in this role, or why nothing. */
  judge(
    agent: AgentRecord,
    framework: FrameworkRecord,
    role: string,
    { sharedGiven, onShare }: RunNotes = outsideOfRuns,
  ): Resources | Refusal {
    const refusal = agentRefusal(agent, framework, role, this.#policy);
    if (refusal !== undefined) return refusal;
    const permitted = permittedTo(agent, framework, role);
    if (typeof permitted === "string") return permitted;
    const open = sharedGiven.size === 0 ? permitted : permitted.filter(({ key }) => !sharedGiven.has(key));
    const share = this.#ledger.quota.shareOf(role, open);
    onShare(agent, role, share);
    const { resources } = share;
    const minimums = framework.description.minimums.get(role) ?? this.#policy.minimums;
    if (resources.isEmpty || !isAllocatable(resources, minimums)) {
      if (!isAllocatable(open, minimums)) return "belowMinimum";
      return share.isLimited ? "limit" : "heldBack";
    }
    return this.#filters.covers(clientKeyOf(framework.id, role), agent.id, resources)
      ? "filtered"
      : resources;
  }

  /** Why a framework is, or is not, offered agents in each of its roles. Costs a look at each of so many agents. */
  explain(frameworkId: string, agentsMax: number): readonly Explanation[] {
    const framework = this.#ledger.frameworks.get(frameworkId);
    if (framework === undefined) return [];
    const { tree, agents } = this.#ledger;
    return [...framework.clients].map(([role, client]) => ({
      role,
      suppressed: framework.suppressed.has(role),
      agents: agents.size,
      share: client.share,
      roleShare: tree.shareOf(role),
      ahead: tree.aheadOf(client),
      verdicts: [...this.#verdicts(framework, role, agentsMax)],
    }));
  }

  /** What each agent has for a framework in a role, or why nothing. */
  *#verdicts(framework: FrameworkRecord, role: string, agentsMax: number): Generator<AgentVerdict> {
    let examined = 0;
    for (const agent of this.#ledger.agents.values()) {
      if (examined >= agentsMax) return;
      examined += 1;
      const found = this.#verdictOn(agent, framework, role);
      const isOffered = typeof found !== "string";
      const until =
        found === "filtered" ? this.#filters.endOf(clientKeyOf(framework.id, role), agent.id) : undefined;
      yield {
        agentId: agent.id,
        facts: agent.facts,
        cause: isOffered ? "offerable" : found,
        free: agent.available,
        offerable: isOffered ? found : Resources.empty,
        ...(until === undefined ? {} : { until }),
      };
    }
  }

  #verdictOn(agent: AgentRecord, framework: FrameworkRecord, role: string): Resources | Refusal {
    if (!agent.active) return "inactive";
    const refusal = agentRefusal(agent, framework, role, this.#policy);
    if (refusal !== undefined) return refusal;
    return agent.available.isEmpty ? "nothingFree" : this.judge(agent, framework, role);
  }
}
