/** The operator API in JSON and protobuf, as far as it is there, and its event stream. Source: contract mesos.md sections 3.2, 3.3. */

import { isAscii } from "node:buffer";
import type { ErrorCode } from "#contracts/errors.ts";
import {
  acceptedEncoding,
  asciiText,
  encodingOf,
  type MessageEncoding,
  mediaTypes,
  readMessage,
} from "#contracts/kernel/encoding.ts";
import { MessageInvalid, messageJson } from "#contracts/kernel/json-codec.ts";
import type { MasterCall, MasterResponse } from "#contracts/kernel/messages.gen.ts";
import { encodeProtobuf } from "#contracts/kernel/protobuf-codec.ts";
import { CodedError } from "#foundation/base/errors.ts";
import {
  type Answer,
  empty,
  encodeRecord,
  type HttpRequest,
  openStream,
  type Principal,
  parseJson,
  setLoggingLevel,
  takeOver,
  text,
} from "#foundation/http/index.ts";
import type { Verbosity } from "#foundation/telemetry/index.ts";
import { type MasterChange, type MasterState, masterInfo, operationToWire } from "../core/index.ts";
import { type OrderAgent, orderAgent } from "./agent-orders.ts";
import { type MaintenanceOrders, maintenanceCall, scheduleOf, statusOf } from "./maintenance-api.ts";
import { agentMessage, frameworkMessage, taskMessage } from "./operator-messages.ts";
import { heartbeatIntervalMs, OperatorStream, type WhenTold } from "./operator-stream.ts";
import type { OwnLog } from "./own-log.ts";
import type { Permissions } from "./permissions.ts";
import { changeQuota, type QuotaPort, quotaStatus, type RoleWeight, readWeights } from "./quota-calls.ts";
import { type OperateOn, operate } from "./resource-operations.ts";
import { roleMessages } from "./roles.ts";
import type { SharedAnswers, Wanted } from "./shared-answers.ts";
import type { Pieces, StateView } from "./state-answer.ts";
import { stateMessages, subscribedMessages } from "./state-messages.ts";

export interface OperatorOptions {
  readonly state: MasterState;
  readonly startedAt: number;
  readonly versionInfo: object;
  readonly metrics: () => object;
  /** Answers whether there was such a framework. */
  readonly teardown: (frameworkId: string) => Promise<boolean>;
  readonly order: OrderAgent;
  readonly quota: QuotaPort;
  readonly setWeights: (weights: readonly RoleWeight[]) => Promise<void>;
  readonly maintenance: MaintenanceOrders;
  readonly whenTold: WhenTold;
  readonly flags: Readonly<Record<string, string>>;
  readonly verbosity: Verbosity;
  readonly ownLog: OwnLog;
  readonly operateOn: OperateOn;
  readonly permissions: Permissions;
  readonly answers: SharedAnswers;
}

