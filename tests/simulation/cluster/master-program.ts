import type { SchedulerCall } from "#contracts/kernel/messages.gen.ts";
import type { AgentToMaster } from "#contracts/link/messages.ts";
import type { Core } from "#foundation/base/core.ts";
import type { MasterEffect } from "#kernel/master/core/effects.ts";
import type { MasterEvent } from "#kernel/master/core/events.ts";
import type { Boot, Connection, Program } from "../engine/index.ts";
import { linkPurpose } from "./agent-program.ts";
import type { OperatorRequest } from "./operator.ts";
import {
  type SchedulerCallRequest,
  type SchedulerStreamOpened,
  type SchedulerSubscribe,
  schedulerPurpose,
} from "./stranger-program.ts";

/** The master's process: its core, the links of agents, the streams and calls of schedulers. */
export function masterProgram(
  boot: Boot<MasterEvent>,
  core: Core<MasterEvent, MasterEffect>,
): Program<MasterEvent, MasterEffect> {
  const connections = new Map<string, Connection>();
  /** The framework of each stream, and the present stream of each framework. */
  const frameworkOf = new Map<string, string>();
  const streamOf = new Map<string, string>();
  let lastConnection = 0;
  /** Operators who wait for an answer. */
  const asking = new Map<number, (answer: object) => void>();
  let lastRequest = 0;

  const name = (): string => {
    lastConnection += 1;
    return `${boot.incarnation}.${lastConnection}`;
  };

  const acceptScheduler = (connection: Connection): void => {
    const id = name();
    connections.set(id, connection);
    connection.onFrame = (frame) => {
      const { call } = frame as { call: SchedulerCall } & SchedulerSubscribe; // our schedulers send nothing else
      if (call.subscribe === undefined) {
        connection.close();
        return;
      }
      connection.send({ streamId: id } satisfies SchedulerStreamOpened);
      const frameworkId = call.framework_id?.value;
      boot.dispatch({
        kind: "schedulerSubscribed",
        connection: id,
        ...(frameworkId === undefined ? {} : { frameworkId }),
        subscribe: call.subscribe,
      });
    };
    connection.onClose = () => {
      connections.delete(id);
      boot.dispatch({ kind: "schedulerDisconnected", connection: id });
    };
  };

  const acceptAgent = (connection: Connection, from: string): void => {
    const id = name();
    connections.set(id, connection);
    connection.onFrame = (frame) =>
      // Our agents send nothing else on a link.
      boot.dispatch({ kind: "agentSaid", connection: id, message: frame as AgentToMaster });
    connection.onClose = () => {
      connections.delete(id);
      boot.dispatch({ kind: "agentDisconnected", connection: id });
    };
    boot.dispatch({ kind: "agentConnected", connection: id, address: from });
  };

  const close = (id: string): void => {
    connections.get(id)?.close();
    connections.delete(id);
  };

  const perform = (effect: MasterEffect): void => {
    switch (effect.kind) {
      case "sendEvent": {
        const frameworkId = effect.event.subscribed?.framework_id.value;
        if (frameworkId !== undefined) {
          frameworkOf.set(effect.connection, frameworkId);
          streamOf.set(frameworkId, effect.connection);
        }
        return connections.get(effect.connection)?.send(effect.event);
      }
      case "closeStream":
        close(effect.connection);
        boot.after(0, () => boot.dispatch({ kind: "schedulerDisconnected", connection: effect.connection }));
        return;
      case "sendToAgent":
        return connections.get(effect.connection)?.send(effect.message);
      case "closeLink":
        close(effect.connection);
        boot.after(0, () => boot.dispatch({ kind: "agentDisconnected", connection: effect.connection }));
        return;
      case "reply": {
        const { problem } = effect;
        asking.get(effect.request)?.(problem === undefined ? { status: 200 } : { status: 400, problem });
        asking.delete(effect.request);
        return;
      }
      case "changed":
        return;
    }
  };

  return {
    core,
    perform,
    accept: (connection, from, purpose) => {
      if (purpose === schedulerPurpose) acceptScheduler(connection);
      else if (purpose === linkPurpose) acceptAgent(connection, from);
      else connection.close();
    },
    serve: (request, _from, answer) => {
      const { operator } = request as Partial<OperatorRequest>; // our operators'
      if (operator !== undefined) {
        lastRequest += 1;
        asking.set(lastRequest, answer);
        boot.dispatch({ ...operator, request: lastRequest });
        return;
      }
      const { streamId, call } = request as SchedulerCallRequest & { call: SchedulerCall }; // our schedulers'
      const frameworkId = frameworkOf.get(streamId);
      // As the API's checks: only the present stream of a framework may call.
      if (frameworkId === undefined || streamOf.get(frameworkId) !== streamId) {
        answer({ status: 400 });
        return;
      }
      if (call.update_framework !== undefined) {
        lastRequest += 1;
        asking.set(lastRequest, answer);
        boot.dispatch({
          kind: "frameworkUpdateAsked",
          request: lastRequest,
          frameworkId,
          update: call.update_framework,
        });
        return;
      }
      answer({ status: 202 });
      boot.dispatch({ kind: "schedulerCalled", frameworkId, call });
    },
  };
}
