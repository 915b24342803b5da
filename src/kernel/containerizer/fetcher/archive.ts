/**
 * Unpacks tar and zip below a folder. Every name is checked, nothing is written through a link, only files,
 * folders and links come out, set-uid bits do not, and size, ratio and number of entries are bounded.
 */
import { spawn } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, link, lstat, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import yauzl from "yauzl";
import { sizeOf } from "./download.ts";
import { makeFolders, safeParts } from "./paths.ts";
import { FetchError, type FetchLimits } from "./request.ts";

export type ArchiveKind = "tar" | "tar.gz" | "tar.bz2" | "tar.xz" | "zip" | "gz";

const suffixes: readonly (readonly [string, ArchiveKind])[] = [
  [".tar.gz", "tar.gz"],
  [".tgz", "tar.gz"],
  [".tar.bz2", "tar.bz2"],
  [".tbz2", "tar.bz2"],
  [".tar.xz", "tar.xz"],
  [".txz", "tar.xz"],
  [".tar", "tar"],
  [".zip", "zip"],
  [".gz", "gz"],
];

/** By suffix alone, as Mesos does. */
export function archiveKind(name: string): ArchiveKind | undefined {
  return suffixes.find(([suffix]) => name.endsWith(suffix))?.[1];
}

/** Counted over all archives of one launch. */
export interface UnpackBudget {
  bytes: number;
  entries: number;
}

/** Throws FetchError; what came out until then stays for the owner to see. */
export async function unpack(
  archive: string,
  into: string,
  limits: FetchLimits,
  budget: UnpackBudget,
): Promise<void> {
  const kind = archiveKind(archive);
  if (kind === undefined) return;
  const writer = new EntryWriter(into, await sizeOf(archive), limits, budget);
  try {
    if (kind === "zip") await unpackZip(archive, writer);
    else if (kind === "gz") {
      const name = archive.slice(archive.lastIndexOf("/") + 1, -".gz".length);
      await writer.file(name, createReadStream(archive).pipe(createGunzip()), 0o644);
    } else await unpackTar(archive, kind, writer);
  } catch (error) {
    throw error instanceof FetchError
      ? error
      : new FetchError(error instanceof Error ? error.message : String(error));
  }
}

class EntryWriter {
  readonly #root: string;
  readonly #packedBytes: number;
  readonly #limits: FetchLimits;
  readonly #budget: UnpackBudget;
  #unpackedBytes = 0;

  constructor(root: string, packedBytes: number, limits: FetchLimits, budget: UnpackBudget) {
    this.#root = root;
    this.#packedBytes = packedBytes;
    this.#limits = limits;
    this.#budget = budget;
  }

  /** Called once per entry of whatever kind. */
  countEntry(): void {
    this.#budget.entries++;
    if (this.#budget.entries > this.#limits.entriesMax) {
      throw new FetchError(`more than ${this.#limits.entriesMax} entries`);
    }
  }

  async folder(name: string): Promise<void> {
    await makeFolders(this.#root, safeParts(name, "archive"), "archive");
  }

  /** The path a new entry goes to, with what was there (a file or link, never a folder) taken away. */
  async #place(name: string): Promise<string> {
    const parts = safeParts(name, "archive");
    const last = parts.at(-1);
    if (last === undefined) throw new FetchError(`archive: no name in ${JSON.stringify(name)}`);
    const path = join(await makeFolders(this.#root, parts.slice(0, -1), "archive"), last);
    const found = await lstat(path).catch(() => undefined);
    if (found?.isDirectory()) throw new FetchError(`archive: ${JSON.stringify(name)} is already a folder`);
    if (found !== undefined) await rm(path);
    return path;
  }

  async file(name: string, content: Readable, mode: number): Promise<void> {
    content.on("error", () => undefined); // told by pipeline; an early end must not be unhandled
    const path = await this.#place(name);
    await pipeline(content, this.#counter(), createWriteStream(path, { flags: "wx" }));
    await chmod(path, (mode & 0o777) | 0o600);
  }

  #counter(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#unpackedBytes += chunk.length;
        this.#budget.bytes += chunk.length;
        done(this.#tooBig(), chunk);
      },
    });
  }

