/** `/files/*`: sandboxes and the agent's log for people and tools. Source: contract mesos.md sections 2.8 and 3.5. */
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { basename, extname, join, normalize } from "node:path";
import type { ErrorCode } from "#contracts/errors.ts";
import { CodedError } from "#foundation/base/errors.ts";
import { fileModeText } from "#foundation/base/file-mode.ts";
import { type Answer, type HttpRequest, json, type Principal, parts } from "#foundation/http/index.ts";
import type { AgentView } from "../core/view.ts";
import { entryPath, type OpenedFile, openInside } from "./sandbox-files.ts";
import { wholeCharacters } from "./utf8.ts";
import { type Place, pathInVolume } from "./volume-paths.ts";

export interface FilesOptions {
  readonly workDir: string;
  readonly agentId: () => string | undefined;
  readonly logFile: string | undefined;
  readonly view: () => AgentView;
  /** Virtual paths and what they stand for, for `/files/debug`. */
  readonly attached: () => Readonly<Record<string, string>>;
  /** Throws `Forbidden` for who may not look at a path. */
  readonly demand: (principal: Principal, path: string) => void;
}

/** 16 pages, as Mesos answers at most. */
const readBytesMax = 65_536;
const entriesMax = 10_000;
const downloadPieceBytes = 65_536;
export const logPath = "/slave/log";

export interface FilesHandlers {
  readonly browse: (request: HttpRequest) => Promise<Answer>;
  readonly read: (request: HttpRequest) => Promise<Answer>;
  readonly download: (request: HttpRequest) => Promise<Answer>;
  readonly debug: () => Answer;
}

export function filesHandlers(options: FilesOptions): FilesHandlers {
  return {
    browse: async (request) => {
      const asked = pathOf(request);
      options.demand(request.principal, normalize(asked));
      return withFile(options, asked, async (opened) => {
        if (opened.kind === "file") throw invalid(`${asked} is a file; read it instead`);
        return json(await listFolder(opened.handle, asked));
      });
    },
    read: async (request) => {
      const asked = pathOf(request);
      options.demand(request.principal, normalize(asked));
      const offset = numberOf(request, "offset");
      const length = numberOf(request, "length");
      return withFile(options, asked, async (opened) => {
        if (opened.kind === "folder") throw invalid(`${asked} is a folder; browse it instead`);
        return json(await readPart(opened, offset, length));
      });
    },
    download: async (request) => {
      const asked = pathOf(request);
      options.demand(request.principal, normalize(asked));
      const opened = await openVirtual(options, asked);
      if (opened.kind === "folder") {
        await opened.handle.close();
        throw invalid(`${asked} is a folder; only files can be downloaded`);
      }
      return parts(pieces(opened, { from: 0, to: opened.size }), downloadHeaders(asked));
    },
    debug: () => json(options.attached()),
  };
}

async function withFile<Result>(
  options: FilesOptions,
  asked: string,
  use: (opened: OpenedFile) => Promise<Result>,
): Promise<Result> {
  const opened = await openVirtual(options, asked);
  try {
    return await use(opened);
  } finally {
    await opened.handle.close();
  }
}

async function openVirtual(options: FilesOptions, asked: string): Promise<OpenedFile> {
  if (asked === logPath && options.logFile !== undefined) {
    const handle = await open(options.logFile, constants.O_RDONLY);
    return { handle, kind: "file", size: (await handle.stat()).size };
  }
  const found = locate(options, asked);
  if (found === undefined) throw new CodedError<ErrorCode>("NotFound", `there is no ${asked}`);
  return openInside(found.root, found.path, found.isHosts === true ? "everybody" : "agent");
}

/** A run's folder is the root that nothing may lead out of; `latest` in its place is our own link. */
function locate(options: FilesOptions, asked: string): Place | undefined {
  const path = normalize(asked);
  const standalone = join(options.workDir, "containers");
  const [id = "", ...below] = path.startsWith(`${standalone}/`)
    ? path.slice(standalone.length + 1).split("/")
    : [];
  if (options.view().standalones.has(id))
    return { root: join(standalone, id), path: join(standalone, id, ...below) };
  const slaves = join(options.workDir, "slaves");
  const agentId = options.agentId();
  const real = path.startsWith("/frameworks/")
    ? agentId === undefined
      ? undefined
      : join(slaves, agentId, path)
    : path;
  if (real === undefined || !real.startsWith(`${slaves}/`)) return undefined;
  // <agent>/frameworks/<framework>/executors/<executor>/runs/<run>[/...]
  const segments = real
    .slice(slaves.length + 1)
    .split("/")
    .filter((part) => part !== "");
  const [, frameworks, , executors, , runs, run] = segments;
  if (frameworks !== "frameworks" || executors !== "executors" || runs !== "runs" || run === undefined)
    return undefined;
  const root = join(slaves, ...segments.slice(0, 7));
  const rest = segments.slice(7);
  return pathInVolume(options.view(), root, rest) ?? { root, path: join(root, ...rest) };
}

