/** What an agent says of itself besides resources: host, attributes, region and zone. Source: contract mesos.md section 4.3. */
import type { AgentInfo } from "#contracts/kernel/messages.gen.ts";
import type { AgentFacts } from "../../allocator/index.ts";
import type { MasterState } from "./state.ts";

/** Regions and zones are compared with the master's, so it must have them where agents do. */
export function domainProblem({ identity, policy }: MasterState, { domain }: AgentInfo): string | undefined {
  if (domain?.fault_domain !== undefined && identity.domain?.fault_domain === undefined)
    return "the agent has a domain and this master has none: give the master a domain, or take the agent's away";
  if (domain?.fault_domain === undefined && policy.requireAgentDomain)
    return "the agent has no domain, which this master requires: start it with one";
  return undefined;
}

/** What the allocator knows of an agent besides its resources. */
export function factsOf({ hostname, attributes = [], domain }: AgentInfo): AgentFacts {
  const place = domain?.fault_domain;
  return {
    hostname,
    attributes,
    ...(place === undefined ? {} : { region: place.region.name, zone: place.zone.name }),
  };
}

export const sameFacts = (one: AgentFacts, other: AgentFacts): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
