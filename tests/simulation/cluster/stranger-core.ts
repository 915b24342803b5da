/**
 * A framework as a stranger would write it, on the v1 scheduler API only: it wants a number of tasks running,
 * remembers what it launched, acknowledges every update, reconciles, gives up what is out of reach for long, and ends what
 * it does not know.
 */
import type {
  ExecutorInfo,
  Offer,
  OfferOperation,
  OperationStatus,
  Resource,
  SchedulerCall,
  SchedulerEvent,
  TaskInfo,
  TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import type { Core, InstantMs, Outcome, Write } from "#foundation/base/core.ts";
import type { JsonValue } from "#foundation/base/json.ts";
import { type DurableMoves, durableMoves, isDurable } from "./durable-moves.ts";

export interface StrangerSettings {
  readonly name: string;
  readonly role: string;
  /** Tasks that shall run at any time. */
  readonly tasks: number;
  readonly cpus: number;
  readonly memMib: number;
  /** Each task has a volume of this size, of resources that the framework reserved. Default: none. */
  readonly volumeMib?: number;
  /** Its tasks run on an executor of its own, one a node. Default: they are commands. */
  readonly hasExecutor?: boolean;
  /** Its tasks take processors that are only lent. */
  readonly isRevocable?: boolean;
}

export type StrangerEvent =
  | { readonly kind: "streamBroken" }
  | { readonly kind: "eventReceived"; readonly event: SchedulerEvent };

export type StrangerEffect =
  | { readonly kind: "subscribe"; readonly call: SchedulerCall }
  | { readonly kind: "call"; readonly call: SchedulerCall };

/** What the scheduler last heard of a task; `launching` until anything was heard. */
export type KnownState = TaskStatus["state"] | "launching";

interface KnownTask {
  readonly agentId: string;
  readonly state: KnownState;
}

/** What an executor takes besides its tasks. */
const executorShare = { cpus: 0.25, memMib: 64 } as const;

const resubscribeMs = 1_000;
const reconcileEveryMs = 15_000;
const refuseSeconds = 2;
const unreachableMaxMs = 60_000;

const terminal: ReadonlySet<string> = new Set([
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
  "TASK_UNKNOWN",
]);

export function isTerminal(state: string): boolean {
  return terminal.has(state);
}

/** Every third task is checked by its agent, which ends it after a few failures. */
const checks: Pick<TaskInfo, "health_check" | "check"> = {
  health_check: {
    type: "TCP",
    tcp: { port: 31_000 },
    delay_seconds: 1,
    interval_seconds: 2,
    timeout_seconds: 1,
    grace_period_seconds: 5,
  },
  check: { type: "TCP", tcp: { port: 31_001 }, delay_seconds: 0, interval_seconds: 5, timeout_seconds: 1 },
};

export class StrangerCore implements Core<StrangerEvent, StrangerEffect> {
  readonly settings: StrangerSettings;
  readonly #tasks = new Map<string, KnownTask>();
  #frameworkId: string | undefined;
  #lastNumber = 0;
  #subscribeAt: InstantMs | undefined;
  #reconcileAt: InstantMs | undefined;
  #isSubscribed = false;

  constructor(settings: StrangerSettings, records: ReadonlyMap<string, JsonValue>, now: InstantMs) {
    this.settings = settings;
    for (const [key, value] of records) {
      if (key === "framework") this.#frameworkId = String(value);
      else if (key === "number") this.#lastNumber = Number(value);
      else if (key.startsWith("tasks/")) {
        this.#tasks.set(key.slice("tasks/".length), { agentId: String(value), state: "launching" });
      }
    }
    this.#subscribeAt = now;
  }

  get frameworkId(): string | undefined {
    return this.#frameworkId;
  }
  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }
  /** Tasks that are not known to have ended, and what was last heard of each. */
  get tasks(): ReadonlyMap<string, KnownTask> {
    return this.#tasks;
  }

  apply(event: StrangerEvent, now: InstantMs): Outcome<StrangerEffect> {
    if (event.kind === "streamBroken") {
      this.#isSubscribed = false;
      this.#reconcileAt = undefined;
      this.#subscribeAt = now + resubscribeMs;
      return nothing;
    }
    const { subscribed, offers, update, update_operation_status: operation } = event.event;
    if (subscribed !== undefined) return this.#subscribed(subscribed.framework_id.value, now);
    if (offers !== undefined) return this.#offered(offers.offers ?? []);
    if (update !== undefined) return this.#updated(update.status, now);
    if (operation !== undefined) return this.#operationEnded(operation.status);
    if (event.event.type === "ERROR") {
      this.#isSubscribed = false;
      this.#subscribeAt = now + resubscribeMs;
    }
    return nothing;
  }

  wakeAt(): InstantMs | undefined {
    const [one, other] = [this.#subscribeAt, this.#reconcileAt];
    if (one === undefined || other === undefined) return one ?? other;
    return Math.min(one, other);
  }

  wake(now: InstantMs): Outcome<StrangerEffect> {
    if (this.#subscribeAt !== undefined && this.#subscribeAt <= now) {
      this.#subscribeAt = undefined;
      return { writes: [], effects: [{ kind: "subscribe", call: this.#subscribeCall() }] };
    }
    if (this.#reconcileAt === undefined || this.#reconcileAt > now) return nothing;
    this.#reconcileAt = now + reconcileEveryMs;
    return { writes: [], effects: this.#reconcile() };
  }

  snapshot(): JsonValue {
    return { frameworkId: this.#frameworkId, tasks: [...this.#tasks].map(([id, { state }]) => [id, state]) };
  }

  check(): readonly string[] {
    return [];
  }

  #subscribeCall(): SchedulerCall {
    const { name, role } = this.settings;
    const id = this.#frameworkId === undefined ? {} : { id: { value: this.#frameworkId } };
    return {
      type: "SUBSCRIBE",
      ...(this.#frameworkId === undefined ? {} : { framework_id: { value: this.#frameworkId } }),
      subscribe: {
        framework_info: {
          ...id,
          user: "nobody",
          name,
          roles: [role],
          failover_timeout: 3_600,
          checkpoint: true,
          capabilities: [
            { type: "MULTI_ROLE" },
            { type: "PARTITION_AWARE" },
            ...(this.settings.isRevocable === true ? [{ type: "REVOCABLE_RESOURCES" as const }] : []),
            ...(isDurable(this.settings) ? [{ type: "RESERVATION_REFINEMENT" as const }] : []),
          ],
        },
      },
    };
  }

  #subscribed(frameworkId: string, now: InstantMs): Outcome<StrangerEffect> {
    this.#isSubscribed = true;
    this.#frameworkId = frameworkId;
    this.#reconcileAt = now + reconcileEveryMs;
    return {
      writes: [{ kind: "put", key: "framework", value: frameworkId }],
      effects: this.#reconcile(),
    };
  }

  /** What is known by name, then whatever else there may be. */
  #reconcile(): readonly StrangerEffect[] {
    const all = this.#call({ type: "RECONCILE", reconcile: { tasks: [] } });
    return this.#tasks.size === 0 ? [all] : [this.#call(this.#reconcileCall()), all];
  }

  #reconcileCall(): SchedulerCall {
    const tasks = [...this.#tasks].map(([id, { agentId }]) => ({
      task_id: { value: id },
      agent_id: { value: agentId },
    }));
    return { type: "RECONCILE", reconcile: { tasks } };
  }

  #offered(offers: readonly Offer[]): Outcome<StrangerEffect> {
    const writes: Write[] = [];
    const effects: StrangerEffect[] = [];
    for (const offer of offers) {
      const { launched, operations } = this.#movesOn(offer);
      for (const task of launched) {
        writes.push({ kind: "put", key: `tasks/${task.task_id.value}`, value: offer.agent_id.value });
      }
      effects.push(this.#call(operations.length === 0 ? declineCall(offer) : acceptCall(offer, operations)));
    }
    if (writes.length > 0) writes.push({ kind: "put", key: "number", value: this.#lastNumber });
    return { writes, effects };
  }

  #movesOn(offer: Offer): DurableMoves {
    const { settings } = this;
    if (!isDurable(settings)) {
      const launched = this.#launchOn(offer);
      const launch = { type: "LAUNCH" as const, launch: { task_infos: launched } };
      return { launched, operations: launched.length === 0 ? [] : [launch] };
    }
    return durableMoves(offer, settings, {
      wanted: settings.tasks - this.#tasks.size,
      nextNumber: () => {
        this.#lastNumber += 1;
        return this.#lastNumber;
      },
      taskOf: (number, resources) => this.#newTask(offer, number, resources),
    });
  }

  #newTask(offer: Offer, number: number, resources: readonly Resource[]): TaskInfo {
    const id = `${this.settings.name}-${number}`;
    this.#tasks.set(id, { agentId: offer.agent_id.value, state: "launching" });
    return {
      name: id,
      task_id: { value: id },
      agent_id: offer.agent_id,
      resources,
      ...(this.settings.hasExecutor === true
        ? { executor: this.#executor() }
        : { command: { shell: true, value: `run ${id}` }, ...(number % 3 === 0 ? checks : {}) }),
    };
  }

  #executor(): ExecutorInfo {
    const resource = (what: string, value: number) => ({
      name: what,
      type: "SCALAR" as const,
      role: "*",
      scalar: { value },
      allocation_info: { role: this.settings.role },
    });
    return {
      type: "CUSTOM",
      executor_id: { value: `executor-of-${this.settings.name}` },
      command: { shell: true, value: "run tasks" },
      resources: [resource("cpus", executorShare.cpus), resource("mem", executorShare.memMib)],
    };
  }

  #operationEnded({ uuid, agent_id, operation_id }: OperationStatus): Outcome<StrangerEffect> {
    if (uuid === undefined || agent_id === undefined || operation_id === undefined) return nothing;
    const acknowledge = { agent_id, operation_id, uuid: uuid.value };
    return {
      writes: [],
      effects: [
        this.#call({ type: "ACKNOWLEDGE_OPERATION_STATUS", acknowledge_operation_status: acknowledge }),
      ],
    };
  }

  /** From what is reserved for its role first, then from what is anybody's. */
  #launchOn(offer: Offer): readonly TaskInfo[] {
    // An executor that runs has what it was started with, which a part of the offer must not differ from.
    const { hasExecutor, isRevocable, role } = this.settings;
    const parts = hasExecutor === true || isRevocable === true ? ["*"] : [role, "*"];
    return parts.flatMap((reservedFor) => this.#launchFrom(offer, reservedFor));
  }

  #launchFrom(offer: Offer, reservedFor: string): readonly TaskInfo[] {
    const { cpus, memMib, tasks, role, isRevocable = false } = this.settings;
    const starts = this.settings.hasExecutor === true && (offer.executor_ids ?? []).length === 0;
    const spare = starts ? executorShare : { cpus: 0, memMib: 0 };
    const fits = Math.min(
      Math.floor((scalar(offer, "cpus", reservedFor, isRevocable) - spare.cpus) / cpus),
      Math.floor((scalar(offer, "mem", reservedFor) - spare.memMib) / memMib),
    );
    const launched: TaskInfo[] = [];
    while (launched.length < fits && this.#tasks.size < tasks) {
      this.#lastNumber += 1;
      const resource = (what: string, value: number) => ({
        name: what,
        type: "SCALAR" as const,
        role: reservedFor,
        scalar: { value },
        allocation_info: { role },
      });
      const lent = isRevocable ? { revocable: {} } : {};
      const resources = [{ ...resource("cpus", cpus), ...lent }, resource("mem", memMib)];
      launched.push(this.#newTask(offer, this.#lastNumber, resources));
    }
    return launched;
  }

  #updated(status: TaskStatus, now: InstantMs): Outcome<StrangerEffect> {
    const id = status.task_id.value;
    const writes: Write[] = [];
    const known = this.#tasks.get(id);
    if (isTerminal(status.state) || isGivenUp(status, now)) {
      if (this.#tasks.delete(id)) writes.push({ kind: "delete", key: `tasks/${id}` });
    } else if (known !== undefined) {
      this.#tasks.set(id, { agentId: known.agentId, state: status.state });
    }
    const effects: StrangerEffect[] = [];
    const { uuid, agent_id } = status;
    if (uuid !== undefined && uuid !== "" && agent_id !== undefined) {
      const acknowledge = { agent_id, task_id: status.task_id, uuid };
      effects.push(this.#call({ type: "ACKNOWLEDGE", acknowledge }));
    }
    // A task that ended makes room in our wishes: filters must not keep offers away.
    if (writes.length > 0) effects.push(this.#call({ type: "REVIVE" }));
    // It was given up, and a machine that was away brought it back.
    if (known === undefined && status.state !== "TASK_UNREACHABLE" && !isTerminal(status.state)) {
      const kill = { task_id: status.task_id, ...(agent_id === undefined ? {} : { agent_id }) };
      effects.push(this.#call({ type: "KILL", kill }));
    }
    return { writes, effects };
  }

  #call(call: SchedulerCall): StrangerEffect {
    const id = this.#frameworkId;
    return { kind: "call", call: id === undefined ? call : { ...call, framework_id: { value: id } } };
  }
}

/** Its agent may never come back, for instance because it never heard under which id it was admitted. */
function isGivenUp({ state, unreachable_time: since }: TaskStatus, now: InstantMs): boolean {
  return (
    state === "TASK_UNREACHABLE" && since !== undefined && now - since.nanoseconds / 1e6 > unreachableMaxMs
  );
}

const nothing: Outcome<StrangerEffect> = { writes: [], effects: [] };

function declineCall(offer: Offer): SchedulerCall {
  return { type: "DECLINE", decline: { offer_ids: [offer.id], filters: { refuse_seconds: refuseSeconds } } };
}

function acceptCall(offer: Offer, operations: readonly OfferOperation[]): SchedulerCall {
  return {
    type: "ACCEPT",
    accept: {
      offer_ids: [offer.id],
      operations,
      filters: { refuse_seconds: refuseSeconds },
    },
  };
}

function scalar(offer: Offer, name: string, reservedFor: string, isRevocable = false): number {
  let sum = 0;
  for (const resource of offer.resources ?? []) {
    const isMeant = resource.name === name && (resource.role ?? "*") === reservedFor;
    if (isMeant && (resource.revocable !== undefined) === isRevocable) sum += resource.scalar?.value ?? 0;
  }
  // Wire scalars have three decimals; a sum of them may miss by less.
  return Math.round(sum * 1_000) / 1_000;
}
