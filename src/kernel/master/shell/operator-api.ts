/** The operator API in JSON and protobuf, as far as it is there, and its event stream. Source: contract mesos.md sections 3.2, 3.3. */
import { randomUUID } from "node:crypto";
import {
  acceptedEncoding,
  encodingOf,
  type MessageEncoding,
  mediaTypes,
  readMessage,
  writeMessage,
} from "#contracts/kernel/encoding.ts";
import { MessageInvalid } from "#contracts/kernel/json-codec.ts";
import type {
  FrameworkInfo,
  MasterCall,
  MasterResponse,
  MasterResponseGetAgentsAgent,
  MasterResponseGetFrameworksFramework,
  MasterEvent as OperatorEvent,
  Task,
} from "#contracts/kernel/messages.gen.ts";
import { encodeProtobuf } from "#contracts/kernel/protobuf-codec.ts";
import { Resources } from "#domain/resources/index.ts";
import { CodedError } from "#foundation/base/errors.ts";
import {
  type Answer,
  empty,
  encodeRecord,
  type HttpRequest,
  json,
  openStream,
  parseJson,
  type StreamWriter,
  takeOver,
  text,
} from "#foundation/http/index.ts";
import {
  type AgentRecord,
  type AgentStanding,
  type FrameworkRecord,
  isActive,
  type MasterChange,
  type MasterState,
  masterInfo,
  statusesOf,
  type TaskRecord,
} from "../core/index.ts";
import { type OrderAgent, orderAgent } from "./agent-orders.ts";
import { drainInfo, rolesJson } from "./v0-records.ts";

/** One more closes the oldest. Source: Mesos flag `max_operator_event_stream_subscribers`. */
const subscribersMax = 1_000;
const heartbeatIntervalMs = 15_000;

export interface OperatorOptions {
  readonly state: MasterState;
  readonly startedAt: number;
  readonly versionInfo: object;
  readonly metrics: () => object;
  /** Answers whether there was such a framework. */
  readonly teardown: (frameworkId: string) => Promise<boolean>;
  readonly order: OrderAgent;
}

interface Subscriber {
  readonly writer: StreamWriter;
  readonly encoding: MessageEncoding;
}

export class OperatorApi {
  readonly #options: OperatorOptions;
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#send({ type: "HEARTBEAT" }), heartbeatIntervalMs);
    this.#heartbeat.unref();
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  async handle({ headers, body }: HttpRequest): Promise<Answer> {
    const type = headers["content-type"];
    if (type === undefined) return text("Expecting 'Content-Type' to be present", 400);
    const both = `${mediaTypes.json} or ${mediaTypes.protobuf}`;
    const encoding = encodingOf(type);
    if (encoding === undefined) return text(`Expecting 'Content-Type' of ${both}`, 415);
    const accepted = acceptedEncoding(headers.accept);
    if (accepted === undefined) return text(`Expecting 'Accept' to allow ${both}`, 406);
    try {
      const call = readMessage("MasterCall", { encoding, bytes: body, parse: () => parseJson(body) });
      return await this.#answer(call, accepted);
    } catch (error) {
      if (error instanceof MessageInvalid || error instanceof CodedError)
        return text(`Failed to validate master::Call: ${error.message}`, 400);
      throw error;
    }
  }

