/**
 * The HTTP server of every daemon: routes that answer values, the rules for Host and Origin, bounds on headers,
 * bodies and time, and streams.
 */
import type { IncomingMessage, ServerOptions } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { type ErrorCode, errorStatus } from "#contracts/errors.ts";
import { assert } from "#foundation/base/assert.ts";
import { CodedError, errorMessage } from "#foundation/base/errors.ts";
import { type Answer, json, type PlainAnswer } from "./answer.ts";
import { type Access, anonymous, type Guard, GuardRefused, type Principal } from "./guard.ts";
import { HeavyBodies } from "./heavy-bodies.ts";
import { httpLimits } from "./http-limits.ts";
import { checkOrigin } from "./origin-rules.ts";
import { explainRefusedClient, serverTlsOptions, type TlsFiles } from "./tls.ts";
import { writeAnswer, writeLastAnswer } from "./write-answer.ts";

export interface HttpRequest {
  readonly method: string;
  /** Path as it came, without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** Empty when there is none. */
  readonly body: Buffer;
  readonly remoteAddress: string;
  /** Who asks, as the server's guard found out. */
  readonly principal: Principal;
  /** The socket, for handlers that watch for its end. */
  readonly raw: IncomingMessage;
}

export type Handler = (request: HttpRequest) => Answer | Promise<Answer>;

export interface Route {
  readonly method: string | readonly string[];
  /** fastify's syntax: `:name` for one segment, `*` at the end for the rest. */
  readonly path: string;
  readonly handler: Handler;
  readonly bodyBytesMax?: number;
  /** Also takes form bodies, which any web page can send. */
  readonly form?: boolean;
  /** What the guard is asked for. Default: `read` for GET and HEAD, `write` for the rest. */
  readonly access?: Access;
  /** The handler reads the body from `raw` as it comes, with bounds of its own; `body` is empty. */
  readonly streams?: boolean;
}

/** What failed before or in a handler; the server's shaper turns it into an answer of its API. */
export interface Failure {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
  readonly details?: unknown;
}

export interface HttpMetrics {
  requestEnded(route: string, method: string, status: number, seconds: number): void;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly allowedHosts?: readonly string[];
  /** Speaks https, and nothing else. Default: plain HTTP. */
  readonly tls?: TlsFiles;
  /** A client went, or was let go, within the handshake; told at most once a second. */
  readonly onTlsRefused?: (reason: string, remoteAddress: string) => void;
  readonly bodyBytesMax?: number;
  /** `/a/` finds the route of `/a`, as it did on the servers that an API comes from. Default: it is another path. */
  readonly ignoresTrailingSlash?: boolean;
  /** Turns a failure into the API's own shape. Default: `{code, message, details}`. */
  readonly shapeFailure?: (
    failure: Failure,
    request: { readonly method: string; readonly path: string },
  ) => PlainAnswer;
  /** Asked before anything of a request is read, but for its name and its page. Default: everybody is let in. */
  readonly guard?: Guard;
  /** Headers of every answer. */
  readonly commonHeaders?: Readonly<Record<string, string>>;
  readonly metrics?: HttpMetrics;
  /** A handler threw something that is nobody's mistake but ours. */
  readonly onBug?: (error: unknown, request: { readonly method: string; readonly path: string }) => void;
}

export type UpgradeHandler = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  principal: Principal,
) => void;

interface Upgrade {
  readonly protocol: string;
  readonly handler: UpgradeHandler;
  readonly access: Access;
}

export interface HttpServer {
  route(route: Route): void;
  /** Takes `Upgrade` requests of one path and protocol; a path that ends in `/*` is everything below it. */
  upgrade(path: string, protocol: string, handler: UpgradeHandler, access?: Access): void;
  listen(): Promise<{ readonly port: number; readonly url: string }>;
  /** Ends streams and connections and stops listening. */
  close(): Promise<void>;
}

interface RouteConfig {
  readonly form?: boolean;
  readonly streams?: boolean;
  readonly access?: Access | undefined;
  readonly isRoute?: boolean;
}

/** One for all servers of a process, whose heap they share. */
const heavyBodies = new HeavyBodies();
const accessOf = (method: string): Access => (method === "GET" || method === "HEAD" ? "read" : "write");

/** Anybody who reaches the port may fail a handshake: they fill no log. */
const tellRefusedEveryMs = 1_000;

const formTypes = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

export function createHttpServer(options: HttpServerOptions): HttpServer {
  return new FastifyServer(options);
}

