/** Answers of the door itself. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorCode } from "#contracts/errors.ts";
import { type Head, wantsJson } from "../core/access.ts";
import { headOf, type Refused } from "./admission.ts";
import { deniedPage, languageOfRequest, loginPage, type Page } from "./pages.ts";

export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** Source: contract platform.md section 1.7. */
export const noCache = {
  "cache-control": "no-cache, no-store, must-revalidate",
  pragma: "no-cache",
  expires: "0",
} as const;

const always = { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" } as const;
/** How long the rest of a body that nobody wants is read, so that its sender gets to see the answer. */
const lingerMs = 1_000;

export interface Reply {
  readonly status: number;
  readonly headers?: Headers;
  readonly body?: string;
}

export function reply(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers = {}, body = "" }: Reply,
): void {
  if (response.headersSent || response.destroyed) return;
  const hasMore =
    !request.complete &&
    (request.headers["transfer-encoding"] !== undefined ||
      Number(request.headers["content-length"] ?? 0) > 0);
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    ...always,
    ...Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
    ),
    ...(status === 204 || status === 304 ? {} : { "content-length": String(bytes.length) }),
    ...(hasMore ? { connection: "close" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
  if (!hasMore) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), lingerMs);
  request.once("close", () => clearTimeout(timer));
}

export const replyJson = (
  request: IncomingMessage,
  response: ServerResponse,
  value: unknown,
  { status = 200, headers = {} }: { readonly status?: number; readonly headers?: Headers } = {},
): void =>
  reply(request, response, {
    status,
    headers: { "content-type": "application/json", ...noCache, ...headers },
    body: `${JSON.stringify(value)}\n`,
  });

export function replyPage(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  { body, policy }: Page,
  headers: Headers = {},
): void {
  reply(request, response, {
    status,
    headers: {
      "content-type": "text/html; charset=UTF-8",
      "content-security-policy": policy,
      "x-frame-options": "DENY",
      ...noCache,
      ...headers,
    },
    body,
  });
}

/** A failure, for programs; `page` is what people see instead. */
export function replyFailure(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  { code, message, page }: { readonly code: ErrorCode; readonly message: string; readonly page?: Page },
): void {
  const head: Head = headOf(request);
  if (page !== undefined && /\btext\/html\b/.test(head.accept ?? ""))
    return replyPage(request, response, status, page);
  return replyJson(request, response, { code, message }, { status });
}

/** Source: contract platform.md section 1.6, failure and not permitted. */
export function replyRefused(
  request: IncomingMessage,
  response: ServerResponse,
  { status, code, message }: Refused,
): void {
  const challenge = status === 401 ? { "www-authenticate": "oauthjwt" } : {};
  if (wantsJson(headOf(request)) || (status !== 401 && status !== 403) || code === "ForeignOrigin")
    return replyJson(request, response, { code, message }, { status, headers: challenge });
  const language = languageOfRequest(request);
  return replyPage(
    request,
    response,
    status,
    status === 401 ? loginPage(language) : deniedPage(language),
    challenge,
  );
}
