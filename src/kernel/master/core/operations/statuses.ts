/** What becomes of operations, and who is told. Source: contract mesos.md sections 1.5 and 1.8. */
import type {
  OfferOperation,
  OperationID,
  OperationState,
  OperationStatus,
  SchedulerCallAcknowledgeOperationStatus,
  SchedulerCallReconcileOperations,
} from "#contracts/kernel/messages.gen.ts";
import type { OperationStatusUpdate, Reregister } from "#contracts/link/messages.ts";
import type { AgentRecord, FrameworkRecord } from "../records.ts";
import type { MasterState, Turn } from "../state.ts";
import type { OperationRecord } from "./operation-table.ts";

/** Only who gave the operation an id is told. */
export function tellOperation(
  turn: Turn,
  framework: FrameworkRecord,
  id: OperationID | undefined,
  status: OperationStatus,
): void {
  if (id === undefined) return;
  turn.tell(framework, {
    type: "UPDATE_OPERATION_STATUS",
    update_operation_status: { status: { operation_id: id, ...status } },
  });
}

/** The agent keeps a status with a uuid until it is acknowledged; one without ends the matter. */
export function operationTold(
  state: MasterState,
  turn: Turn,
  agent: AgentRecord,
  { operationUuid, frameworkId, info, status }: OperationStatusUpdate,
): void {
  const framework = state.frameworks.get(frameworkId ?? "");
  const isAwaited = status.uuid !== undefined;
  if (isAwaited && frameworkId !== undefined && state.retiredFrameworkIds.has(frameworkId)) {
    const statusUuid = status.uuid?.value ?? "";
    turn.tellAgent(agent, { kind: "acknowledgeOperation", operationUuid, statusUuid });
    return;
  }
  const known = state.operations.get(operationUuid);
  // Told again until it is acknowledged, and each time the same.
  if (known === undefined || isUnderWay(known.status)) endIfOver(state, info, status);
  if (!isAwaited) {
    if (known !== undefined) state.operations.remove(known);
  } else if (known !== undefined) known.status = status;
  else state.operations.add({ uuid: operationUuid, agentId: agent.id, frameworkId, info, status });
  if (framework !== undefined) tellOperation(turn, framework, info.id, status);
}

export function acknowledgeOperation(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  { operation_id: id, uuid }: SchedulerCallAcknowledgeOperationStatus,
): void {
  const operation = state.operations.named(framework.id, id.value);
  const agent = state.agents.get(operation?.agentId ?? "");
  if (operation === undefined || agent?.connection === undefined) return;
  if (operation.status.uuid?.value !== uuid) return;
  turn.tellAgent(agent, {
    kind: "acknowledgeOperation",
    operationUuid: operation.uuid,
    statusUuid: uuid,
  });
  state.operations.remove(operation);
}

/** An empty list asks for all of the framework's. */
export function reconcileOperations(
  state: MasterState,
  turn: Turn,
  framework: FrameworkRecord,
  { operations = [] }: SchedulerCallReconcileOperations,
): void {
  if (operations.length === 0) {
    for (const { info, status } of state.operations.ofFramework(framework.id))
      tellOperation(turn, framework, info.id, status);
    return;
  }
  for (const { operation_id: id, agent_id: agent } of operations) {
    const known = state.operations.named(framework.id, id.value);
    tellOperation(
      turn,
      framework,
      id,
      known?.status ?? {
        state: stateWithout(state, agent?.value),
        ...(agent === undefined ? {} : { agent_id: agent }),
      },
    );
  }
}

/** What can be said of an operation that this master does not know. */
function stateWithout(state: MasterState, agentId: string | undefined): OperationState {
  if (agentId === undefined || state.agents.has(agentId)) return "OPERATION_UNKNOWN";
  if (state.recovered.has(agentId)) return "OPERATION_RECOVERING";
  if (state.gone.has(agentId)) return "OPERATION_GONE_BY_OPERATOR";
  return state.unreachable.has(agentId) ? "OPERATION_UNREACHABLE" : "OPERATION_UNKNOWN";
}

/** An agent is back: what it lists goes on, what it does not list never came to it, or is over. */
export function operationsReturned(
  state: MasterState,
  turn: Turn,
  agent: AgentRecord,
  { operations = [] }: Reregister,
): void {
  const listed = new Set(operations.map(({ operationUuid }) => operationUuid));
  for (const operation of state.operations.onAgent(agent.id)) {
    if (listed.has(operation.uuid)) continue;
    state.operations.remove(operation);
    if (!isUnderWay(operation.status)) continue;
    state.operations.end(operation.info, "OPERATION_DROPPED");
    tellOf(state, turn, operation, "OPERATION_DROPPED", "the order was lost on the way to the agent");
  }
  for (const { operationUuid, frameworkId, info, status } of operations) {
    const known = state.operations.get(operationUuid);
    if (known === undefined || isUnderWay(known.status)) endIfOver(state, info, status);
    if (known !== undefined) known.status = status;
    else state.operations.add({ uuid: operationUuid, agentId: agent.id, frameworkId, info, status });
  }
}

const isUnderWay = ({ state }: OperationStatus): boolean => state === "OPERATION_PENDING";

function endIfOver(state: MasterState, info: OfferOperation, status: OperationStatus): void {
  if (!isUnderWay(status)) state.operations.end(info, status.state);
}

/** The agent is given up: nobody will say how its operations ended. */
export function operationsLost(
  state: MasterState,
  turn: Turn,
  agentId: string,
  lost: "OPERATION_UNREACHABLE" | "OPERATION_GONE_BY_OPERATOR",
): void {
  for (const operation of state.operations.onAgent(agentId)) {
    state.operations.remove(operation);
    if (isUnderWay(operation.status)) state.operations.end(operation.info, lost);
    tellOf(state, turn, operation, lost, "the agent of the operation is gone");
  }
}

export function forgetOperationsOf(state: MasterState, frameworkId: string): void {
  for (const operation of state.operations.ofFramework(frameworkId)) state.operations.remove(operation);
}

function tellOf(
  state: MasterState,
  turn: Turn,
  { agentId, frameworkId, info }: OperationRecord,
  told: OperationState,
  message: string,
): void {
  const framework = state.frameworks.get(frameworkId ?? "");
  if (framework !== undefined)
    tellOperation(turn, framework, info.id, { state: told, message, agent_id: { value: agentId } });
}