export class OperatorApi {
  readonly #options: OperatorOptions;
  readonly #stream: OperatorStream;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#stream = new OperatorStream({
      state: options.state,
      snapshot: (principal, encoding) =>
        recordOf(options.answers.atOnce(this.#wanted(subscribed, principal, encoding)), encoding),
      viewer: (principal) => options.permissions.viewer(principal),
      whenTold: options.whenTold,
      messages: {
        agent: agentMessage,
        framework: (framework) => frameworkMessage(options.state, framework),
        task: taskMessage,
      },
    });
  }

  get subscribers(): number {
    return this.#stream.subscribers;
  }

  async handle(request: HttpRequest): Promise<Answer> {
    const { headers, body, principal } = request;
    const type = headers["content-type"];
    if (type === undefined) return text("Expecting 'Content-Type' to be present", 400);
    const both = `${mediaTypes.json} or ${mediaTypes.protobuf}`;
    const encoding = encodingOf(type);
    if (encoding === undefined) return text(`Expecting 'Content-Type' of ${both}`, 415);
    const accepted = acceptedEncoding(headers.accept);
    if (accepted === undefined) return text(`Expecting 'Accept' to allow ${both}`, 406);
    try {
      const call = readMessage("MasterCall", { encoding, bytes: body, parse: () => parseJson(body) });
      const refusal = this.#options.permissions.ofCall(principal, call);
      return refusal ?? (await this.#answer(call, accepted, request));
    } catch (error) {
      if (error instanceof CodedError && error.code === "Overloaded") return text(error.message, 503);
      if (error instanceof CodedError && error.code === "NotFound") return text(error.message, 404);
      if (error instanceof MessageInvalid || error instanceof CodedError)
        return text(`Failed to validate master::Call: ${error.message}`, 400);
      throw error;
    }
  }

  async #answer(call: MasterCall, encoding: MessageEncoding, request: HttpRequest): Promise<Answer> {
    const { principal } = request;
    const { startedAt, versionInfo, metrics, teardown, order, operateOn, quota, permissions } = this.#options;
    const state = permissions.visible(principal);
    const answer = (name: string, value: object): Answer => {
      // Each case below names the field that its type has.
      const response = { type: call.type, [name]: value } as MasterResponse;
      if (encoding === "json") {
        const headers = { "content-type": mediaTypes.json };
        return { kind: "plain", status: 200, headers, body: messageJson(response) };
      }
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
      case "GET_FLAGS":
        return answer("get_flags", {
          flags: Object.entries(this.#options.flags).map(([name, value]) => ({ name, value })),
        });
      case "GET_LOGGING_LEVEL":
        return answer("get_logging_level", { level: this.#options.verbosity.asMesos });
      case "SET_LOGGING_LEVEL":
        return setLoggingLevel(this.#options.verbosity, call.set_logging_level);
      case "LIST_FILES":
        return answer("list_files", await listFiles(this.#options.ownLog, call.list_files));
      case "READ_FILE":
        return answer("read_file", await readFile(this.#options.ownLog, call.read_file));
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
      case "GET_AGENTS":
      case "GET_FRAMEWORKS":
      case "GET_EXECUTORS":
      case "GET_TASKS": {
        const wanted = { name: call.type, renders: stateMessages[call.type] };
        return this.#options.answers.answer(request, this.#wanted(wanted, principal, encoding));
      }
      case "GET_OPERATIONS":
        return answer("get_operations", {
          operations: [...state.operations.values()].map(operationToWire),
        });
      case "GET_ROLES":
        return answer("get_roles", { roles: roleMessages(state) });
      case "GET_WEIGHTS":
        return answer("get_weights", {
          weight_infos: [...state.weights].map(([role, weight]) => ({ role, weight })),
        });
      case "UPDATE_WEIGHTS":
        return this.#updateWeights(call);
      case "GET_QUOTA":
        return answer("get_quota", { status: quotaStatus(await quota.list(principal)) });
      case "UPDATE_QUOTA":
      case "SET_QUOTA":
      case "REMOVE_QUOTA":
        return changeQuota(call, quota, principal);
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
      case "RESERVE_RESOURCES":
      case "UNRESERVE_RESOURCES":
      case "CREATE_VOLUMES":
      case "DESTROY_VOLUMES":
      case "GROW_VOLUME":
      case "SHRINK_VOLUME":
        return operate(call, operateOn, principal);
      case "GET_MAINTENANCE_SCHEDULE":
        return answer("get_maintenance_schedule", { schedule: scheduleOf(state) });
      case "GET_MAINTENANCE_STATUS":
        return answer("get_maintenance_status", { status: statusOf(state) });
      case "UPDATE_MAINTENANCE_SCHEDULE":
      case "START_MAINTENANCE":
      case "STOP_MAINTENANCE":
        return maintenanceCall(call, this.#options.maintenance);
      case "SUBSCRIBE":
        await this.#options.answers.prepare(this.#wanted(subscribed, principal, encoding));
        return takeOver((response) =>
          this.#stream.add(
            openStream(response, { "content-type": mediaTypes[encoding] }),
            encoding,
            principal,
          ),
        );
      case undefined:
        return text("Failed to validate master::Call: Expecting 'type' to be present", 400);
      default:
        return text(`${call.type} is not supported by this version of Keelson`, 501);
    }
  }

  async #updateWeights({ update_weights: update }: MasterCall): Promise<Answer> {
    if (update === undefined) return text("Expecting 'update_weights' to be present", 400);
    const weights = readWeights(update.weight_infos ?? []);
    if (typeof weights === "string") return text(weights, 400);
    await this.#options.setWeights(weights);
    return empty(200);
  }

  /** Tells subscribers what changed. */
  changed(change: MasterChange): void {
    this.#stream.changed(change);
  }

  close(): void {
    this.#stream.close();
  }

  #wanted({ name, renders }: StateMessage, principal: Principal, encoding: MessageEncoding): Wanted {
    return {
      name: `${name} ${encoding}`,
      viewer: () => this.#options.permissions.viewer(principal),
      render: renders[encoding],
      mediaType: mediaTypes[encoding],
    };
  }
}

interface StateMessage {
  readonly name: string;
  readonly renders: Readonly<Record<MessageEncoding, (view: StateView) => Pieces>>;
}

const subscribed: StateMessage = {
  name: "SUBSCRIBED",
  renders: subscribedMessages(heartbeatIntervalMs / 1000),
};

/** As one record; its JSON is ASCII, as that of all events is. */
function recordOf(pieces: readonly Buffer[], encoding: MessageEncoding): Buffer {
  const isText = encoding === "json";
  const bytes = pieces.map((piece) =>
    isText && !isAscii(piece) ? Buffer.from(asciiText(String(piece))) : piece,
  );
  return encodeRecord(Buffer.concat(bytes));
}

async function listFiles(log: OwnLog, wanted: MasterCall["list_files"]): Promise<object> {
  const files = await log.list(present(wanted, "list_files").path);
  return {
    file_infos: files.map(({ mtimeMs, uid, gid, ...facts }) => ({
      ...facts,
      mtime: { nanoseconds: Math.floor(mtimeMs / 1000) * 1_000_000_000 },
      uid: String(uid),
      gid: String(gid),
    })),
  };
}

async function readFile(log: OwnLog, wanted: MasterCall["read_file"]): Promise<object> {
  const { path, offset, length } = present(wanted, "read_file");
  const bytes = await log.read(path, offset, length);
  return { size: await log.size(path), data: bytes.toString("base64") };
}

function present<Value>(value: Value | undefined, name: string): Value {
  if (value !== undefined) return value;
  throw new CodedError<ErrorCode>("InvalidRequest", `Expecting '${name}' to be present`);
}
