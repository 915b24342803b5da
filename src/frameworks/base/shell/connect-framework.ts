/** A core of a framework and the master: calls go out with their secrets filled in, events come in as the core takes them. */
import type { FrameworkInfo, SchedulerEvent } from "#contracts/kernel/messages.gen.ts";
import type { LeaderAddress } from "#foundation/election/index.ts";
import type { HttpClient } from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import { connectScheduler } from "../../sdk/index.ts";
import type { FrameworkCall } from "../core/framework-call.ts";
import type { MasterEvent } from "../core/master-event.ts";
import { SecretCalls } from "./secret-calls.ts";
import { secretSource } from "./secret-source.ts";

export interface FrameworkConnection {
  send(call: FrameworkCall): void;
  close(): Promise<void>;
}

export function connectFramework(options: {
  /** First word of what is logged: `services` gives `services.subscribed`. */
  readonly name: string;
  readonly master: LeaderAddress;
  readonly headers: Readonly<Record<string, string>>;
  readonly frameworkInfo: FrameworkInfo;
  readonly dispatch: (event: MasterEvent) => void;
  /** For what asks the store of secrets. */
  readonly client: HttpClient;
  readonly secretsUrl: string | undefined;
  /** Path of what a task belongs to; it decides which secrets the task may have. */
  readonly ownerOf: (taskId: string) => string;
  readonly log: Logger;
}): FrameworkConnection {
  const { name, master, headers, frameworkInfo, dispatch, log } = options;
  const scheduler = connectScheduler({
    masterUrl: master.url(),
    headers,
    frameworkInfo,
    acknowledgement: "explicit",
    onEvent: (event) => {
      if (event.subscribed !== undefined)
        log.info(`${name}.subscribed`, { frameworkId: event.subscribed.framework_id.value });
      for (const each of masterEventsOf(event)) dispatch(each);
    },
    onDisconnected: (reason) => {
      log.warn(`${name}.disconnected`, { reason });
      dispatch({ kind: "disconnected" });
    },
    onStopped: (reason) => dispatch({ kind: "frameworkRefused", message: reason }),
    onCallFailed: (call, reason) => {
      log.warn(`${name}.callFailed`, { type: call.type, reason });
      dispatch({ kind: "callFailed", call, reason });
    },
  });
  master.onMoved((url) => {
    log.info(`${name}.masterMoved`, { url });
    scheduler.masterMoved(url);
  });
  const calls = new SecretCalls({
    send: (call) => scheduler.call(call),
    valueOf: secretSource(options.client, options.secretsUrl),
    ownerOf: options.ownerOf,
    onRefused: (status) => {
      log.warn(`${name}.secretRefused`, { taskId: status.task_id.value, message: status.message });
      dispatch({ kind: "statusReceived", status });
    },
  });
  return { send: (call) => calls.send(withAddress(call, frameworkInfo)), close: () => scheduler.close() };
}

/** What a core says of the framework is told with the address of its pages, which only the daemon knows. */
function withAddress(call: FrameworkCall, { webui_url: address }: FrameworkInfo): FrameworkCall {
  const { update_framework: update } = call;
  return update === undefined || address === undefined
    ? call
    : {
        ...call,
        update_framework: { ...update, framework_info: { ...update.framework_info, webui_url: address } },
      };
}

/** What does not concern a core is left out. */
function masterEventsOf(event: SchedulerEvent): readonly MasterEvent[] {
  const { subscribed, offers, rescind, update, update_operation_status: operation, message } = event;
  const events: MasterEvent[] = [];
  if (subscribed !== undefined) {
    const { master_info: info } = subscribed;
    const region = info?.domain?.fault_domain?.region.name;
    events.push({
      kind: "subscribed",
      frameworkId: subscribed.framework_id.value,
      ...(info === undefined ? {} : { master: `${info.hostname ?? ""}:${info.port}` }),
      ...(region === undefined ? {} : { region }),
    });
  }
  if (offers !== undefined) events.push({ kind: "offersReceived", offers: offers.offers ?? [] });
  if (rescind !== undefined) events.push({ kind: "offerRescinded", offerId: rescind.offer_id.value });
  if (update !== undefined) events.push({ kind: "statusReceived", status: update.status });
  if (operation !== undefined) events.push({ kind: "operationStatusReceived", status: operation.status });
  if (message !== undefined)
    events.push({
      kind: "frameworkMessageReceived",
      agentId: message.agent_id.value,
      executorId: message.executor_id.value,
      data: message.data,
    });
  return events;
}