  async #answer(call: MasterCall, encoding: MessageEncoding): Promise<Answer> {
    const { state, startedAt, versionInfo, metrics, teardown, order } = this.#options;
    const answer = (name: string, value: object): Answer => {
      // Each case below names the field that its type has.
      const response = { type: call.type, [name]: value } as MasterResponse;
      if (encoding === "json") return json(response);
      const bytes = encodeProtobuf("MasterResponse", response);
      return {
        kind: "plain",
        status: 200,
        headers: { "content-type": mediaTypes.protobuf },
        body: Buffer.from(bytes),
      };
    };
    switch (call.type) {
      case "GET_HEALTH":
        return answer("get_health", { healthy: true });
      case "GET_VERSION":
        return answer("get_version", { version_info: versionInfo });
      case "GET_METRICS":
        return answer("get_metrics", {
          metrics: Object.entries(metrics()).map(([name, value]) => ({ name, value })),
        });
      case "GET_MASTER":
        return answer("get_master", {
          master_info: masterInfo(state.identity),
          start_time: startedAt / 1000,
          elected_time: startedAt / 1000,
        });
      case "GET_STATE":
        return answer("get_state", this.#state());
      case "GET_AGENTS":
        return answer("get_agents", this.#agents());
      case "GET_FRAMEWORKS":
        return answer("get_frameworks", this.#frameworks());
      case "GET_EXECUTORS":
        return answer("get_executors", { executors: [], orphan_executors: [] });
      case "GET_TASKS":
        return answer("get_tasks", this.#tasks());
      case "GET_ROLES":
        return answer("get_roles", rolesJson(state));
      case "TEARDOWN": {
        const id = call.teardown?.framework_id.value;
        if (id === undefined) return text("Expecting 'teardown' to be present", 400);
        return (await teardown(id)) ? empty(200) : text("No framework found with specified ID", 400);
      }
      case "DRAIN_AGENT":
      case "DEACTIVATE_AGENT":
      case "REACTIVATE_AGENT":
      case "MARK_AGENT_GONE":
        return orderAgent(call, order);
      case "SUBSCRIBE":
        return takeOver((response) =>
          this.#subscribe(openStream(response, { "content-type": mediaTypes[encoding] }), encoding),
        );
      case undefined:
        return text("Failed to validate master::Call: Expecting 'type' to be present", 400);
      default:
        return text(`${call.type} is not supported by this version of Keelson`, 501);
    }
  }

  #subscribe(writer: StreamWriter, encoding: MessageEncoding): void {
    const id = randomUUID();
    this.#subscribers.set(id, { writer, encoding });
    writer.onClose(() => this.#subscribers.delete(id));
    const subscribed: OperatorEvent = {
      type: "SUBSCRIBED",
      subscribed: { get_state: this.#state(), heartbeat_interval_seconds: heartbeatIntervalMs / 1000 },
    };
    for (const event of [subscribed, { type: "HEARTBEAT" } as const])
      writer.send(encodeRecord(writeMessage("MasterEvent", event, encoding)));
    if (this.#subscribers.size > subscribersMax) this.#subscribers.values().next().value?.writer.close();
  }

  /** Tells subscribers what changed. */
  changed(change: MasterChange): void {
    if (this.#subscribers.size === 0) return;
    const event = this.#eventOf(change);
    if (event !== undefined) this.#send(event);
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const { writer } of this.#subscribers.values()) writer.close();
  }

  #send(event: OperatorEvent): void {
    if (this.#subscribers.size === 0) return;
    const records = new Map<MessageEncoding, Buffer>();
    for (const { writer, encoding } of this.#subscribers.values()) {
      const record = records.get(encoding) ?? encodeRecord(writeMessage("MasterEvent", event, encoding));
      records.set(encoding, record);
      writer.send(record);
    }
  }

  #eventOf(change: MasterChange): OperatorEvent | undefined {
    const { state } = this.#options;
    switch (change.kind) {
      case "taskAdded":
        return { type: "TASK_ADDED", task_added: { task: taskMessage(change.task) } };
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
          : { type: "AGENT_ADDED", agent_added: { agent: agentMessage(agent) } };
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
        const message = { framework: frameworkMessage(framework) };
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

  #state(): object {
    return {
      get_tasks: this.#tasks(),
      get_executors: { executors: [], orphan_executors: [] },
      get_frameworks: this.#frameworks(),
      get_agents: this.#agents(),
    };
  }

  #agents(): object {
    const { agents, recovered } = this.#options.state;
    return {
      agents: [...agents.values()].map(agentMessage),
      recovered_agents: [...recovered.values()].map(({ agentId, hostname }) => ({
        id: { value: agentId },
        hostname,
      })),
    };
  }

  #frameworks(): object {
    const { frameworks, completedFrameworks } = this.#options.state;
    return {
      frameworks: [...frameworks.values()].map(frameworkMessage),
      completed_frameworks: [...completedFrameworks.values()].map(frameworkMessage),
      recovered_frameworks: [],
    };
  }

  #tasks(): object {
    const frameworks = [
      ...this.#options.state.frameworks.values(),
      ...this.#options.state.completedFrameworks.values(),
    ];
    const all = (pick: (framework: FrameworkRecord) => Iterable<TaskRecord>): readonly Task[] =>
      frameworks.flatMap((each) => [...pick(each)].map(taskMessage));
    return {
      pending_tasks: [],
      tasks: all(({ tasks }) => tasks.values()),
      unreachable_tasks: all(({ unreachableTasks }) => unreachableTasks.values()),
      completed_tasks: all(({ completedTasks }) => completedTasks.values()),
      orphan_tasks: [],
    };
  }
}

function taskMessage(task: TaskRecord): Task {
  return {
    name: task.name,
    task_id: { value: task.taskId },
    framework_id: { value: task.frameworkId },
    agent_id: { value: task.agentId },
    state: task.state,
    statuses: statusesOf(task),
    resources: task.resources.toWire({ allocationRole: task.role }),
    ...task.wire,
    ...(task.forwardedState === undefined ? {} : { status_update_state: task.forwardedState }),
    ...(task.forwardedUuid === undefined ? {} : { status_update_uuid: task.forwardedUuid }),
    ...(task.user === undefined ? {} : { user: task.user }),
  };
}

const time = (instant: number): { readonly nanoseconds: number } => ({ nanoseconds: instant * 1_000_000 });

function agentMessage(agent: AgentRecord): MasterResponseGetAgentsAgent {
  const used = Resources.sum(
    [...agent.tasks.values()].filter(({ isReleased }) => !isReleased).map(({ resources }) => resources),
  );
  const offered = Resources.sum([...agent.offers.values()].map(({ resources }) => resources));
  return {
    agent_info: agent.info,
    active: isActive(agent),
    deactivated: agent.standing.kind !== "inService",
    version: agent.version,
    pid: agent.pid,
    registered_time: time(agent.registeredAt),
    ...(agent.reregisteredAt === undefined ? {} : { reregistered_time: time(agent.reregisteredAt) }),
    total_resources: agent.total.toWire(),
    allocated_resources: used.toWire(),
    offered_resources: offered.toWire(),
    capabilities: agent.capabilities,
    ...drainFields(agent.standing),
  };
}

function drainFields(
  standing: AgentStanding,
): Pick<MasterResponseGetAgentsAgent, "drain_info" | "estimated_drain_start_time"> {
  if (standing.kind === "inService" || standing.kind === "deactivated") return {};
  return { drain_info: drainInfo(standing), estimated_drain_start_time: time(standing.since) };
}

function frameworkMessage(framework: FrameworkRecord): MasterResponseGetFrameworksFramework {
  const isConnected = framework.connection !== undefined;
  return {
    framework_info: framework.info,
    active: isConnected,
    connected: isConnected,
    recovered: framework.isRecovered,
    registered_time: time(framework.registeredAt),
    ...(framework.reregisteredAt === undefined ? {} : { reregistered_time: time(framework.reregisteredAt) }),
    ...(framework.unregisteredAt === undefined ? {} : { unregistered_time: time(framework.unregisteredAt) }),
    offers: [...framework.offers.values()].map(({ wire }) => wire),
  };
}
