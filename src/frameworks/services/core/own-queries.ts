/** Reads of our own API, beside Marathon's in `queries.ts`. */
import type { HistoryEntry } from "#contracts/services/own-endpoints.ts";
import type { ListQuery } from "#foundation/base/list-window.ts";
import { type RolledBack, rollbackOf } from "./apply-change.ts";
import { type DeploymentFacts, type DeploymentQuery, listDeployments } from "./deployment-list.ts";
import type { Refusal } from "./effects.ts";
import { agentsPulling, type Explanation, explain } from "./explain.ts";
import { showHistory } from "./history-list.ts";
import { type InstanceList, type InstanceQuery, listInstances } from "./instance-list.ts";
import { type PlanFacts, planView } from "./plan-view.ts";
import type { ExplainOptions } from "./reasons.ts";
import { listServices, type ServiceFacts, type ServiceQuery } from "./service-list.ts";
import type { ServicesState } from "./state.ts";
import { changeSetOf, type WishedChange } from "./wished-change.ts";

/** Filters and sort fields that don't exist throw CodedError `Invalid`. */
export interface OwnQueries {
  listServices(query: ServiceQuery, options: ExplainOptions): Page<ServiceFacts>;
  /** Undefined for a service of which nothing is known. */
  listInstances(query: InstanceQuery): InstanceList | undefined;
  listDeployments(query: DeploymentQuery): Page<DeploymentFacts>;
  /** Undefined for an unknown service. */
  showHistory(appId: string, query: ListQuery): Page<HistoryEntry> | undefined;
  /** Undefined when nothing has that name. */
  explain(name: string, options: ExplainOptions): Explanation | undefined;
  /** Agents to be asked about images before `explain` is. */
  agentsPulling(name: string): readonly string[];
  /** What a change would do; nothing is done. */
  plan(wish: WishedChange, options: ExplainOptions): PlanFacts | Refusal;
  /** The same for going back to an earlier version, with that version. */
  planRollback(
    wish: RolledBack,
    options: ExplainOptions,
  ): { readonly plan: PlanFacts; readonly version: string } | Refusal;
  /** Whether anything waits for a place: only then is it worth asking the master about its agents. */
  isAnythingWaiting(): boolean;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly total: number;
}

export function ownQueries(state: ServicesState): OwnQueries {
  return {
    listServices: (query, options) => listServices(state, query, options),
    listInstances: (query) => listInstances(state, query),
    listDeployments: (query) => listDeployments(state, query),
    showHistory: (appId, query) => showHistory(state, appId, query),
    explain: (name, options) => explain(state, name, options),
    agentsPulling: (name) => agentsPulling(state, name),
    plan: (wish, options) => {
      const change = changeSetOf(state, wish);
      return "code" in change ? change : planView(state, change, options);
    },
    planRollback: (wish, options) => {
      const rollback = rollbackOf(state, wish);
      if ("code" in rollback) return rollback;
      const plan = planView(state, rollback.change, options);
      return "code" in plan ? plan : { plan, version: rollback.version };
    },
    isAnythingWaiting: () => state.queue.hasWaiting,
  };
}
