/** What makes an operation unfit. Source: contract mesos.md sections 1.5 and 3.2. */
import type { OfferOperation, Resource } from "#contracts/kernel/messages.gen.ts";
import {
  type Conversion,
  type Entry,
  isConversion,
  type Resources,
  roleOf,
} from "#domain/resources/index.ts";
import { roleProblem } from "../framework-info.ts";
import { idFault } from "../ids.ts";
import { type AgentRecord, executorHolding, type FrameworkRecord, tasksHolding } from "../records.ts";

/** Who asks: a framework with an offer, or an operator. */
export type Asker =
  | { readonly kind: "framework"; readonly framework: FrameworkRecord; readonly role: string }
  | { readonly kind: "operator" };

/** A sentence that says why not; undefined when it may be. Whether the resources are there is asked elsewhere. */
export function operationProblem(
  operation: OfferOperation,
  { consumed, converted }: Conversion,
  { agent, asker }: { readonly agent: AgentRecord; readonly asker: Asker },
): string | undefined {
  const { type } = operation;
  if (!isConversion(type)) return `${type ?? "this operation"} does not change resources`;
  const lacking = capabilityProblem(operation, agent);
  if (lacking !== undefined) return lacking;
  switch (type) {
    case "RESERVE":
      return first(converted.entries, (entry) => reserveProblem(entry, asker));
    case "UNRESERVE":
      return first(consumed.entries, (entry) =>
        entry.disk?.persistence === undefined
          ? undefined
          : `volume ${entry.disk.persistence.id} is made of it; destroy the volume first`,
      );
    case "CREATE":
      return first(converted.entries, (entry) => volumeProblem(entry, asker)) ?? idsProblem(converted, agent);
    case "DESTROY":
      return first(consumed.entries, (entry) => destroyProblem(entry, agent));
    case "GROW_VOLUME":
      return resizeProblem(operation.grow_volume?.volume, agent, consumed);
    case "SHRINK_VOLUME":
      return resizeProblem(operation.shrink_volume?.volume, agent, consumed);
  }
}

function first(entries: readonly Entry[], problem: (entry: Entry) => string | undefined): string | undefined {
  for (const entry of entries) {
    const found = problem(entry);
    if (found !== undefined) return `${entry.name}: ${found}`;
  }
  return undefined;
}

function capabilityProblem({ type, id }: OfferOperation, { capabilities }: AgentRecord): string | undefined {
  const has = (wanted: string): boolean => capabilities.some((capability) => capability.type === wanted);
  if (id !== undefined && !has("AGENT_OPERATION_FEEDBACK"))
    return "the agent tells nobody how operations end; leave the operation's id away";
  if ((type === "GROW_VOLUME" || type === "SHRINK_VOLUME") && !has("RESIZE_VOLUME"))
    return "the agent can't resize volumes";
  return undefined;
}

function reserveProblem(entry: Entry, asker: Asker): string | undefined {
  const top = entry.reservations.at(-1);
  const role = roleOf(entry);
  const problem = roleProblem(role);
  if (problem !== undefined) return problem;
  if (entry.disk?.persistence !== undefined)
    return "a volume can't be reserved; reserve disk and create it there";
  if (asker.kind === "operator" || top === undefined) return undefined;
  const { framework } = asker;
  if (role !== asker.role) return `it would be reserved for ${role}, but the offer is for ${asker.role}`;
  if (!framework.roles.includes(role)) return `${role} is not a role of the framework`;
  const { principal } = framework.info;
  if (principal !== undefined && top.principal !== principal)
    return `its reservation must name the framework's principal ${principal}`;
  return undefined;
}

function volumeProblem(entry: Entry, asker: Asker): string | undefined {
  const { disk } = entry;
  const id = disk?.persistence?.id ?? "";
  if (idFault(id) !== undefined) return `"${id}" can't be the id of a volume`;
  if (entry.reservations.length === 0) return `volume ${id} must be of reserved disk`;
  if (disk?.source?.type === "BLOCK" || disk?.source?.type === "RAW")
    return `volume ${id}: a ${disk.source.type} disk holds no directory`;
  const volume = disk?.volume;
  if (volume === undefined) return `volume ${id} has no disk.volume, so that no task could find it`;
  if (volume.mode !== "RW") return `volume ${id}: its mode must be RW`;
  if (volume.host_path !== undefined || volume.source !== undefined || volume.image !== undefined)
    return `volume ${id} names something else that it is made of; a persistent volume is its own`;
  const path = volume.container_path;
  if (path === "" || path.startsWith("/") || path.split("/").includes(".."))
    return `volume ${id}: container_path ${path} is not a path inside of the sandbox`;
  if (asker.kind === "operator") return undefined;
  const { framework } = asker;
  const principal = disk?.persistence?.principal;
  if (
    framework.info.principal !== undefined &&
    principal !== undefined &&
    principal !== framework.info.principal
  )
    return `volume ${id}: its principal must be the framework's, ${framework.info.principal}`;
  if (entry.shared && !framework.capabilities.has("SHARED_RESOURCES"))
    return `volume ${id} is shared; the framework needs SHARED_RESOURCES`;
  return undefined;
}

/** An id is used once in a role and agent. */
function idsProblem(made: Resources, { total }: AgentRecord): string | undefined {
  const nameOf = (entry: Entry): string => `${roleOf(entry)} ${entry.disk?.persistence?.id ?? ""}`;
  const taken = new Set(total.volumes().map(nameOf));
  for (const entry of made.entries) {
    if (taken.has(nameOf(entry)))
      return `disk: there is a volume ${entry.disk?.persistence?.id ?? ""} of role ${roleOf(entry)} on the agent`;
    taken.add(nameOf(entry));
  }
  return undefined;
}

function destroyProblem(entry: Entry, agent: AgentRecord): string | undefined {
  const id = entry.disk?.persistence?.id ?? "";
  if (!agent.total.entries.some(({ key }) => key === entry.key)) return `the agent has no such volume ${id}`;
  const user = tasksHolding(agent, entry.key)[0];
  if (user !== undefined) return `volume ${id} is in use by task ${user.taskId}`;
  const executor = executorHolding(agent, entry.key)?.info.executor_id.value;
  return executor === undefined ? undefined : `volume ${id} is in use by executor ${executor}`;
}

function resizeProblem(
  wire: Resource | undefined,
  agent: AgentRecord,
  consumed: Resources,
): string | undefined {
  const [volume] = consumed.volumes();
  const id = volume?.disk?.persistence?.id ?? "";
  if (wire === undefined || volume === undefined) return "no volume is named";
  if (volume.shared) return `volume ${id} is shared and keeps its size`;
  if (volume.disk?.source?.type === "MOUNT") return `volume ${id} is a whole MOUNT disk and keeps its size`;
  return destroyProblem(volume, agent);
}
