/** Agents and frameworks as the allocator knows them. */
import type { Resources } from "#domain/resources/index.ts";
import type { AgentFacts } from "./offer-constraints.ts";
import type { Client } from "./role-tree.ts";
import type { AllocatorPolicy, FrameworkDescription, Refusal } from "./types.ts";

export interface AgentRecord {
  readonly id: string;
  facts: AgentFacts;
  total: Resources;
  available: Resources;
  active: boolean;
  /** Nothing reserved, revocable or shared, and no GPUs: the whole of it can be offered to anybody. */
  isPlain: boolean;
  hasGpus: boolean;
  /** More is held than there is: tasks that an agent with less brought back. */
  isOverheld: boolean;
  /** What each client holds, offered or used. */
  readonly held: Map<string, Resources>;
}

export interface FrameworkRecord {
  readonly id: string;
  description: FrameworkDescription;
  connected: boolean;
  readonly suppressed: Set<string>;
  readonly clients: Map<string, Client>;
}

export const clientKeyOf = (frameworkId: string, role: string): string => `${role} ${frameworkId}`;

/** The role and framework of a client's key; roles hold no spaces. */
export function readClientKey(key: string): { readonly role: string; readonly frameworkId: string } {
  const at = key.indexOf(" ");
  return { role: key.slice(0, at), frameworkId: key.slice(at + 1) };
}

/** What keeps the whole agent from the framework, whatever is free there. */
export function agentRefusal(
  agent: AgentRecord,
  { description }: FrameworkRecord,
  role: string,
  policy: AllocatorPolicy,
): Refusal | undefined {
  const { region } = agent.facts;
  if (
    region !== undefined &&
    policy.region !== undefined &&
    region !== policy.region &&
    !description.capabilities.has("REGION_AWARE")
  )
    return "otherRegion";
  const wants = description.constraints?.get(role);
  if (wants !== undefined && !wants(agent.facts)) return "constraints";
  if (agent.hasGpus && policy.filterGpus && !description.capabilities.has("GPU_RESOURCES")) return "gpus";
  return undefined;
}

/** What of the agent's free resources the framework may have in this role, by reservations and capabilities. */
export function permittedTo(
  agent: AgentRecord,
  { description: { capabilities } }: FrameworkRecord,
  role: string,
): Resources | "reserved" | "missingCapability" {
  if (agent.isPlain) return agent.available;
  const open = agent.available.filter(
    ({ reservations }) => reservations.length === 0 || isReservedFor(reservations.at(-1)?.role ?? "*", role),
  );
  if (open.isEmpty) return "reserved";
  const permitted = open.filter(
    (entry) =>
      (!entry.revocable || capabilities.has("REVOCABLE_RESOURCES")) &&
      (!entry.shared || capabilities.has("SHARED_RESOURCES")) &&
      (entry.reservations.length <= 1 || capabilities.has("RESERVATION_REFINEMENT")),
  );
  return permitted.isEmpty ? "missingCapability" : permitted;
}

/** A role may use what its parents were given. */
const isReservedFor = (holder: string, role: string): boolean =>
  holder === role || role.startsWith(`${holder}/`);
