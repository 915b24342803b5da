/** `GET /keelson/v1/log/{taskId}`: output as it is written, as server-sent events (contracts/kernel/agent-streams.ts). */
import { existsSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { isAbsolute, join } from "node:path";
import type { ErrorCode } from "#contracts/errors.ts";
import type { LogEvents } from "#contracts/kernel/agent-streams.ts";
import { CodedError } from "#foundation/base/errors.ts";
import {
  type Answer,
  encodeEvent,
  eventHeartbeat,
  type HttpRequest,
  takeOver,
} from "#foundation/http/index.ts";
import type { AgentView } from "../core/view.ts";
import { type FoundTask, findTask } from "./find-task.ts";
import { type FollowOptions, followFile, parseCursor } from "./log-follower.ts";
import type { AgentPermissions } from "./permissions.ts";
import { RotatedFile } from "./rotated-file.ts";
import type { RunEnds } from "./run-ends.ts";

export interface LogRouteOptions {
  readonly permissions: AgentPermissions;
  readonly view: () => AgentView;
  readonly ends: RunEnds;
  /** Aborted when the agent ends. */
  readonly ending: AbortSignal;
}

/** Streams of one agent; one more is refused. */
const streamsMax = 512;
const linesMax = 100_000;
const idleMs = 15_000;

export function logHandler(options: LogRouteOptions): (request: HttpRequest) => Promise<Answer> {
  let streams = 0;
  return async (request) => {
    const { query, params } = request;
    const task = findTask(options.view(), params["taskId"] ?? "", {
      container: query.get("container") ?? undefined,
      needs: "files",
    });
    options.permissions.demandFramework(request.principal, "access_sandboxes", task.frameworkId);
    const name = query.get("file") ?? "stdout";
    const path = isAbsolute(name) ? name : join(task.directory, name);
    const file = new RotatedFile(task.directory, path);
    await demandFile(file, name, task);
    if (streams >= streamsMax)
      throw new CodedError<ErrorCode>(
        "TooManyRequests",
        `this agent has ${streamsMax} log streams open; close some`,
      );
    const gone = new AbortController();
    const follow: FollowOptions = {
      file,
      from: startOf(request),
      follow: query.get("follow") === "true" || query.get("follow") === "",
      ended: () => (options.ending.aborted ? { cause: "agentEnding" } : endOf(options.view(), task)),
      onMayHaveEnded: (listener) => {
        const stop = options.ends.on(task.containerId, listener);
        options.ending.addEventListener("abort", listener);
        return () => {
          stop();
          options.ending.removeEventListener("abort", listener);
        };
      },
      signal: gone.signal,
      idleMs,
    };
    return takeOver((response) => {
      streams += 1;
      response.on("close", () => {
        streams -= 1;
        gone.abort();
      });
      void stream(response, task, name, follow);
    });
  };
}

/** A task's own streams appear when it starts; any other file must be there. */
async function demandFile(file: RotatedFile, name: string, task: FoundTask): Promise<void> {
  const newest = await file.newest();
  if (newest === undefined) {
    const isStream = name === "stdout" || name === "stderr";
    if (isStream && (!task.isEnded || existsSync(task.directory))) return;
    if (isStream)
      throw new CodedError<ErrorCode>(
        "NotFound",
        `the files of task ${task.taskId} are gone, and not by this agent`,
      );
    throw new CodedError<ErrorCode>("NotFound", `task ${task.taskId} has no file ${name.slice(0, 300)}`);
  }
  await newest.opened.handle.close();
  if (newest.opened.kind === "folder")
    throw new CodedError<ErrorCode>("InvalidRequest", `${name} is a folder; only files have output`);
}

function startOf({ query, headers }: HttpRequest): FollowOptions["from"] {
  const lastEvent = headers["last-event-id"];
  const cursor = query.get("cursor") ?? (typeof lastEvent === "string" ? lastEvent : undefined);
  if (cursor !== undefined && cursor !== "") {
    const place = parseCursor(cursor);
    if (place === undefined)
      throw new CodedError<ErrorCode>("InvalidRequest", `cursor: ${cursor.slice(0, 50)} is none of ours`);
    return { kind: "cursor", place };
  }
  const lines = wholeNumber(query, "lines");
  if (lines !== undefined) {
    if (lines < 0 || lines > linesMax)
      throw new CodedError<ErrorCode>("InvalidRequest", `lines: must be between 0 and ${linesMax}`);
    return lines === 0 ? { kind: "offset", offset: Number.MAX_SAFE_INTEGER } : { kind: "lines", lines };
  }
  return { kind: "offset", offset: wholeNumber(query, "offset") ?? 0 };
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const given = query.get(name);
  if (given === null || given === "") return undefined;
  if (!/^-?\d{1,15}$/.test(given))
    throw new CodedError<ErrorCode>("InvalidRequest", `${name}: ${given.slice(0, 50)} is not a whole number`);
  return Number(given);
}

function endOf(view: AgentView, { containerId, taskId }: FoundTask): LogEvents["end"] | undefined {
  const record = view.endings.get(containerId);
  if (record === undefined) {
    const lives = [...view.frameworks.values()].some(({ runs, executors }) =>
      [...runs, ...executors].some(({ spec }) => spec.containerId === containerId),
    );
    // Its record was forgotten together with its files.
    return lives ? undefined : { cause: "filesRemoved", message: `nothing is left of task ${taskId}` };
  }
  if (record.filesRemovedAt !== undefined) return { cause: "filesRemoved" };
  const { state, message } = record.ending ?? {};
  return {
    cause: "taskEnded",
    ...(state === undefined ? {} : { state }),
    ...(message === undefined ? {} : { message }),
  };
}

async function stream(
  response: ServerResponse,
  task: FoundTask,
  file: string,
  follow: FollowOptions,
): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.socket?.setNoDelay(true);
  response.socket?.setTimeout(0);
  const begin: LogEvents["begin"] = {
    taskId: task.taskId,
    containerId: task.containerId,
    file,
    ...(task.startedAt === undefined ? {} : { startedAt: task.startedAt }),
  };
  response.write(encodeEvent({ event: "begin", data: JSON.stringify(begin) }));
  try {
    for await (const event of followFile(follow)) {
      const frame =
        event === "idle"
          ? eventHeartbeat
          : encodeEvent({ event: event.event, data: JSON.stringify(event.data), id: event.cursor });
      // A slow reader slows the reading: nothing is held for it.
      if (!response.write(frame)) await drained(response, follow.signal);
    }
    response.end();
  } catch {
    // The head is out: a stream that breaks off is all that can still be said.
    response.destroy();
  }
}

/** Resolves when it takes more, or nobody waits for it any more. */
export function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      response.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    response.once("drain", done);
    signal.addEventListener("abort", done, { once: true });
  });
}
