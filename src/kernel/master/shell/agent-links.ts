/** Agents' links: frames in become events, effects go out as frames. */
import { randomUUID } from "node:crypto";
import { linkPath, linkProtocol, type MasterToAgent } from "#contracts/link/messages.ts";
import { acceptFramedLinks, type FramedLink, type HttpServer } from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import type { MasterEvent } from "../core/index.ts";
import { readFrame } from "./link-frames.ts";
import type { Permissions } from "./permissions.ts";

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
          const read = readFrame(document);
          if (read.kind === "frame") dispatch({ kind: "agentSaid", connection, message: read.frame });
          else if (read.kind === "unknown") log.warn("link.unknownKind", { kind: read.of });
          else {
            log.warn("link.refused", { reason: read.problem });
            link.close(read.problem);
          }
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
