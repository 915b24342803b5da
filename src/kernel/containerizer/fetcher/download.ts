/** Gets one address into one file. http, https, file and bare paths. */
import { createReadStream, createWriteStream } from "node:fs";
import { constants, open, stat } from "node:fs/promises";
import { get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";
import { isAbsolute } from "node:path";
import { type Readable, Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { FetchError, type FetchLimits } from "./request.ts";

/** What is left of the launch's bytes; shared by all its downloads. */
export interface ByteBudget {
  left: number;
}

/** Returns the bytes written. `to` must not exist: nothing is written through a link. */
export async function download(
  uri: string,
  to: string,
  limits: FetchLimits,
  budget: ByteBudget,
): Promise<number> {
  return copy(await openAddress(uri, limits), createWriteStream(to, exclusively), limits, budget);
}

/** From a file that is open already. */
export async function copyOpen(
  fd: number,
  to: string,
  limits: FetchLimits,
  budget: ByteBudget,
): Promise<number> {
  return copy(createReadStream("", { fd, start: 0 }), createWriteStream(to, exclusively), limits, budget);
}

/** Into a file that is open already; one that says it is too large is not begun. */
export async function downloadInto(fd: number, uri: string, limits: FetchLimits): Promise<number> {
  const budget = { left: limits.downloadBytesMax };
  const source = await openAddress(uri, limits);
  return copy(source, createWriteStream("", { fd }), limits, budget);
}

const exclusively = { flags: "wx", mode: 0o644 } as const;

function openAddress(uri: string, limits: FetchLimits): Promise<Readable> {
  return /^https?:/i.test(uri) ? openUrl(uri, limits) : openLocal(uri);
}

async function copy(
  source: Readable,
  target: Writable,
  limits: FetchLimits,
  budget: ByteBudget,
): Promise<number> {
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const rearm = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      source.destroy(new FetchError(`no byte for ${limits.stallTimeoutMs / 1000} s`));
    }, limits.stallTimeoutMs);
  };
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      rearm();
      bytes += chunk.length;
      budget.left -= chunk.length;
      done(
        budget.left < 0 ? new FetchError(`more than ${limits.downloadBytesMax} bytes in one launch`) : null,
        chunk,
      );
    },
  });
  rearm();
  try {
    await pipeline(source, count, target);
  } finally {
    clearTimeout(timer);
  }
  return bytes;
}

async function openLocal(uri: string): Promise<Readable> {
  let path = uri;
  if (/^file:/i.test(uri)) {
    try {
      path = fileURLToPath(uri);
    } catch {
      throw new FetchError("not a file on this machine");
    }
  } else if (/^[a-z][a-z0-9+.-]*:/i.test(uri)) {
    throw new FetchError(`scheme ${uri.slice(0, uri.indexOf(":"))} is not supported (http, https, file)`);
  }
  if (!isAbsolute(path)) throw new FetchError("a bare path must be absolute (frameworks_home is not set)");
  // Without waiting: a FIFO must not hang the fetch.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: Error) => {
    throw new FetchError(error.message);
  });
  if (!(await handle.stat()).isFile()) {
    await handle.close();
    throw new FetchError("not a regular file");
  }
  return createReadStream("", { fd: handle });
}

async function openUrl(uri: string, limits: FetchLimits): Promise<Readable> {
  let address = uri;
  for (let redirects = 0; redirects <= limits.redirectsMax; redirects++) {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
      throw new FetchError(`cannot follow ${JSON.stringify(address.slice(0, 200))}: only http and https`);
    }
    const response = await request(url, limits);
    const status = response.statusCode ?? 0;
    if (status === 200) return checkLength(response, limits);
    response.destroy();
    const location = response.headers.location;
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
      throw new FetchError(`the server answered ${status}`);
    }
    address = URL.canParse(location, url.href) ? new URL(location, url.href).href : location;
  }
  throw new FetchError(`more than ${limits.redirectsMax} redirects`);
}

/** node:http itself fails a body shorter than its content-length. */
function checkLength(response: IncomingMessage, { downloadBytesMax }: FetchLimits): Readable {
  if (Number(response.headers["content-length"] ?? 0) > downloadBytesMax) {
    response.destroy();
    throw new FetchError(`more than ${downloadBytesMax} bytes in one launch`);
  }
  response.on("aborted", () => response.destroy(new FetchError("the connection broke in the middle")));
  return response;
}

function request(url: URL, limits: FetchLimits): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === "https:";
    const options = { headers: { "user-agent": "keelson-fetcher", "accept-encoding": "identity" } };
    const answered = (response: IncomingMessage): void => {
      clearTimeout(timer);
      resolve(response);
    };
    const call = secure ? getHttps(url.href, options, answered) : getHttp(url.href, options, answered);
    const timer = setTimeout(() => {
      call.destroy(new FetchError(`no answer within ${limits.stallTimeoutMs / 1000} s`));
    }, limits.stallTimeoutMs);
    call.on("error", (error) => {
      clearTimeout(timer);
      reject(error instanceof FetchError ? error : new FetchError(error.message));
    });
  });
}

/** Size of a downloaded file, for the ratio bound. */
export async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size;
}
