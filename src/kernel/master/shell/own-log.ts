/** The master's own log as the files API has it: one file at `/master/log`. Source: contract mesos.md section 3.5. */
import { open, stat } from "node:fs/promises";
import type { ErrorCode } from "#contracts/errors.ts";
import { CodedError } from "#foundation/base/errors.ts";

/** Source: Mesos files API, 16 pages a read. */
const readBytesMax = 65_536;
const folder = "/master";
const logPath = `${folder}/log`;

export interface FileFacts {
  readonly path: string;
  readonly nlink: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export class OwnLog {
  readonly #file: string | undefined;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** Virtual path to real one. */
  get attached(): Readonly<Record<string, string>> {
    return this.#file === undefined ? {} : { [logPath]: this.#file };
  }

  /** Throws CodedError `NotFound`, and `InvalidRequest` for the log itself, which is no folder. */
  async list(path: string): Promise<readonly FileFacts[]> {
    const asked = path.replace(/(?<!\/)\/+$/, "");
    if (asked === logPath) throw invalid(`${asked} is a file; read it instead`);
    if (asked !== folder || this.#file === undefined) throw notFound(path);
    const { nlink, size, mtimeMs, mode, uid, gid } = await stat(this.#file);
    return [{ path: logPath, nlink, size, mtimeMs, mode, uid, gid }];
  }

  async size(path: string): Promise<number> {
    return (await stat(this.#of(path))).size;
  }

  /** At most 64 KiB from `offset`, fewer at the end of the file. */
  async read(path: string, offset: number, length: number | undefined): Promise<Buffer> {
    const file = await open(this.#of(path));
    try {
      const wanted = Math.min(length ?? readBytesMax, readBytesMax);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  /** All that was there when it was asked for. */
  async *whole(path: string): AsyncGenerator<Buffer> {
    const end = await this.size(path);
    for (let at = 0; at < end; ) {
      const piece = await this.read(path, at, end - at);
      if (piece.length === 0) return;
      at += piece.length;
      yield piece;
    }
  }

  #of(path: string): string {
    if (path === folder) throw invalid(`${path} is a folder; list it instead`);
    if (path !== logPath || this.#file === undefined) throw notFound(path);
    return this.#file;
  }
}

const notFound = (path: string): Error => new CodedError<ErrorCode>("NotFound", `there is no ${path}`);
const invalid = (message: string): Error => new CodedError<ErrorCode>("InvalidRequest", message);
