/**
 * What an agent answers below `/keelson/v1` that is no JSON document: output as it is written, files, terminals,
 * connections. Through the door: `/agent/{agentId}/keelson/v1/…`.
 *
 * `{taskId}` is percent-encoded. A task id that several frameworks or runs of this agent have means its newest run;
 * `container=` (a container id, from `/keelson/v1/evidence`) names one of them. Refusals before a stream begins are
 * ordinary answers: an HTTP status with `{code, message, details?}`. `NotFound` with `details` `{removedAt}` (ms UTC)
 * is a task whose files were here and went with the budget.
 */

/** Paths, to be put behind an agent's address. */
export const agentStreamPaths = {
  /** GET, `text/event-stream`. */
  log: (taskId: string): string => `/keelson/v1/log/${encodeURIComponent(taskId)}`,
  /** GET: one file, or with `as=tar` a folder. PUT: one file. */
  files: (taskId: string): string => `/keelson/v1/files/${encodeURIComponent(taskId)}`,
  /** WebSocket. */
  exec: (taskId: string): string => `/keelson/v1/exec/${encodeURIComponent(taskId)}`,
  /** WebSocket. */
  connect: (taskId: string): string => `/keelson/v1/connect/${encodeURIComponent(taskId)}`,
} as const;

/**
 * Query of `log`. The stream is what is kept of a rotated file (`stdout.2`, `stdout.1`, `stdout`) as one text, oldest
 * first. `offset` counts bytes from its beginning, negative ones from its end; `lines` begins that many lines before
 * the end; neither: from the beginning. `cursor` (or the header Last-Event-ID) goes on where an earlier stream stood,
 * across rotations, and wins over both.
 */
export interface LogQuery {
  /** Path in the sandbox; `stdout` unless said. */
  readonly file?: string;
  readonly offset?: number;
  /** At most 100,000. */
  readonly lines?: number;
  readonly cursor?: string;
  /** true: stays open for what comes, until the task is over. Otherwise ends at the end of what is there. */
  readonly follow?: boolean;
  readonly container?: string;
}

/** Events of `log`, by their `event:` names; `data:` is the JSON below. `id:` of each is the cursor behind it. An empty line every 15 s keeps the stream alive. */
export interface LogEvents {
  /** First, once: which run this is. */
  readonly begin: {
    readonly taskId: string;
    readonly containerId: string;
    readonly file: string;
    /** ms UTC of the run's start, when it is known. */
    readonly startedAt?: number;
  };
  /**
   * A piece, at most 64 KiB; lines may be cut, characters are not. `text` when it is UTF-8, else `base64`. `offset`:
   * of its first byte in its own file.
   */
  readonly output:
    | { readonly offset: number; readonly text: string }
    | { readonly offset: number; readonly base64: string };
  /** The file was full and the next one begins; offsets start at 0 again. Nothing is lost. */
  readonly rotated: Record<string, never>;
  /** What the cursor stood before, or what came between two looks, is no longer kept; goes on with the oldest that is. */
  readonly missed: Record<string, never>;
  /** Last. `atEnd`: everything there was has been sent and `follow` was not asked for. */
  readonly end: {
    readonly cause: "atEnd" | "taskEnded" | "filesRemoved" | "agentEnding";
    /** Of the task, when it is over: TASK_FINISHED and so on. */
    readonly state?: string;
    readonly message?: string;
  };
}

/**
 * Query of `files`. `path` is in the sandbox, absolute or relative to it; no link leads out of it.
 * GET answers the bytes (`Range: bytes=a-b` is honoured); of a folder only with `as=tar`: an uncompressed tar whose
 * names begin with the folder's own. Links are kept as links, sockets and devices are left out.
 * PUT takes the bytes of one file as the body, at most `uploadBytesMax`, with `mode` (octal, 644 unless said); folders on
 * the way are made; it appears whole or not at all and belongs to the task's user. Answers `{path, size}` with 201, or
 * 200 when there was one before. Only while the task runs.
 */
export interface FilesQuery {
  readonly path: string;
  readonly as?: "tar";
  readonly mode?: string;
  readonly container?: string;
}

export const uploadBytesMax = 4_294_967_296;

/**
 * Query of `exec`: `arg=` repeated is the argument vector (none: `/bin/sh`, a login-less shell, with `tty`),
 * `env=NAME=value` repeated is added to the task's own environment. Runs as the task's user, in its sandbox, with its
 * environment and its limits. The whole process tree ends when the client goes.
 */
export interface ExecQuery {
  readonly arg?: readonly string[];
  readonly env?: readonly string[];
  /** A terminal; stdout and stderr are then one. */
  readonly tty?: boolean;
  readonly rows?: number;
  readonly cols?: number;
  readonly container?: string;
}

/** First byte of each binary frame of `exec`. */
export const execChannels = { stdin: 0, stdout: 1, stderr: 2 } as const;

/**
 * Text frames from the client, one JSON object each. Binary frames are `execChannels.stdin` and bytes.
 * `eof` ends the command's input (with a terminal: send the byte 4 instead).
 */
export type ExecClientControl =
  | { readonly resize: { readonly rows: number; readonly cols: number } }
  /** To the command's process group: `SIGINT` and so on. */
  | { readonly signal: string }
  | { readonly eof: true };

/** Text frames from the agent. `started` comes first; `exit` is the last frame before close 1000. */
export type ExecServerControl =
  | { readonly started: { readonly taskId: string; readonly containerId: string; readonly pid: number } }
  | { readonly exit: { readonly code: number } | { readonly signal: string } }
  /** It could not be started: no such command, and so on. Close 1000 follows. */
  | { readonly failed: { readonly message: string } };

/**
 * Query of `connect`: `port` is one the task was given, or one that a process of the task listens on. Binary frames
 * are bytes of one TCP connection, either way; the text frame `{"eof":true}` is the end of one direction. After both,
 * or when the port refuses, close 1000 or 4502 (with the cause).
 */
export interface ConnectQuery {
  readonly port: number;
  readonly container?: string;
}

/** Close codes beyond the protocol's own; the reason is a sentence. */
export const streamCloseCodes = {
  /** A frame that does not belong. */
  invalidFrame: 4400,
  /** The other side could not be reached, or broke off. */
  unreachable: 4502,
  /** The task ended. */
  taskEnded: 4410,
  /** The client does not take what is sent. */
  slow: 4408,
  /** The agent is ending. */
  agentEnding: 1001,
} as const;
