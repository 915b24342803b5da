/** Operations that an agent has not yet said the last of, found by themselves, by their framework's name and by agent. */
import type {
  OfferOperation,
  Operation,
  OperationState,
  OperationStatus,
} from "#contracts/kernel/messages.gen.ts";
import { uuidToBase64 } from "#foundation/base/uuid.ts";

export interface OperationRecord {
  readonly uuid: string;
  readonly agentId: string;
  /** Absent for an operator's. */
  readonly frameworkId: string | undefined;
  readonly info: OfferOperation;
  /** Newest; what reconciliation answers. */
  status: OperationStatus;
}

export class OperationTable {
  /** How many of each type came to which end, by `RESERVE OPERATION_FINISHED`, since this master leads. */
  readonly ended = new Map<string, number>();
  readonly #byUuid = new Map<string, OperationRecord>();
  readonly #byName = new Map<string, OperationRecord>();

  get size(): number {
    return this.#byUuid.size;
  }

  get(uuid: string): OperationRecord | undefined {
    return this.#byUuid.get(uuid);
  }

  /** The newest of this id: frameworks may use an id again. */
  named(frameworkId: string, operationId: string): OperationRecord | undefined {
    return this.#byName.get(nameKey(frameworkId, operationId));
  }

  add(operation: OperationRecord): void {
    this.#byUuid.set(operation.uuid, operation);
    const key = keyOf(operation);
    if (key !== undefined) this.#byName.set(key, operation);
  }

  /** Counts an operation that changes no more; the caller sees to it that each is counted once. */
  end({ type }: OfferOperation, state: OperationState): void {
    const key = `${type ?? "UNKNOWN"} ${state}`;
    this.ended.set(key, (this.ended.get(key) ?? 0) + 1);
  }

  remove(operation: OperationRecord): void {
    this.#byUuid.delete(operation.uuid);
    const key = keyOf(operation);
    if (key !== undefined && this.#byName.get(key) === operation) this.#byName.delete(key);
  }

  values(): Iterable<OperationRecord> {
    return this.#byUuid.values();
  }

  onAgent(agentId: string): readonly OperationRecord[] {
    return [...this.#byUuid.values()].filter((operation) => operation.agentId === agentId);
  }

  ofFramework(frameworkId: string): readonly OperationRecord[] {
    return [...this.#byUuid.values()].filter((operation) => operation.frameworkId === frameworkId);
  }
}

const nameKey = (frameworkId: string, operationId: string): string => `${frameworkId} ${operationId}`;

function keyOf({ frameworkId, info }: OperationRecord): string | undefined {
  return frameworkId === undefined || info.id === undefined ? undefined : nameKey(frameworkId, info.id.value);
}

/** As operators see it. */
export function operationToWire({ uuid, agentId, frameworkId, info, status }: OperationRecord): Operation {
  return {
    ...(frameworkId === undefined ? {} : { framework_id: { value: frameworkId } }),
    agent_id: { value: agentId },
    info,
    latest_status: status,
    statuses: [status],
    uuid: { value: uuidToBase64(uuid) },
  };
}
