/** The operator's event stream: a snapshot, then every change, without a gap and without a double. Source: contract mesos.md section 3.3. */

import { type MessageEncoding, writeMessage } from "#contracts/kernel/encoding.ts";
import type {
  FrameworkInfo,
  MasterResponseGetAgentsAgent,
  MasterResponseGetFrameworksFramework,
  MasterEvent as OperatorEvent,
  Task,
} from "#contracts/kernel/messages.gen.ts";
import { encodeRecord, type Principal, type StreamWriter } from "#foundation/http/index.ts";
import { operatorSubscribersMax } from "../config.ts";
import {
  type AgentRecord,
  type FrameworkRecord,
  type MasterChange,
  type MasterState,
  statusesOf,
  type TaskRecord,
} from "../core/index.ts";
import { seesChange, type Viewer, visibleAgentAdded } from "./viewer.ts";

/** One more closes the oldest. Source: Mesos flag `max_operator_event_stream_subscribers`. */
export const heartbeatIntervalMs = 15_000;

interface Subscriber {
  readonly writer: StreamWriter;
  readonly encoding: MessageEncoding;
  readonly principal: Principal;
  /** What is still being told when it came stands in its snapshot already. */
  isListening: boolean;
}

/** Calls back, between two changes, when everything that is decided by now has been told. */
export type WhenTold = (then: () => void) => void;

export interface OperatorStreamOptions {
  readonly state: MasterState;
  /** The first record of a subscriber: all that it may see, as it is in this turn of the loop. */
  readonly snapshot: (principal: Principal, encoding: MessageEncoding) => Buffer;
  /** What somebody may see, as things are now. */
  readonly viewer: (principal: Principal) => Viewer;
  readonly whenTold: WhenTold;
  readonly messages: {
    readonly agent: (agent: AgentRecord) => MasterResponseGetAgentsAgent;
    readonly framework: (framework: FrameworkRecord) => MasterResponseGetFrameworksFramework;
    readonly task: (task: TaskRecord) => Task;
  };
}

export class OperatorStream {
  readonly #options: OperatorStreamOptions;
  readonly #subscribers = new Set<Subscriber>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: OperatorStreamOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#send({ type: "HEARTBEAT" }), heartbeatIntervalMs);
    this.#heartbeat.unref();
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  add(writer: StreamWriter, encoding: MessageEncoding, principal: Principal): void {
    const subscriber: Subscriber = { writer, encoding, principal, isListening: false };
    this.#subscribers.add(subscriber);
    writer.onClose(() => this.#subscribers.delete(subscriber));
    // The snapshot is of what is decided, of which some is not told yet; both are fixed in this turn of the loop.
    this.#options.whenTold(() => {
      subscriber.isListening = true;
    });
    writer.send(this.#options.snapshot(principal, encoding));
    writer.send(encodeRecord(writeMessage("MasterEvent", { type: "HEARTBEAT" }, encoding)));
    if (this.#subscribers.size > operatorSubscribersMax)
      this.#subscribers.values().next().value?.writer.close();
  }

  changed(change: MasterChange): void {
    if (this.#subscribers.size === 0) return;
    const event = this.#eventOf(change);
    if (event !== undefined) this.#send(event, change);
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const { writer } of this.#subscribers) writer.close();
  }

  #send(event: OperatorEvent, change?: MasterChange): void {
    const records = new Map<MessageEncoding, Buffer>();
    for (const { writer, encoding, principal, isListening } of this.#subscribers) {
      if (!isListening && event.type !== "HEARTBEAT") continue;
      const viewer = this.#options.viewer(principal);
      if (!viewer.seesAll && change !== undefined) {
        if (seesChange(viewer, this.#options.state, change))
          writer.send(encodeRecord(writeMessage("MasterEvent", visibleAgentAdded(event, viewer), encoding)));
        continue;
      }
      const record = records.get(encoding) ?? encodeRecord(writeMessage("MasterEvent", event, encoding));
      records.set(encoding, record);
      writer.send(record);
    }
  }

  #eventOf(change: MasterChange): OperatorEvent | undefined {
    const { state, messages } = this.#options;
    switch (change.kind) {
      case "taskAdded":
        return { type: "TASK_ADDED", task_added: { task: messages.task(change.task) } };
      case "taskUpdated": {
        const { task } = change;
        const status = statusesOf(task).at(-1);
        if (status === undefined) return undefined;
        return {
          type: "TASK_UPDATED",
          task_updated: { framework_id: { value: task.frameworkId }, status, state: task.state },
        };
      }
      case "taskRemoved":
        return undefined;
      case "agentAdded": {
        const agent = state.agents.get(change.agentId);
        return agent === undefined
          ? undefined
          : { type: "AGENT_ADDED", agent_added: { agent: messages.agent(agent) } };
      }
      case "agentChanged":
        // Mesos has no event for it; `node-events.ts` tells of it.
        return undefined;
      case "agentRemoved":
        return state.agents.has(change.agentId)
          ? undefined
          : { type: "AGENT_REMOVED", agent_removed: { agent_id: { value: change.agentId } } };
      case "frameworkAdded":
      case "frameworkUpdated": {
        const framework = state.frameworks.get(change.frameworkId);
        if (framework === undefined) return undefined;
        const message = { framework: messages.framework(framework) };
        return change.kind === "frameworkAdded"
          ? { type: "FRAMEWORK_ADDED", framework_added: message }
          : { type: "FRAMEWORK_UPDATED", framework_updated: message };
      }
      case "frameworkRemoved": {
        const info: FrameworkInfo | undefined = state.completedFrameworks.get(change.frameworkId)?.info;
        return info === undefined
          ? undefined
          : { type: "FRAMEWORK_REMOVED", framework_removed: { framework_info: info } };
      }
    }
  }
}
