/** What is said between the agent and executors over their streams. Source: contract mesos.md section 2.1. */
import type { AgentInfo, ExecutorCall } from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster, FrameworkMessage } from "#contracts/link/messages.ts";
import { type ExecutorChannel, tell } from "./executor-channel.ts";
import { type Executor, setProgress } from "./executor-run.ts";
import type { ExecutorTasks } from "./executor-tasks.ts";
import type { AgentFacts, AgentPolicy } from "./policy.ts";
import type { Step } from "./step.ts";
import type { TaskTable } from "./task-table.ts";
import type { AgentTimers } from "./timers.ts";

export interface SessionsParts {
  readonly facts: AgentFacts;
  readonly policy: AgentPolicy;
  readonly timers: AgentTimers;
  readonly table: TaskTable;
  readonly tasks: ExecutorTasks;
  readonly channelOf: (executor: Executor) => ExecutorChannel;
  /** False when no master listens. */
  readonly send: (step: Step, message: AgentToMaster) => boolean;
}

/** Framework messages, since the agent started. */
export interface MessageCounters {
  readonly passedOn: number;
  /** Nobody was there for them. */
  readonly lost: number;
}

export class ExecutorSessions {
  readonly #parts: SessionsParts;
  readonly #byConnection = new Map<string, Executor>();
  #passedOn = 0;
  #lost = 0;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  counters(): MessageCounters {
    return { passedOn: this.#passedOn, lost: this.#lost };
  }

  subscribed(step: Step, connection: string, call: ExecutorCall): void {
    const { table, timers, policy } = this.#parts;
    const { framework_id, executor_id, subscribe = {} } = call;
    const executor = table.executors.find(framework_id.value, executor_id.value);
    const framework = table.framework(framework_id.value);
    if (executor === undefined || framework === undefined) {
      step.emit({ kind: "closeExecutor", connection });
      return;
    }
    const { containerId } = executor.spec;
    this.close(step, executor);
    executor.connection = connection;
    this.#byConnection.set(connection, executor);
    timers.cancel({ kind: "executorRegistration", containerId });
    timers.set({ kind: "executorHeartbeat", containerId }, step.now + policy.executorHeartbeatMs);
    tell(step, executor, {
      type: "SUBSCRIBED",
      subscribed: {
        executor_info: executor.spec.info,
        framework_info: framework,
        agent_info: this.#agentInfo(executor),
        container_id: { value: containerId },
      },
    });
    step.log("info", "executor.subscribed", { containerId, executorId: executor_id.value });
    if (executor.progress.phase === "registering")
      setProgress(step, executor, { ...executor.progress, phase: "running" });
    for (const { status } of subscribe.unacknowledged_updates ?? [])
      this.#parts.tasks.update(step, executor, status);
    if (executor.progress.phase === "terminating") {
      this.#parts.channelOf(executor).shutDown(step, executor);
      return;
    }
    this.#parts.tasks.reconcile(step, executor, subscribe.unacknowledged_tasks ?? []);
    this.#parts.tasks.deliver(step, executor);
  }

  /** Its container decides whether it lives; it may come back on another stream. */
  disconnected(step: Step, connection: string): void {
    const executor = this.#byConnection.get(connection);
    if (executor?.connection !== connection) return;
    this.#forget(executor, connection);
    step.log("info", "executor.disconnected", { containerId: executor.spec.containerId });
  }

  called(step: Step, call: ExecutorCall): void {
    const { framework_id, executor_id, update, message } = call;
    const executor = this.#parts.table.executors.find(framework_id.value, executor_id.value);
    if (executor === undefined) return;
    if (call.type === "UPDATE" && update !== undefined)
      this.#parts.tasks.update(step, executor, update.status);
    if (call.type !== "MESSAGE" || message === undefined) return;
    this.#passedOn += 1;
    this.#parts.send(step, {
      kind: "executorMessage",
      frameworkId: framework_id.value,
      executorId: executor_id.value,
      data: message.data,
    });
  }

  /** Best effort, as the contract says: for an executor that does not run, or has no stream, it is lost. */
  message(step: Step, { frameworkId, executorId, data }: FrameworkMessage): void {
    const executor = this.#parts.table.executors.find(frameworkId, executorId);
    const channel = executor === undefined ? undefined : this.#parts.channelOf(executor);
    if (executor?.progress.phase !== "running" || channel?.isOpen(executor) !== true) {
      this.#lost += 1;
      step.log("warn", "executor.messageLost", { frameworkId, executorId });
      return;
    }
    this.#passedOn += 1;
    channel.message(step, executor, data);
  }

  heartbeatDue(step: Step, containerId: string): void {
    const executor = this.#parts.table.executors.get(containerId);
    if (executor?.connection === undefined) return;
    tell(step, executor, { type: "HEARTBEAT" });
    const at = step.now + this.#parts.policy.executorHeartbeatMs;
    this.#parts.timers.set({ kind: "executorHeartbeat", containerId }, at);
  }

  /** Ends its stream, if it has one. */
  close(step: Step, executor: Executor): void {
    const { connection } = executor;
    if (connection === undefined) return;
    step.emit({ kind: "closeExecutor", connection });
    this.#forget(executor, connection);
  }

  #forget(executor: Executor, connection: string): void {
    this.#byConnection.delete(connection);
    executor.connection = undefined;
    const { containerId } = executor.spec;
    this.#parts.timers.cancel({ kind: "executorHeartbeat", containerId });
  }

  #agentInfo({ spec }: Executor): AgentInfo {
    const { hostname, port, resources, attributes, domain } = this.#parts.facts;
    return {
      hostname,
      port,
      resources,
      ...(attributes.length === 0 ? {} : { attributes }),
      id: { value: spec.agentId },
      ...(domain === undefined ? {} : { domain }),
    };
  }
}