class FastifyServer implements HttpServer {
  readonly #options: HttpServerOptions;
  readonly #app: FastifyInstance;
  readonly #upgrades = new Map<string, Upgrade>();
  readonly #principals = new WeakMap<IncomingMessage, Principal>();
  readonly #methods = new Map<string, Set<string>>();
  readonly #sockets = new Set<Socket>();

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const http: ServerOptions = {
      maxHeaderSize: httpLimits.headerBytes,
      headersTimeout: httpLimits.headersTimeoutMs,
      connectionsCheckingInterval: 1_000,
      // What is offered and not taken here is ignored, as HTTP has it: Java's client offers h2c with every request.
      shouldUpgradeCallback: ({ url }) => this.#upgradeOf(pathOf(url)) !== undefined,
    };
    this.#app = Fastify({
      bodyLimit: options.bodyBytesMax ?? httpLimits.bodyBytes,
      // Of whole bodies, but not of streamed ones: counted here, in `admit`.
      requestTimeout: 0,
      keepAliveTimeout: httpLimits.keepAliveTimeoutMs,
      forceCloseConnections: true,
      routerOptions: {
        maxParamLength: 4_096,
        ignoreDuplicateSlashes: false,
        ignoreTrailingSlash: options.ignoresTrailingSlash === true,
      },
      ...(options.tls === undefined ? { http } : { https: { ...http, ...serverTlsOptions(options.tls) } }),
      // These come before any hook: the name and the page are judged first here too.
      frameworkErrors: (error, request, reply) =>
        this.#fail(this.#refusal(request.raw) ?? error, request, reply),
    });
    this.#app.removeAllContentTypeParsers();
    this.#app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    this.#app.addHook("onRequest", (request, _reply, done) => this.#admit(request, done));
    this.#app.setErrorHandler((error, request, reply) => this.#fail(error, request, reply));
    this.#app.setNotFoundHandler((request, reply) => this.#notFound(request, reply));
    const { server } = this.#app;
    server.maxConnections = httpLimits.connections;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    let toldAt = Number.NEGATIVE_INFINITY;
    server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      if (performance.now() - toldAt < tellRefusedEveryMs) return;
      toldAt = performance.now();
      options.onTlsRefused?.(explainRefusedClient(error, socket), socket.remoteAddress ?? "");
    });
  }

  route(route: Route): void {
    if (route.streams !== true) return this.#addRoute(this.#app, route);
    void this.#app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser("*", (_request, _body, done) => done(null));
      this.#addRoute(scope, route);
    });
    return undefined;
  }

  #addRoute(app: FastifyInstance, route: Route): void {
    const { method, path, handler, bodyBytesMax, form, streams, access } = route;
    const methods = typeof method === "string" ? [method] : method;
    this.#methods.set(path, new Set([...(this.#methods.get(path) ?? []), ...methods]));
    app.route({
      method: [...methods],
      url: path,
      exposeHeadRoute: false,
      ...(bodyBytesMax === undefined ? {} : { bodyLimit: bodyBytesMax }),
      config: { form: form === true, streams: streams === true, access, isRoute: true },
      handler: async (request, reply) => {
        const started = performance.now();
        const bytes = Buffer.isBuffer(request.body) ? request.body.length : 0;
        const answer = await heavyBodies.inTurn(bytes, () =>
          handler(toRequest(request, this.#principals.get(request.raw) ?? anonymous)),
        );
        this.#send(reply, request, answer);
        this.#options.metrics?.requestEnded(
          path,
          request.method,
          reply.statusCode,
          (performance.now() - started) / 1000,
        );
        return reply;
      },
    });
  }

  upgrade(path: string, protocol: string, handler: UpgradeHandler, access: Access = "write"): void {
    this.#upgrades.set(path, { protocol, handler, access });
  }

  async listen(): Promise<{ readonly port: number; readonly url: string }> {
    const { host, port } = this.#options;
    await this.#app.listen({ host, port });
    const address = this.#app.server.address();
    assert(typeof address === "object" && address !== null, "a listening server has an address");
    const { port: bound } = address as AddressInfo;
    const scheme = this.#options.tls === undefined ? "http" : "https";
    return { port: bound, url: `${scheme}://${host.includes(":") ? `[${host}]` : host}:${bound}` };
  }

  async close(): Promise<void> {
    const closed = this.#app.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #refusal(request: IncomingMessage): CodedError<ErrorCode> | undefined {
    const refusal = checkOrigin(headOf(request), { allowedHosts: this.#options.allowedHosts ?? [] });
    return refusal === undefined ? undefined : new CodedError<ErrorCode>(refusal.code, refusal.message);
  }

  #admit(request: FastifyRequest, done: (error?: Error) => void): void {
    const refusal = this.#refusal(request.raw);
    if (refusal !== undefined) return done(refusal);
    const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
    const config = request.routeOptions.config as RouteConfig | undefined;
    const takesForms = config?.form === true;
    if (formTypes.includes(type) && type !== "text/plain" && !takesForms) {
      return done(
        new CodedError<ErrorCode>("UnsupportedMediaType", `a form (${type}) is not taken here; send JSON`),
      );
    }
    if (config?.streams !== true) boundBodyTime(request.raw);
    const guard = this.#options.guard;
    if (guard === undefined || config?.isRoute !== true) return done();
    return void this.#ask(guard, request.raw, config.access ?? accessOf(request.method)).then(
      () => done(),
      done,
    );
  }

  async #ask(guard: Guard, request: IncomingMessage, access: Access): Promise<Principal> {
    const verdict = await guard(request, access);
    if (verdict.kind === "refused") throw new GuardRefused(verdict.answer);
    this.#principals.set(request, verdict.principal);
    return verdict.principal;
  }

  #send(reply: FastifyReply, request: FastifyRequest, answer: Answer): void {
    this.#prepare(reply);
    const response = reply.raw;
    if (answer.kind === "taken") answer.take(response, request.raw);
    else writeAnswer(response, request.raw, answer);
  }

  #prepare(reply: FastifyReply): void {
    reply.hijack();
    for (const [name, value] of Object.entries(this.#options.commonHeaders ?? {}))
      reply.raw.setHeader(name, value);
  }

  #fail(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    if (error instanceof GuardRefused) {
      this.#prepare(reply);
      return writeLastAnswer(reply.raw, request.raw, error.answer);
    }
    const failure = failureOf(error);
    const where = { method: request.method, path: pathOf(request.raw.url) };
    if (failure.code === "Internal") this.#options.onBug?.(error, where);
    const answer = this.#shape(failure, where);
    // What is left of a refused body is not read; the connection can't be used again.
    if (
      failure.code === "BodyTooLarge" ||
      failure.code === "ForeignOrigin" ||
      failure.code === "HostNotAllowed"
    ) {
      this.#prepare(reply);
      return writeLastAnswer(reply.raw, request.raw, answer);
    }
    return this.#send(reply, request, answer);
  }

  #shape(failure: Failure, where: { readonly method: string; readonly path: string }): PlainAnswer {
    const shape = this.#options.shapeFailure;
    if (shape !== undefined) return shape(failure, where);
    const { code, message, details, status } = failure;
    return json({ code, message, ...(details === undefined ? {} : { details }) }, status);
  }

  #notFound(request: FastifyRequest, reply: FastifyReply): void {
    const path = pathOf(request.raw.url);
    const allowed = this.#allowedMethods(path);
    const where = { method: request.method, path };
    if (allowed.length === 0) {
      const failure: Failure = {
        code: "NotFound",
        status: 404,
        message: `there is nothing at ${path.slice(0, 300)}`,
      };
      return this.#send(reply, request, this.#shape(failure, where));
    }
    const failure: Failure = {
      code: "MethodNotAllowed",
      status: 405,
      message: `${request.method} is not possible at ${path.slice(0, 300)}; ${allowed.join(", ")} is`,
    };
    const shaped = this.#shape(failure, where);
    return this.#send(reply, request, {
      ...shaped,
      headers: { ...shaped.headers, allow: allowed.join(", ") },
    });
  }

  /** Methods that exist for a path which has no route for the one asked. */
  #allowedMethods(path: string): readonly string[] {
    const methods = new Set([...this.#methods.values()].flatMap((each) => [...each]));
    return [...methods].filter((method) => {
      const found = this.#app.findRoute({ url: path, method } as never) as unknown;
      if (found !== null && found !== undefined) return true;
      return [...this.#methods].some(([pattern, each]) => each.has(method) && matches(pattern, path));
    });
  }

  #upgradeOf(path: string): Upgrade | undefined {
    const below = `${path.slice(0, path.lastIndexOf("/"))}/*`;
    return this.#upgrades.get(path) ?? this.#upgrades.get(below);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const refusal = this.#refusal(request);
    if (refusal !== undefined) return refuseUpgrade(socket, errorStatus[refusal.code], refusal.message);
    const found = this.#upgradeOf(pathOf(request.url));
    if (found === undefined) return refuseUpgrade(socket, 404, "nothing can be upgraded here");
    if (request.headers.upgrade?.toLowerCase() !== found.protocol) {
      return refuseUpgrade(socket, 400, `the protocol here is ${found.protocol}`);
    }
    const guard = this.#options.guard;
    if (guard === undefined) return found.handler(request, socket, head, anonymous);
    return void this.#ask(guard, request, found.access).then(
      (principal) => (socket.destroyed ? undefined : found.handler(request, socket, head, principal)),
      (error: unknown) =>
        error instanceof GuardRefused
          ? refuseUpgrade(socket, error.answer.status, String(error.answer.body), error.answer.headers)
          : refuseUpgrade(socket, 500, "an internal error"),
    );
  }
}