  #tooBig(): FetchError | null {
    const limits = this.#limits;
    if (this.#budget.bytes > limits.unpackedBytesMax) {
      return new FetchError(`unpacks to more than ${limits.unpackedBytesMax} bytes`);
    }
    const ratio = this.#unpackedBytes / Math.max(1, this.#packedBytes);
    if (this.#unpackedBytes > limits.unpackedFreeBytes && ratio > limits.unpackedRatioMax) {
      return new FetchError(`unpacks to more than ${limits.unpackedRatioMax} times its size`);
    }
    return null;
  }

  /** May point anywhere: it gives the task nothing it could not open itself, and nothing is written through it. */
  async symlink(name: string, target: string): Promise<void> {
    if (target === "" || target.includes("\0"))
      throw new FetchError(`archive: bad link ${JSON.stringify(name)}`);
    await symlink(target, await this.#place(name));
  }

  /** Only to a regular file the archive itself could have brought. */
  async hardLink(name: string, target: string): Promise<void> {
    const parts = safeParts(target, "archive: hard link");
    let path = this.#root;
    for (const [index, part] of parts.entries()) {
      path = join(path, part);
      const found = await lstat(path).catch(() => undefined);
      const fits = index === parts.length - 1 ? found?.isFile() : found?.isDirectory();
      if (fits !== true)
        throw new FetchError(`archive: hard link to ${JSON.stringify(target)}, which is no file of it`);
    }
    if (parts.length === 0) throw new FetchError("archive: hard link to nothing");
    await link(path, await this.#place(name));
  }
}

async function unpackTar(archive: string, kind: ArchiveKind, writer: EntryWriter): Promise<void> {
  const tar = extract();
  const problems: Error[] = [];
  const input = createReadStream(archive);
  const stages =
    kind === "tar.gz"
      ? [createGunzip()]
      : kind === "tar"
        ? []
        : [decompressor(kind === "tar.xz" ? "xz" : "bzip2")];
  const feeding = pipeline([input, ...stages, tar]).catch((error: Error) => {
    problems.unshift(error);
    tar.destroy(error);
  });
  try {
    for await (const entry of tar) {
      await unpackTarEntry(entry.header, Readable.from(entry), writer);
      entry.resume();
    }
  } catch (error) {
    problems.push(error instanceof Error ? error : new Error(String(error)));
    tar.destroy();
    input.destroy();
  }
  await feeding;
  const told = problems.find((problem) => problem instanceof FetchError) ?? problems[0];
  if (told !== undefined) throw told;
}

async function unpackTarEntry(header: Header, content: Readable, writer: EntryWriter): Promise<void> {
  writer.countEntry();
  const mode = header.mode ?? 0o644;
  switch (header.type) {
    case "file":
    case "contiguous-file":
      return writer.file(header.name, content, mode);
    case "directory":
      return writer.folder(header.name);
    case "symlink":
      return writer.symlink(header.name, header.linkname ?? "");
    case "link":
      return writer.hardLink(header.name, header.linkname ?? "");
    default:
      throw new FetchError(
        `archive: ${JSON.stringify(header.name)} is a ${header.type ?? "thing of unknown kind"}`,
      );
  }
}

/** A program of the system turns .bz2 and .xz into plain tar; names are still checked here. */
function decompressor(program: "xz" | "bzip2"): Transform {
  const child = spawn(program, ["-dc"], {
    env: { PATH: "/usr/bin:/bin:/usr/local/bin" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(0, 500);
  });
  child.stdin.on("error", () => undefined); // it ended early; its status says why
  const ended = new Promise<Error | null>((resolve) => {
    child.on("error", () =>
      resolve(
        new FetchError(
          `${program} is not installed (apt-get install ${program === "xz" ? "xz-utils" : program})`,
        ),
      ),
    );
    child.on("close", (code) =>
      resolve(code === 0 ? null : new FetchError(`${program}: ${complaint.trim() || `ended with ${code}`}`)),
    );
  });
  const stage = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (child.stdin.write(chunk) || child.stdin.destroyed) done();
      else {
        const go = (): void => {
          child.stdin.off("drain", go).off("close", go);
          done();
        };
        child.stdin.on("drain", go).on("close", go);
      }
    },
    flush(done) {
      child.stdin.end();
      ended.then(done, done);
    },
    destroy(error, done) {
      child.kill("SIGKILL");
      done(error);
    },
  });
  child.stdout.on("data", (chunk: Buffer) => {
    if (!stage.push(chunk)) {
      child.stdout.pause();
    }
  });
  const read = stage._read.bind(stage);
  stage._read = (size) => {
    child.stdout.resume();
    read(size);
  };
  return stage;
}

const ZIP_UNIX_TYPE = 0o170000;
const ZIP_UNIX_LINK = 0o120000;
const LINK_BYTES_MAX = 4096;

async function unpackZip(archive: string, writer: EntryWriter): Promise<void> {
  const zip = await yauzl.openPromise(archive, { strictFileNames: true, decodeStrings: true });
  try {
    for await (const entry of zip.eachEntry()) {
      writer.countEntry();
      const unix = entry.externalFileAttributes >>> 16;
      if (entry.fileName.endsWith("/")) await writer.folder(entry.fileName);
      else if ((unix & ZIP_UNIX_TYPE) === ZIP_UNIX_LINK) {
        if (entry.uncompressedSize > LINK_BYTES_MAX) throw new FetchError("archive: a link that is too long");
        const chunks: Buffer[] = [];
        for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk);
        await writer.symlink(entry.fileName, Buffer.concat(chunks).toString("utf8"));
      } else if ((unix & ZIP_UNIX_TYPE) !== 0 && (unix & ZIP_UNIX_TYPE) !== 0o100000) {
        throw new FetchError(`archive: ${JSON.stringify(entry.fileName)} is neither file, folder nor link`);
      } else
        await writer.file(entry.fileName, await zip.openReadStreamPromise(entry), unix === 0 ? 0o644 : unix);
    }
  } finally {
    zip.close();
  }
}
