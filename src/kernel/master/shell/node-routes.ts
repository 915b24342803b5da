/** v0 endpoints about the master's own process and its log. Source: contract mesos.md section 3.5. */
import { fileModeText } from "#foundation/base/file-mode.ts";
import {
  type Answer,
  type HttpRequest,
  json,
  parts,
  systemStats,
  text,
  toggleLogging,
} from "#foundation/http/index.ts";
import type { Verbosity } from "#foundation/telemetry/index.ts";
import type { OwnLog } from "./own-log.ts";
import type { AddV0Route } from "./v0-routes.ts";

export interface NodeRoutesContext {
  readonly ownLog: OwnLog;
  readonly verbosity: Verbosity;
}

export function addNodeRoutes(add: AddV0Route, { ownLog, verbosity }: NodeRoutesContext): void {
  add("GET", "/files/browse", async (request) => {
    const path = pathOf(request);
    if (path === "") return text(pathMissing, 400);
    const files = await ownLog.list(path);
    return json(
      files.map(({ mode, mtimeMs, ...facts }) => ({
        ...facts,
        mtime: Math.floor(mtimeMs / 1000),
        mode: fileModeText(mode),
      })),
    );
  });
  add("GET", "/files/read", (request) => read(ownLog, request));
  add("GET", "/files/download", async (request) => {
    const path = pathOf(request);
    if (path === "") return text(pathMissing, 400);
    // Asked first, so that a path that is not there is no broken download.
    await ownLog.size(path);
    return parts(ownLog.whole(path), {
      "content-type": "text/plain",
      "content-disposition": "attachment; filename=master.log",
      "x-content-type-options": "nosniff",
    });
  });
  add("GET", "/files/debug", () => json(ownLog.attached));
  for (const method of ["GET", "POST"])
    add(method, "/logging/toggle", ({ query }) => toggleLogging(verbosity, query));
  add("GET", "/system/stats", systemStats);
}

const pathMissing = "Expecting 'path=value' in query.";

function pathOf({ query }: HttpRequest): string {
  const path = query.get("path") ?? "";
  return path.startsWith("/") || path === "" ? path : `/${path}`;
}

/** Whole, and -1 for "from the end" or "to the end"; undefined when it is neither. */
function position(given: string | null): number | undefined {
  if (given === null || given === "") return -1;
  return /^(-1|\d{1,15})$/.test(given) ? Number(given) : undefined;
}

async function read(ownLog: OwnLog, request: HttpRequest): Promise<Answer> {
  const path = pathOf(request);
  if (path === "") return text(pathMissing, 400);
  const offset = position(request.query.get("offset"));
  const length = position(request.query.get("length"));
  if (offset === undefined || length === undefined)
    return text("offset and length must be whole numbers of at least -1", 400);
  if (offset === -1) return json({ data: "", offset: await ownLog.size(path) });
  const bytes = await ownLog.read(path, offset, length === -1 ? undefined : length);
  return json({ data: bytes.toString("utf8"), offset });
}
