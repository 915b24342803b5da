/** What happened since this master started, counted under Mesos' names. Source: contract mesos.md section 3.8. */

import {
  enumValues,
  type SchedulerCall,
  type SchedulerEvent,
  type TaskStatus,
} from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster } from "#contracts/link/messages.ts";
import {
  isTerminal,
  type MasterChange,
  type MasterState,
  statusesOf,
  type TaskRecord,
} from "../core/index.ts";

const callNames: ReadonlyMap<string, string> = new Map([
  ["SUBSCRIBE", "register_framework"],
  ["TEARDOWN", "unregister_framework"],
  ["ACCEPT", "launch_tasks"],
  ["DECLINE", "decline_offers"],
  ["KILL", "kill_task"],
  ["ACKNOWLEDGE", "status_update_acknowledgement"],
  ["ACKNOWLEDGE_OPERATION_STATUS", "operation_status_update_acknowledgement"],
  ["RECONCILE", "reconcile_tasks"],
  ["RECONCILE_OPERATIONS", "reconcile_operations"],
  ["REVIVE", "revive_offers"],
  ["SUPPRESS", "suppress_offers"],
  ["MESSAGE", "framework_to_executor"],
  ["REQUEST", "resource_request"],
]);

const endStates = ["finished", "failed", "killed", "lost", "error", "dropped", "gone", "gone_by_operator"];

/** Counted from the start, so that a scrape finds them before their first time. */
const fromTheStart: readonly string[] = [
  ...[...callNames.values()].map((name) => `messages_${name}`),
  "messages_reregister_framework",
  "messages_deactivate_framework",
  "messages_register_slave",
  "messages_reregister_slave",
  "messages_unregister_slave",
  "messages_update_slave",
  "messages_status_update",
  "messages_operation_status_update",
  "messages_executor_to_framework",
  "messages_exited_executor",
  "messages_authenticate",
  "valid_status_updates",
  "invalid_status_updates",
  "valid_status_update_acknowledgements",
  "invalid_status_update_acknowledgements",
  "valid_framework_to_executor_messages",
  "invalid_framework_to_executor_messages",
  "valid_executor_to_framework_messages",
  "invalid_executor_to_framework_messages",
  "valid_operation_status_update_acknowledgements",
  "invalid_operation_status_update_acknowledgements",
  "dropped_messages",
  "slave_registrations",
  "slave_reregistrations",
  "slave_removals",
  "slave_removals/reason_unhealthy",
  "slave_removals/reason_unregistered",
  "slave_removals/reason_registered",
  "slave_unreachable_completed",
  "recovery_slave_removals",
  ...endStates.map((state) => `tasks_${state}`),
];

const lowerNames = (prefix: string, enumName: string): readonly string[] =>
  Object.keys(enumValues[enumName] ?? {})
    .filter((name) => name !== "UNKNOWN")
    .map((name) => `${prefix}${name.toLowerCase()}`);

/** The same of each framework. */
const ofEveryFramework: readonly string[] = [
  "calls",
  ...lowerNames("calls/", "SchedulerCallType"),
  "events",
  ...lowerNames("events/", "SchedulerEventType"),
  ...["sent", "accepted", "declined", "rescinded"].map((name) => `offers/${name}`),
  "operations",
  ...lowerNames("operations/", "OfferOperationType"),
  ...endStates.map((state) => `tasks/terminal/task_${state}`),
];

class Counts {
  readonly counts = new Map<string, number>();

  add(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }
}

export class MasterCounters {
  readonly #own = new Counts();
  /** Only of frameworks that are there: a removed one takes its counts along. */
  readonly #frameworks = new Map<string, Counts>();
  /** When each agent came back last. */
  readonly #registered = new Map<string, number | undefined>();
  readonly #ended = new WeakSet<TaskRecord>();
  readonly #state: MasterState;

  constructor(state: MasterState) {
    this.#state = state;
    for (const name of fromTheStart) this.#own.add(`master/${name}`, 0);
  }

  call(call: SchedulerCall, frameworkId: string | undefined): void {
    const type = call.type ?? "UNKNOWN";
    const isReturn = type === "SUBSCRIBE" && frameworkId !== undefined;
    const name = isReturn ? "reregister_framework" : (callNames.get(type) ?? type.toLowerCase());
    this.#own.add(`master/messages_${name}`);
    const passedOn = this.#passedOn(call, frameworkId);
    if (passedOn !== undefined) {
      const isValid = this.#state.agents.get(passedOn.agentId)?.connection !== undefined;
      this.#own.add(`master/${isValid ? "valid" : "invalid"}_${passedOn.name}`);
    }
    // A new framework's id is not known yet; its SUBSCRIBED event begins its counts.
    if (frameworkId === undefined) return;
    const framework = this.#framework(frameworkId);
    framework.add("calls");
    framework.add(`calls/${type.toLowerCase()}`);
    framework.add("offers/accepted", call.accept?.offer_ids?.length ?? 0);
    framework.add("offers/declined", call.decline?.offer_ids?.length ?? 0);
    for (const { type: operation } of call.accept?.operations ?? []) {
      framework.add("operations");
      framework.add(`operations/${(operation ?? "UNKNOWN").toLowerCase()}`);
    }
  }

  event(connection: string, event: SchedulerEvent): void {
    const frameworkId = this.#state.frameworkByConnection.get(connection);
    if (frameworkId === undefined) return;
    const framework = this.#framework(frameworkId);
    framework.add("events");
    framework.add(`events/${(event.type ?? "UNKNOWN").toLowerCase()}`);
    framework.add("offers/sent", event.offers?.offers?.length ?? 0);
    if (event.type === "RESCIND") framework.add("offers/rescinded");
  }