/** A sender that takes longer than this for a whole body is let go. */
function boundBodyTime(request: IncomingMessage): void {
  if (request.headers["content-length"] === undefined && request.headers["transfer-encoding"] === undefined)
    return;
  const timer = setTimeout(() => request.destroy(), httpLimits.requestTimeoutMs);
  timer.unref();
  const clear = (): void => clearTimeout(timer);
  request.once("end", clear);
  request.once("close", clear);
}

function refuseUpgrade(
  socket: Duplex,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = { "content-type": "text/plain" },
): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} Refused\r\n${lines.join("")}Content-Length: ${Buffer.byteLength(message)}\r\nConnection: close\r\n\r\n${message}`,
  );
}

function headOf(request: IncomingMessage): Parameters<typeof checkOrigin>[0] {
  const site = request.headers["sec-fetch-site"];
  return {
    host: request.headers.host,
    origin: request.headers.origin,
    fetchSite: typeof site === "string" ? site : undefined,
  };
}

function toRequest(request: FastifyRequest, principal: Principal): HttpRequest {
  const { raw } = request;
  const url = raw.url ?? "/";
  const at = url.indexOf("?");
  return {
    method: request.method,
    path: at === -1 ? url : url.slice(0, at),
    params: request.params as Readonly<Record<string, string>>,
    query: new URLSearchParams(at === -1 ? "" : url.slice(at + 1)),
    headers: raw.headers,
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    remoteAddress: raw.socket.remoteAddress ?? "",
    principal,
    raw,
  };
}

function pathOf(url: string | undefined): string {
  return (url ?? "/").split("?", 1)[0] ?? "/";
}

/** Whether a route's pattern fits a path: `:name` is one segment, `*` the rest. */
function matches(pattern: string, path: string): boolean {
  const expression = pattern
    .split("/")
    .map((part) =>
      part === "*" ? ".*" : part.startsWith(":") ? "[^/]+" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
    )
    .join("/");
  return new RegExp(`^${expression}$`).test(path);
}

export function failureOf(error: unknown): Failure {
  if (error instanceof CodedError && error.code in errorStatus) {
    const code = error.code as ErrorCode;
    return {
      code,
      status: errorStatus[code],
      message: error.message,
      ...(error.details === undefined ? {} : { details: error.details }),
    };
  }
  const fastifyCode =
    typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  if (fastifyCode === "FST_ERR_CTP_BODY_TOO_LARGE")
    return { code: "BodyTooLarge", status: 413, message: "the body is larger than this server takes" };
  if (fastifyCode === "FST_ERR_CTP_INVALID_CONTENT_LENGTH")
    return { code: "InvalidRequest", status: 400, message: "Content-Length is not the length of the body" };
  if (fastifyCode.startsWith("FST_ERR_CTP"))
    return { code: "UnsupportedMediaType", status: 415, message: errorMessage(error) };
  if (fastifyCode === "FST_ERR_BAD_URL")
    return { code: "InvalidRequest", status: 400, message: "the path is not valid" };
  if (fastifyCode === "FST_ERR_MAX_PARAM_LENGTH")
    return { code: "InvalidRequest", status: 414, message: "a part of the path is too long" };
  if (fastifyCode === "ECONNRESET" && (error as { readonly statusCode?: unknown }).statusCode === 400)
    return { code: "InvalidRequest", status: 400, message: "the connection ended within the body" };
  return {
    code: "Internal",
    status: 500,
    message: "an internal error; the log of this component has the cause",
  };
}
