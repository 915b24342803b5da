/** `keelson cp`: files and folders between this machine and the sandbox of a task. */
import { createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { download, upload } from "#clients/client/agent-files.ts";
import { uploadBytesMax } from "#contracts/kernel/agent-streams.ts";
import { CodedError, errorMessage } from "#foundation/base/errors.ts";
import type { Input } from "../command-line/input.ts";
import { UsageError } from "../command-line/parse.ts";
import { CommandFailed, type Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type FoundTask, findTaskOrService } from "../find-task.ts";
import { bytes } from "../output/table.ts";
import { extractTar } from "../tar.ts";
import { ByteProgress } from "../terminal/byte-progress.ts";

/** Files of one folder; more are surely a mistake. */
const filesMax = 10_000;

export async function cp(context: Context, input: Input): Promise<void> {
  const from = sideOf(input.word(0));
  const to = sideOf(input.word(1));
  if ((from.task === undefined) === (to.task === undefined))
    throw new UsageError("cp.oneSide", {}, input.path);
  // Bringing a file into a task changes it; fetching one does not.
  if (to.task !== undefined && (context.choice.isReadOnly || input.isOn("read-only")))
    throw new CommandFailed(
      context.say("cli.readOnly", { command: "cp", context: context.choice.name }),
      exitCodes.refused,
    );
  const name = from.task ?? to.task ?? "";
  const task = await findTaskOrService(context, name);
  const copied =
    from.task === undefined
      ? await put(context, task, from.path, to.path)
      : await fetchFrom(context, task, from.path, to.path);
  await context.result({
    text: context.say("cp.done", { files: copied.files, size: bytes(copied.bytes) }),
    data: { task: task.id, ...copied },
    name: to.path,
  });
}

interface Side {
  readonly task: string | undefined;
  readonly path: string;
}

/** `web:logs/x` is in a task; `./a:b`, `/a:b` and what has no colon are here. */
function sideOf(given: string): Side {
  const colon = given.indexOf(":");
  // A service may be written with a leading slash: only `./`, `../` and files that are there are surely local.
  if (colon < 1 || /^\.\.?\//.test(given) || (given.startsWith("/") && existsSync(given)))
    return { task: undefined, path: given };
  return { task: given.slice(0, colon), path: given.slice(colon + 1) };
}

interface Copied {
  readonly files: number;
  readonly bytes: number;
}

async function fetchFrom(context: Context, task: FoundTask, path: string, to: string): Promise<Copied> {
  const target = isFolder(to) ? join(to, basename(path) || task.id) : to;
  try {
    return await fetchFile(context, task, path, target);
  } catch (error) {
    // A folder can't be had as a file: the agent says so, and it is fetched as an archive.
    if (!(error instanceof CodedError) || error.code === "NotFound") throw error;
    return await fetchFolder(context, task, path, to, error);
  }
}

async function fetchFile(context: Context, task: FoundTask, path: string, target: string): Promise<Copied> {
  const { body, size } = await download(context.connection, task, { path });
  const progress = new ByteProgress(context, basename(target), size);
  const partial = `${target}.${process.pid}.part`;
  try {
    body.on("data", (piece: Buffer) => progress.add(piece.length));
    await pipeline(body, createWriteStream(partial, { flags: "wx" }));
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { force: true });
    if (error instanceof CodedError) throw error;
    throw new CommandFailed(context.say("cp.failed", { path: target, problem: errorMessage(error) }));
  } finally {
    progress.end();
  }
  return { files: 1, bytes: progress.bytes };
}

async function fetchFolder(
  context: Context,
  task: FoundTask,
  path: string,
  to: string,
  refusal: CodedError,
): Promise<Copied> {
  const { body, size } = await download(context.connection, task, { path, as: "tar" }).catch(() => {
    throw refusal;
  });
  const progress = new ByteProgress(context, basename(path) || task.id, size);
  body.on("data", (piece: Buffer) => progress.add(piece.length));
  // As `cp -r` does: into a folder that is there, or as the folder that is named.
  const rename = isFolder(to) ? undefined : basename(to);
  const folder = isFolder(to) ? to : dirname(to);
  try {
    return await extractTar(body, folder, { rename, filesMax });
  } catch (error) {
    throw new CommandFailed(context.say("cp.failed", { path: to, problem: errorMessage(error) }));
  } finally {
    progress.end();
  }
}

async function put(context: Context, task: FoundTask, from: string, to: string): Promise<Copied> {
  const files = localFiles(context, from);
  let sum = 0;
  for (const file of files) {
    const size = statSync(file.path).size;
    if (size > uploadBytesMax)
      throw new CommandFailed(context.say("cp.tooLarge", { path: file.path, max: bytes(uploadBytesMax) }));
    const path = remotePath(from, to, file.inside);
    const progress = new ByteProgress(context, file.inside || basename(from), size);
    const mode = (statSync(file.path).mode & 0o777).toString(8);
    try {
      await upload(
        context.connection,
        task,
        { path, mode },
        { path: file.path, onBytes: (n) => progress.add(n) },
      );
    } finally {
      progress.end();
    }
    sum += size;
  }
  return { files: files.length, bytes: sum };
}

/** `cp a web:` is `a` there; `cp a web:b/` is `b/a`; a folder goes as its name, or as the name given. */
function remotePath(from: string, to: string, inside: string): string {
  const base = to === "" || to.endsWith("/") ? join(to, basename(from)) : to;
  return inside === "" ? base : join(base, inside);
}

interface LocalFile {
  readonly path: string;
  /** Below the folder that is copied; `""` for a single file. */
  readonly inside: string;
}

function localFiles(context: Context, from: string): readonly LocalFile[] {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(from).isDirectory();
  } catch (error) {
    throw new CommandFailed(
      context.say("file.unreadable", { path: from, problem: errorMessage(error) }),
      exitCodes.notFound,
    );
  }
  if (!isDirectory) return [{ path: from, inside: "" }];
  const files = readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, inside: relative(from, path).split(sep).join("/") }));
  if (files.length > filesMax)
    throw new CommandFailed(context.say("cp.tooMany", { path: from, max: filesMax }));
  return files;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return path.endsWith("/") && mkdirSync(path, { recursive: true }) !== "";
  }
}
