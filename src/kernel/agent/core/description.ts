/** How an agent describes itself to a master: what it is, what it has, and everything that runs here. */
import type { AgentInfo, AgentInfoCapability } from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster } from "#contracts/link/messages.ts";
import type { Resources } from "#domain/resources/index.ts";
import type { OperationStatuses } from "./operations/operation-statuses.ts";
import { type AgentFacts, pidOf } from "./policy.ts";
import { toLinkTask } from "./task-run.ts";
import type { TaskTable } from "./task-table.ts";

export const agentCapabilities: readonly AgentInfoCapability[] = [
  { type: "MULTI_ROLE" },
  { type: "HIERARCHICAL_ROLE" },
  { type: "RESERVATION_REFINEMENT" },
  { type: "AGENT_DRAINING" },
  { type: "RESIZE_VOLUME" },
  { type: "AGENT_OPERATION_FEEDBACK" },
  { type: "TASK_RESOURCE_LIMITS" },
];

/** `register` before the first registration, `reregister` afterwards. */
export function describeAgent({
  facts,
  agentId,
  total,
  table,
  operations,
}: {
  readonly facts: AgentFacts;
  readonly agentId: string | undefined;
  readonly total: Resources;
  readonly table: TaskTable;
  readonly operations: OperationStatuses;
}): AgentToMaster {
  const { hostname, port, attributes, domain, version } = facts;
  const info: AgentInfo = {
    hostname,
    port,
    resources: total.toWire(),
    ...(attributes.length === 0 ? {} : { attributes }),
    ...(agentId === undefined ? {} : { id: { value: agentId } }),
    ...(domain === undefined ? {} : { domain }),
  };
  const description = { info, pid: pidOf(facts), version, capabilities: agentCapabilities };
  if (agentId === undefined) return { kind: "register", ...description };
  const told = [...table.runs()].filter(
    ({ spec, progress }) => progress.discarded !== true && table.framework(spec.frameworkId) !== undefined,
  );
  return {
    kind: "reregister",
    ...description,
    frameworks: [...table.frameworks().values()],
    executors: [...table.executors.all()].flatMap(({ spec, progress }) =>
      progress.phase === "ended" || progress.discarded === true ? [] : [spec.info],
    ),
    tasks: told.map(toLinkTask),
    operations: operations.list(),
  };
}
