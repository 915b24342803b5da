/** The console's files, as they were built into `ui/dist`. Source: contract platform.md section 1.1, `/` and `/assets`. */
import { createReadStream, existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join, normalize } from "node:path";
import { pipeline } from "node:stream";
import { createGzip } from "node:zlib";

const types: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  webmanifest: "application/manifest+json",
  woff: "font/woff",
  woff2: "font/woff2",
};
const compressible = /^(?:text\/|application\/(?:json|manifest)|image\/svg)/;
const gzipBytesMin = 1_400;

/** Scripts are files of our own alone; styles are also made by the libraries the console is built with. */
export const consolePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export class Files {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  get isBuilt(): boolean {
    return existsSync(join(this.#root, "index.html"));
  }

  /** Answers a file, and says whether there was one. `path` is one that `readPath` let through. */
  async serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> {
    const name = decoded(path === "/" ? "/index.html" : path);
    if (name === undefined) return false;
    const file = join(this.#root, normalize(name));
    // Dot segments were refused before; this is the fence behind that.
    if (!file.startsWith(`${this.#root}/`) || name.includes("/.")) return false;
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() !== true) return false;
    const type = types[file.slice(file.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    const isCompressible = compressible.test(type) && found.size >= gzipBytesMin;
    const wantsGzip = isCompressible && /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
    const etag = `"${found.size.toString(36)}-${Math.floor(found.mtimeMs).toString(36)}${wantsGzip ? "-gz" : ""}"`;
    const headers: Record<string, string> = {
      "content-type": type,
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "content-security-policy": consolePolicy,
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      // What has a digest in its name never changes; two days are what DC/OS gave it.
      "cache-control": path.startsWith("/assets/") ? "public, max-age=172800, immutable" : "max-age=30",
      etag,
      ...(isCompressible ? { vary: "Accept-Encoding" } : {}),
    };
    if (request.headers["if-none-match"] === etag) {
      response.writeHead(304, headers).end();
      return true;
    }
    send(request, response, file, { headers, size: found.size, wantsGzip });
    return true;
  }
}

interface Sending {
  readonly headers: Readonly<Record<string, string>>;
  readonly size: number;
  readonly wantsGzip: boolean;
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  file: string,
  { headers, size, wantsGzip }: Sending,
): void {
  response.writeHead(200, {
    ...headers,
    ...(wantsGzip ? { "content-encoding": "gzip" } : { "content-length": String(size) }),
  });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  const source = createReadStream(file);
  // A reader that goes away is no failure of ours; the head is out already.
  const done = (): void => undefined;
  if (wantsGzip) pipeline(source, createGzip({ level: 6 }), response, done);
  else pipeline(source, response, done);
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
