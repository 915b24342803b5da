/** The master's HTTP server, whether it leads or stands by. */
import type { OpenedAccess } from "#foundation/access/index.ts";
import { createHttpServer, type HttpServer, json, text } from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import type { MasterEnvironment } from "../config.ts";

export function createMasterServer(
  { host, port, allowedHosts, tls }: MasterEnvironment,
  { guard }: Pick<OpenedAccess, "guard">,
  log: Logger,
): HttpServer {
  return createHttpServer({
    guard,
    host,
    ignoresTrailingSlash: true,
    port,
    ...(allowedHosts === undefined ? {} : { allowedHosts }),
    ...(tls === undefined ? {} : { tls }),
    onTlsRefused: (reason, address) => log.warn("tls.refused", { reason, address }),
    shapeFailure: ({ message, status, code, details }, { path }) =>
      path.startsWith("/keelson/") ? json({ code, message, details }, status) : text(message, status),
    onBug: (error, where) =>
      log.error("master.bug", {
        ...where,
        error: String(error),
        stack: error instanceof Error ? error.stack : undefined,
      }),
  });
}