/** Entries of a folder by their virtual paths. Throws CodedError as the routes do. */
export function listEntries(
  options: FilesOptions,
  asked: string,
): Promise<readonly { readonly path: string; readonly stat: Stats }[]> {
  return withFile(options, asked, (opened) => {
    if (opened.kind === "file") throw invalid(`${asked} is a file; read it instead`);
    return entriesOf(opened.handle, asked);
  });
}

/** At most 64 KiB from `offset`, and the size of the whole. */
export function readBytes(
  options: FilesOptions,
  {
    path,
    offset,
    length,
  }: { readonly path: string; readonly offset: number; readonly length: number | undefined },
): Promise<{ readonly size: number; readonly bytes: Buffer }> {
  return withFile(options, path, async (opened) => {
    if (opened.kind === "folder") throw invalid(`${path} is a folder; list it instead`);
    const wanted = Math.min(length ?? readBytesMax, readBytesMax, Math.max(0, opened.size - offset));
    const buffer = Buffer.alloc(Math.max(0, wanted));
    const { bytesRead } = await opened.handle.read(buffer, 0, buffer.length, offset);
    return { size: opened.size, bytes: buffer.subarray(0, bytesRead) };
  });
}

async function listFolder(folder: FileHandle, asked: string): Promise<readonly object[]> {
  return (await entriesOf(folder, asked)).map(({ path, stat }) => ({
    path,
    nlink: stat.nlink,
    size: stat.size,
    mtime: Math.floor(stat.mtimeMs / 1000),
    mode: fileModeText(stat.mode),
    uid: stat.uid,
    gid: stat.gid,
  }));
}

async function entriesOf(
  folder: FileHandle,
  asked: string,
): Promise<readonly { readonly path: string; readonly stat: Stats }[]> {
  const names = await readdir(`/proc/self/fd/${folder.fd}`);
  if (names.length > entriesMax)
    throw invalid(`${asked} has ${names.length} entries; at most ${entriesMax} are listed`);
  const prefix = asked.endsWith("/") ? asked : `${asked}/`;
  const entries = await Promise.all(
    names.sort().map(async (name) => {
      const stat = await lstat(entryPath(folder, name)).catch(() => undefined);
      return stat === undefined ? [] : [{ path: `${prefix}${name}`, stat }];
    }),
  );
  return entries.flat();
}

async function readPart(
  { handle, size }: OpenedFile,
  offset: number,
  length: number,
): Promise<{ readonly data: string; readonly offset: number }> {
  if (offset === -1) return { data: "", offset: size };
  const wanted = Math.min(length === -1 ? readBytesMax : length, readBytesMax);
  const buffer = Buffer.alloc(Math.max(0, Math.min(wanted, size - offset)));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
  // Clients count bytes of what they got; a piece of one character must not keep them where they are.
  const whole = offset + bytesRead >= size ? bytesRead : wholeCharacters(buffer, bytesRead) || bytesRead;
  return { data: buffer.toString("utf8", 0, whole), offset };
}

/** Bytes of an open file, which is closed afterwards. */
export async function* pieces(
  { handle }: OpenedFile,
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<Buffer> {
  try {
    for (let at = from; at < to; ) {
      const buffer = Buffer.alloc(Math.min(downloadPieceBytes, to - at));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw new Error("the file became shorter while it was read");
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

const contentTypes: Readonly<Record<string, string>> = {
  ".txt": "text/plain",
  ".log": "text/plain",
  ".json": "application/json",
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".xml": "application/xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".gif": "image/gif",
  ".gz": "application/gzip",
  ".zip": "application/zip",
};

/** An attachment, never a page: it comes from a task. */
export function downloadHeaders(asked: string): Readonly<Record<string, string>> {
  const name = encodeURIComponent(basename(asked).toWellFormed());
  return {
    "content-type": contentTypes[extname(asked)] ?? "application/octet-stream",
    "content-disposition": `attachment; filename*=UTF-8''${name}`,
    "x-content-type-options": "nosniff",
  };
}

function pathOf({ query }: HttpRequest): string {
  const path = query.get("path");
  if (path === null || path === "") throw invalid("the parameter path is missing");
  if (path.includes("\u0000")) throw invalid("the parameter path has a character that no path has");
  return path.startsWith("/") ? path : `/${path}`;
}

function numberOf({ query }: HttpRequest, name: "offset" | "length"): number {
  const given = query.get(name);
  if (given === null || given === "") return -1;
  const value = Number(given);
  if (!Number.isSafeInteger(value) || value < -1)
    throw invalid(`${name} is ${given}; it must be a whole number of at least -1`);
  return value;
}

function invalid(message: string): CodedError<ErrorCode> {
  return new CodedError<ErrorCode>("InvalidRequest", message);
}
