/** What must always hold of the allocator's tables. */
import { Resources, roleOf } from "#domain/resources/index.ts";
import { addTo } from "./quantities.ts";
import { isOrdinary, type QuotaTable, topRoleOf } from "./quota-table.ts";
import { type AgentRecord, clientKeyOf, type FrameworkRecord, readClientKey } from "./records.ts";

export interface AllocatorTables {
  readonly agents: ReadonlyMap<string, AgentRecord>;
  readonly frameworks: ReadonlyMap<string, FrameworkRecord>;
  readonly quota: QuotaTable;
}

/** The invariants that do not hold, each as a sentence. */
export function checkAllocator({ agents, frameworks, quota }: AllocatorTables): readonly string[] {
  const broken: string[] = [];
  const used = new Map<string, Map<string, number>>();
  const consumed = new Map<string, Map<string, number>>();
  const free = new Map<string, Map<string, number>>();
  for (const agent of agents.values()) {
    const held = Resources.sum(agent.held.values());
    const freeBeside = agent.total.freeBeside(held);
    if (freeBeside !== undefined && !agent.available.equals(freeBeside)) {
      broken.push(
        `agent ${agent.id}: free ${agent.available} and held ${held} are not its total ${agent.total}`,
      );
    }
    for (const [key, resources] of agent.held) {
      addTo(used, key, resources);
      addTo(consumed, topRoleOf(readClientKey(key).role), resources.filter(isOrdinary));
    }
    for (const entry of agent.total.entries) {
      if (entry.reservations.length > 0 && !entry.revocable)
        addTo(consumed, topRoleOf(roleOf(entry)), Resources.of([entry]));
    }
    if (agent.active) addTo(free, "", agent.available.filter(isOrdinary));
  }
  for (const framework of frameworks.values()) {
    for (const [role, client] of framework.clients) {
      const key = clientKeyOf(framework.id, role);
      for (const [name, millis] of client.usage.millis) {
        const true_ = used.get(key)?.get(name) ?? 0;
        if (millis !== true_)
          broken.push(`framework ${framework.id} in ${role}: counted ${name} ${millis}, held ${true_}`);
      }
    }
  }
  return [...broken, ...quota.check(free.get("") ?? new Map(), consumed)];
}
