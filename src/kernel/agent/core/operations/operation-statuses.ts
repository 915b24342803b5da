/**
 * What became of operations, told until acknowledged: after 10 s, then 20 s, up to 10 min, as of tasks.
 *
 * An operation of an agent's own resources ends at once, so each has one status. Who gave it no id does not wait for
 * one: that is told once.
 * Source: contract mesos.md sections 1.5 (operation id) and 1.6.
 */
import type { OfferOperation, OperationStatus } from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster, OperationStatusUpdate } from "#contracts/link/messages.ts";
import type { Random } from "#foundation/base/random.ts";
import { uuidToBase64 } from "#foundation/base/uuid.ts";
import type { AgentPolicy } from "../policy.ts";
import type { Step } from "../step.ts";
import { recordKeys } from "../task-run.ts";
import type { AgentTimers } from "../timers.ts";

/** An operation whose end somebody waits to hear of. */
export interface OperationRecord {
  readonly formatVersion: 1;
  readonly operationUuid: string;
  readonly frameworkId: string;
  readonly info: OfferOperation;
  readonly status: OperationStatus;
}

export interface StatusPorts {
  readonly agentId: () => string | undefined;
  readonly send: (step: Step, message: AgentToMaster) => boolean;
}

/** Statuses that may wait for an acknowledgement; one operation more is dropped. */
export const waitingOperationsMax = 10_000;

interface Waiting {
  readonly record: OperationRecord;
  /** Wait after the newest sending; undefined when it was never sent. */
  retryMs: number | undefined;
}

export class OperationStatuses {
  readonly #waiting = new Map<string, Waiting>();
  readonly #policy: AgentPolicy;
  readonly #random: Random;
  readonly #timers: AgentTimers;
  readonly #ports: StatusPorts;

  constructor(policy: AgentPolicy, random: Random, timers: AgentTimers, ports: StatusPorts) {
    this.#policy = policy;
    this.#random = random;
    this.#timers = timers;
    this.#ports = ports;
  }

  restore(record: OperationRecord): void {
    this.#waiting.set(record.operationUuid, { record, retryMs: undefined });
  }

  get isFull(): boolean {
    return this.#waiting.size >= waitingOperationsMax;
  }

  /** The same order came twice. */
  has(operationUuid: string): boolean {
    return this.#waiting.has(operationUuid);
  }

  tell(
    step: Step,
    operation: {
      readonly operationUuid: string;
      readonly frameworkId: string | undefined;
      readonly info: OfferOperation;
    },
    outcome: Pick<OperationStatus, "state" | "message" | "converted_resources">,
  ): void {
    const { operationUuid, frameworkId, info } = operation;
    const agentId = this.#ports.agentId();
    const isAwaited = info.id !== undefined && frameworkId !== undefined && !this.isFull;
    const status: OperationStatus = {
      ...(info.id === undefined ? {} : { operation_id: info.id }),
      ...outcome,
      ...(isAwaited ? { uuid: { value: uuidToBase64(this.#random.uuid()) } } : {}),
      ...(agentId === undefined ? {} : { agent_id: { value: agentId } }),
    };
    if (!isAwaited) {
      this.#ports.send(step, {
        kind: "operationStatus",
        operationUuid,
        ...(frameworkId === undefined ? {} : { frameworkId }),
        info,
        status,
      });
      return;
    }
    const record: OperationRecord = { formatVersion: 1, operationUuid, frameworkId, info, status };
    const waiting: Waiting = { record, retryMs: undefined };
    this.#waiting.set(operationUuid, waiting);
    step.put(recordKeys.operation(operationUuid), record);
    this.#send(step, waiting);
  }

  acknowledge(step: Step, operationUuid: string, statusUuid: string): void {
    if (this.#waiting.get(operationUuid)?.record.status.uuid?.value === statusUuid)
      this.#forget(step, operationUuid);
  }

  /** Its framework is gone: nobody waits any more. */
  forgetFramework(step: Step, frameworkId: string): void {
    for (const [operationUuid, { record }] of this.#waiting)
      if (record.frameworkId === frameworkId) this.#forget(step, operationUuid);
  }

  /** A master listens again. */
  resume(step: Step): void {
    for (const waiting of this.#waiting.values()) this.#send(step, waiting);
  }

  /** The framework was away and is back: what waits for it goes out now. */
  resumeFramework(step: Step, frameworkId: string): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.record.frameworkId !== frameworkId) continue;
      waiting.retryMs = undefined;
      this.#send(step, waiting);
    }
  }

  /** No master listens: nothing is sent until `resume`. */
  pause(): void {
    for (const operationUuid of this.#waiting.keys())
      this.#timers.cancel({ kind: "resendOperation", operationUuid });
  }

  resend(step: Step, operationUuid: string): void {
    const waiting = this.#waiting.get(operationUuid);
    if (waiting !== undefined) this.#send(step, waiting);
  }

  /** As a master that does not know them is told. */
  list(): readonly OperationStatusUpdate[] {
    return [...this.#waiting.values()].map(({ record }) => messageOf(record));
  }

  check(isRegistered: boolean): readonly string[] {
    if (!isRegistered) return [];
    return [...this.#waiting.keys()]
      .filter((operationUuid) => !this.#timers.has({ kind: "resendOperation", operationUuid }))
      .map((operationUuid) => `the status of operation ${operationUuid} will not be sent again`);
  }

  #forget(step: Step, operationUuid: string): void {
    this.#waiting.delete(operationUuid);
    this.#timers.cancel({ kind: "resendOperation", operationUuid });
    step.delete(recordKeys.operation(operationUuid));
  }

  #send(step: Step, waiting: Waiting): void {
    const { operationUuid } = waiting.record;
    if (!this.#ports.send(step, messageOf(waiting.record))) return;
    const { updateRetryMs, updateRetryMaxMs } = this.#policy;
    waiting.retryMs =
      waiting.retryMs === undefined ? updateRetryMs : Math.min(waiting.retryMs * 2, updateRetryMaxMs);
    this.#timers.set({ kind: "resendOperation", operationUuid }, step.now + waiting.retryMs);
  }
}

function messageOf({ operationUuid, frameworkId, info, status }: OperationRecord): OperationStatusUpdate {
  return { kind: "operationStatus", operationUuid, frameworkId, info, status };
}
