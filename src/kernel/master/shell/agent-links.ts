/** Agents' links: frames in become events, effects go out as frames. */
import { randomUUID } from "node:crypto";
import { type AgentToMaster, linkPath, linkProtocol, type MasterToAgent } from "#contracts/link/messages.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import { acceptFramedLinks, type FramedLink, type HttpServer } from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import type { MasterEvent } from "../core/index.ts";
import type { Permissions } from "./permissions.ts";

const kinds = new Set([
  "hello",
  "register",
  "reregister",
  "statusUpdate",
  "operationStatus",
  "agentResources",
  "executorExited",
  "executorMessage",
  "containerStatus",
  "pong",
  "unregister",
]);

export class AgentLinks {
  readonly #links = new Map<string, FramedLink>();

  constructor(options: {
    readonly server: HttpServer;
    readonly dispatch: (event: MasterEvent) => void;
    readonly log: Logger;
    readonly permissions: Permissions;
  }) {
    const { server, dispatch, log, permissions } = options;
    acceptFramedLinks(server, linkPath, linkProtocol, (link, request, principal) => {
      const denied = permissions.denial(principal, [{ action: "register_agents" }]);
      if (denied !== undefined) {
        log.warn("link.refused", { reason: denied });
        link.close(denied);
        return { onFrame: () => undefined, onClose: () => undefined };
      }
      const connection = randomUUID();
      this.#links.set(connection, link);
      dispatch({ kind: "agentConnected", connection, address: request.socket.remoteAddress ?? "" });
      return {
        onFrame: (document) => {
          const kind = isJsonObject(document) ? document["kind"] : undefined;
          if (typeof kind !== "string" || !kinds.has(kind)) {
            log.warn("link.unknownKind", { kind });
            return;
          }
          // Agents are our own program: the frame is what its version says, unknown fields are ignored.
          dispatch({ kind: "agentSaid", connection, message: document as unknown as AgentToMaster });
        },
        onClose: (reason) => {
          this.#links.delete(connection);
          log.info("link.closed", { connection, reason });
          dispatch({ kind: "agentDisconnected", connection });
        },
      };
    });
  }

  send(connection: string, message: MasterToAgent): void {
    this.#links.get(connection)?.send(message);
  }

  close(connection: string, reason: string): void {
    this.#links.get(connection)?.close(reason);
  }

  closeAll(): void {
    for (const link of this.#links.values()) link.close("the master ends");
  }
}
