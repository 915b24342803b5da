/** `/keelson/v1/files/{taskId}`: files out of and into a task's sandbox (contracts/kernel/agent-streams.ts). */
import { basename, isAbsolute, join, relative } from "node:path";
import type { ErrorCode } from "#contracts/errors.ts";
import { uploadBytesMax } from "#contracts/kernel/agent-streams.ts";
import type { AuditLog } from "#foundation/audit/index.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { type Answer, callerOf, type HttpRequest, type HttpServer, json } from "#foundation/http/index.ts";
import type { AgentView } from "../core/view.ts";
import { downloadHeaders, pieces } from "./files-routes.ts";
import { findTask } from "./find-task.ts";
import type { AgentPermissions } from "./permissions.ts";
import { openInside } from "./sandbox-files.ts";
import { tarOf } from "./sandbox-tar.ts";
import { writeInside } from "./sandbox-writes.ts";
import { pathInRun } from "./volume-paths.ts";

export interface TaskFilesOptions {
  readonly permissions: AgentPermissions;
  readonly server: HttpServer;
  readonly view: () => AgentView;
  readonly audit: Pick<AuditLog, "append">;
  readonly doorSecret: string | undefined;
}

/** Uploads at once; one more is refused. */
const uploadsMax = 32;
/** A sender that sends nothing for this long is let go. */
const stallMs = 60_000;
const modeDefault = "644";

export function addTaskFilesRoutes(options: TaskFilesOptions): void {
  const path = "/keelson/v1/files/:taskId";
  let uploads = 0;
  options.server.route({ method: "GET", path, handler: (request) => download(options, request) });
  options.server.route({
    method: "PUT",
    path,
    streams: true,
    handler: async (request) => {
      if (uploads >= uploadsMax)
        throw new CodedError<ErrorCode>("TooManyRequests", `this agent takes ${uploadsMax} files at once`);
      uploads += 1;
      try {
        return await upload(options, request);
      } finally {
        uploads -= 1;
      }
    },
  });
}

async function download({ view, permissions }: TaskFilesOptions, request: HttpRequest): Promise<Answer> {
  const task = findTask(view(), request.params["taskId"] ?? "", {
    container: request.query.get("container") ?? undefined,
    needs: "files",
  });
  permissions.demandFramework(request.principal, "access_sandboxes", task.frameworkId);
  const asked = pathOf(request);
  const path = isAbsolute(asked) ? asked : join(task.directory, asked);
  const { run, directory } = task;
  const place = run === undefined ? undefined : pathInRun(view(), run, relative(directory, path).split("/"));
  const isHosts = place?.isHosts === true;
  const opened = await openInside(
    place?.root ?? directory,
    place?.path ?? path,
    isHosts ? "everybody" : "agent",
  );
  const wantsTar = request.query.get("as") === "tar";
  if (isHosts && wantsTar && opened.kind === "folder") {
    await opened.handle.close();
    throw new CodedError<ErrorCode>(
      "Forbidden",
      `${asked} is a folder of the machine: take its files one by one`,
    );
  }
  if (opened.kind === "folder") {
    if (!wantsTar) {
      await opened.handle.close();
      throw new CodedError<ErrorCode>("InvalidRequest", `${asked} is a folder; add as=tar to take all of it`);
    }
    const name = path === task.directory ? task.taskId : basename(path);
    return {
      kind: "plain",
      status: 200,
      headers: { ...downloadHeaders(`${name}.tar`), "content-type": "application/x-tar" },
      body: tarOf(opened.handle, name),
    };
  }
  const range = rangeOf(request, opened.size);
  const headers = { ...downloadHeaders(asked), "accept-ranges": "bytes" };
  if (range === undefined)
    return {
      kind: "plain",
      status: 200,
      headers: { ...headers, "content-length": String(opened.size) },
      body: pieces(opened, { from: 0, to: opened.size }),
    };
  if (range === "outside") {
    await opened.handle.close();
    return {
      kind: "plain",
      status: 416,
      headers: { "content-range": `bytes */${opened.size}` },
      body: "",
    };
  }
  return {
    kind: "plain",
    status: 206,
    headers: {
      ...headers,
      "content-range": `bytes ${range.from}-${range.to - 1}/${opened.size}`,
      "content-length": String(range.to - range.from),
    },
    body: pieces(opened, range),
  };
}

/** One range of bytes; several, or what is none, mean the whole file. Source: RFC 9110 section 14. */
function rangeOf(
  { headers }: HttpRequest,
  size: number,
): { readonly from: number; readonly to: number } | "outside" | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (match === null || (first === "" && last === "")) return undefined;
  if (first === "")
    return Number(last) === 0 ? "outside" : { from: Math.max(0, size - Number(last)), to: size };
  const from = Number(first);
  const to = last === "" ? size : Math.min(size, Number(last) + 1);
  if (from >= size) return "outside";
  return to > from ? { from, to } : undefined;
}

async function upload(options: TaskFilesOptions, request: HttpRequest): Promise<Answer> {
  const { view, audit, doorSecret, permissions } = options;
  const task = findTask(view(), request.params["taskId"] ?? "", {
    container: request.query.get("container") ?? undefined,
    needs: "running",
  });
  // What is put beside a task's program changes what it does, as a session would.
  permissions.demandFramework(
    request.principal,
    "launch_nested_container_sessions_as_user",
    task.frameworkId,
  );
  const asked = pathOf(request);
  const mode = request.query.get("mode") ?? modeDefault;
  if (!/^0?[0-7]{3}$/.test(mode))
    throw new CodedError<ErrorCode>("InvalidRequest", `mode: ${mode.slice(0, 20)} is not three octal digits`);
  request.raw.setTimeout(stallMs, () => request.raw.destroy());
  const { path, size, isNew } = await writeInside(task.directory, asked, request.raw, {
    mode: Number.parseInt(mode, 8),
    bytesMax: uploadBytesMax,
  });
  const status = isNew ? 201 : 200;
  await audit.append({
    ...callerOf(request, doorSecret),
    action: "task.upload",
    object: task.taskId,
    method: "PUT",
    path: request.path,
    status,
    message: `${path}: ${size} bytes`,
    changes: [],
  });
  return json({ path, size }, status);
}

function pathOf({ query }: HttpRequest): string {
  const path = query.get("path");
  if (path === null || path === "" || path.includes("\0"))
    throw new CodedError<ErrorCode>("InvalidRequest", "the parameter path is missing");
  return path;
}