  /** A message of an agent, before the master judges it. */
  said(message: AgentToMaster): void {
    switch (message.kind) {
      case "register":
      case "reregister":
      case "unregister":
        return this.#own.add(`master/messages_${message.kind}_slave`);
      case "executorMessage": {
        const isValid = this.#state.frameworks.has(message.frameworkId);
        this.#own.add("master/messages_executor_to_framework");
        return this.#own.add(`master/${isValid ? "valid" : "invalid"}_executor_to_framework_messages`);
      }
      case "executorExited":
        return this.#own.add("master/messages_exited_executor");
      case "operationStatus":
        return this.#own.add("master/messages_operation_status_update");
      case "agentResources":
        return this.#own.add("master/messages_update_slave");
      case "statusUpdate": {
        const isValid = this.#state.frameworks.has(message.frameworkId);
        this.#own.add("master/messages_status_update");
        return this.#own.add(`master/${isValid ? "valid" : "invalid"}_status_updates`);
      }
      default:
        return;
    }
  }

  change(change: MasterChange): void {
    switch (change.kind) {
      case "taskUpdated":
        return this.#taskUpdated(change.task);
      case "agentAdded":
      case "agentChanged": {
        const { reregisteredAt } = this.#state.agents.get(change.agentId) ?? {};
        // It may have changed in other ways, by an operator's order for one.
        if (this.#registered.has(change.agentId) && this.#registered.get(change.agentId) === reregisteredAt)
          return;
        this.#registered.set(change.agentId, reregisteredAt);
        const isReturn = reregisteredAt !== undefined;
        this.#own.add(`master/slave_${isReturn ? "reregistrations" : "registrations"}`);
        return;
      }
      case "agentRemoved":
        return this.#agentRemoved(change.agentId);
      case "frameworkRemoved":
        this.#frameworks.delete(change.frameworkId);
        return;
      default:
        return;
    }
  }

  /** Calls that an agent gets to hear of, and which agent. */
  #passedOn(
    call: SchedulerCall,
    frameworkId = "",
  ): { readonly name: string; readonly agentId: string } | undefined {
    switch (call.type) {
      case "MESSAGE":
        return { name: "framework_to_executor_messages", agentId: call.message?.agent_id.value ?? "" };
      case "ACKNOWLEDGE":
        return { name: "status_update_acknowledgements", agentId: call.acknowledge?.agent_id.value ?? "" };
      case "ACKNOWLEDGE_OPERATION_STATUS": {
        const id = call.acknowledge_operation_status?.operation_id.value ?? "";
        const agentId = this.#state.operations.named(frameworkId, id)?.agentId ?? "";
        return { name: "operation_status_update_acknowledgements", agentId };
      }
      default:
        return undefined;
    }
  }

  *entries(): IterableIterator<[string, number]> {
    yield* this.#own.counts;
    const { waiting, canceled } = this.#state.removals;
    const completed = this.#own.counts.get("master/slave_unreachable_completed") ?? 0;
    yield ["master/slave_unreachable_scheduled", completed + waiting + canceled];
    yield ["master/slave_unreachable_canceled", canceled];
    // Their older names, which collectors still ask for.
    yield ["master/slave_shutdowns_scheduled", completed + waiting + canceled];
    yield ["master/slave_shutdowns_completed", completed];
    yield ["master/slave_shutdowns_canceled", canceled];
    for (const id of this.#state.frameworks.keys()) {
      const prefix = frameworkPrefix(this.#state, id);
      for (const name of ofEveryFramework) yield [`${prefix}${name}`, 0];
      for (const [name, count] of this.#frameworks.get(id)?.counts ?? []) yield [`${prefix}${name}`, count];
    }
  }

  #taskUpdated(task: TaskRecord): void {
    // Earlier updates of a task that ended may still be on their way to its framework.
    if (!isTerminal(task.state) || this.#ended.has(task)) return;
    this.#ended.add(task);
    const state = lower(task.state);
    this.#own.add(`master/tasks_${state}`);
    this.#framework(task.frameworkId).add(`tasks/terminal/task_${state}`);
    const { source, reason } = statusesOf(task).at(-1) ?? ({} as Partial<TaskStatus>);
    const from = `source_${(source ?? "SOURCE_SLAVE").replace("SOURCE_", "").replace("AGENT", "slave").toLowerCase()}`;
    // An update without a reason has the first of its enum, which Mesos counts it under.
    const why = (reason ?? "REASON_COMMAND_EXECUTOR_FAILED").replace("REASON_", "").toLowerCase();
    this.#own.add(`master/task_${state}/${from}/reason_${why}`);
  }

  /** Its link broke, or it is registered no more. */
  #agentRemoved(agentId: string): void {
    if (this.#state.agents.has(agentId)) return;
    this.#registered.delete(agentId);
    this.#own.add("master/slave_removals");
    if (this.#state.unreachable.has(agentId)) {
      this.#own.add("master/slave_removals/reason_unhealthy");
      this.#own.add("master/slave_unreachable_completed");
    } else {
      this.#own.add("master/slave_removals/reason_unregistered");
    }
  }

  #framework(id: string): Counts {
    const known = this.#frameworks.get(id);
    if (known !== undefined) return known;
    const made = new Counts();
    if (this.#state.frameworks.has(id)) this.#frameworks.set(id, made);
    return made;
  }
}

const lower = (state: string): string => state.replace("TASK_", "").toLowerCase();

/** Names may hold anything; a slash in one would look like a level. */
export function frameworkPrefix(state: MasterState, id: string): string {
  const name = state.frameworks.get(id)?.info.name ?? "";
  return `master/frameworks/${encodeURIComponent(name)}/${encodeURIComponent(id)}/`;
}
