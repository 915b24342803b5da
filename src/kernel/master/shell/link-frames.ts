/**
 * What agents send, judged before it is let in: a frame that makes no sense ends its link, and not the master. It goes on
 * as it came, so that what a newer agent says besides is not lost.
 */
import { decodeMessage, MessageInvalid } from "#contracts/kernel/json-codec.ts";
import type { MessageTypes } from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster } from "#contracts/link/messages.ts";
import { parseResources, ResourcesInvalid } from "#domain/resources/index.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";

/** Throws MessageInvalid or ResourcesInvalid. */
type Judge = (frame: JsonObject) => void;

const judges: { readonly [Kind in AgentToMaster["kind"]]: Judge } = {
  hello: (frame) => {
    const versions = frame["versions"];
    if (versions === undefined || !isJsonObject(versions))
      throw new MessageInvalid("versions", "should be the oldest and the newest");
    numbers(versions, "min", "max");
    numbers(frame, "masterEpoch");
    texts(frame, "bootId");
  },
  register: description,
  reregister: (frame) => {
    description(frame);
    each(frame, "frameworks", (framework) => message("FrameworkInfo", framework));
    each(frame, "executors", (executor) => parseResources(message("ExecutorInfo", executor).resources ?? []));
    each(frame, "tasks", (task) => parseResources(message("Task", task).resources ?? []));
    if (frame["operations"] !== undefined) each(frame, "operations", operation);
  },
  statusUpdate: (frame) => {
    texts(frame, "frameworkId", "latestState");
    message("TaskStatus", frame["status"]);
  },
  executorExited: (frame) => {
    texts(frame, "frameworkId", "executorId");
    numbers(frame, "status");
  },
  executorMessage: (frame) => texts(frame, "frameworkId", "executorId", "data"),
  containerStatus: (frame) => texts(frame, "frameworkId", "taskId"),
  operationStatus: operation,
  agentResources: (frame) => {
    each(frame, "resources", (resource) => parseResources([message("Resource", resource)]));
  },
  pong: () => undefined,
  unregister: () => undefined,
};

export type ReadFrame =
  | { readonly kind: "frame"; readonly frame: AgentToMaster }
  /** Of a newer agent; it is no harm to pass it over. */
  | { readonly kind: "unknown"; readonly of: string }
  | { readonly kind: "invalid"; readonly problem: string };

export function readFrame(document: JsonValue): ReadFrame {
  const of = isJsonObject(document) ? document["kind"] : undefined;
  if (!isJsonObject(document) || typeof of !== "string")
    return { kind: "invalid", problem: "a frame without a kind" };
  if (!Object.hasOwn(judges, of)) return { kind: "unknown", of };
  try {
    judges[of as AgentToMaster["kind"]](document);
  } catch (error) {
    if (!(error instanceof MessageInvalid) && !(error instanceof ResourcesInvalid)) throw error;
    return { kind: "invalid", problem: `${of}: ${error.message}` };
  }
  // Judged above.
  return { kind: "frame", frame: document as unknown as AgentToMaster };
}

function message<Name extends keyof MessageTypes>(name: Name, value: unknown): MessageTypes[Name] {
  return decodeMessage(name, value);
}

function description(frame: JsonObject): void {
  message("AgentInfo", frame["info"]);
  texts(frame, "pid", "version");
  each(frame, "capabilities", (capability) => message("AgentInfoCapability", capability));
}

function operation(frame: JsonValue): void {
  if (!isJsonObject(frame)) throw new MessageInvalid("operations", "should be what became of each");
  texts(frame, "operationUuid");
  if (frame["frameworkId"] !== undefined) texts(frame, "frameworkId");
  message("OfferOperation", frame["info"]);
  parseResources(message("OperationStatus", frame["status"]).converted_resources ?? []);
}

function each(frame: JsonObject, name: string, judge: (item: JsonValue) => void): void {
  const list = frame[name];
  if (!Array.isArray(list)) throw new MessageInvalid(name, "should be a list");
  for (const item of list as readonly JsonValue[]) judge(item);
}

function texts(frame: JsonObject, ...names: readonly string[]): void {
  for (const name of names)
    if (typeof frame[name] !== "string") throw new MessageInvalid(name, "should be text");
}

function numbers(frame: JsonObject, ...names: readonly string[]): void {
  for (const name of names)
    if (typeof frame[name] !== "number") throw new MessageInvalid(name, "should be a number");
}
