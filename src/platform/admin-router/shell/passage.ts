/** The way through: what is passed on of a request and its answer, for each kind of destination. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { BroughtPart } from "#contracts/brought-parts.ts";
import { anonymousUser } from "#contracts/identity.ts";
import { callerOf } from "#foundation/http/index.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import { doorLimits } from "../config.ts";
import { auditedCall } from "../core/audited-call.ts";
import { answerHeaders, headerList, requestHeaders } from "../core/headers.ts";
import { rewrittenLocation } from "../core/location.ts";
import type { Daemon } from "../core/route-table.ts";
import type { Who } from "./admission.ts";
import type { AuditTrail } from "./audit-trail.ts";
import type { Failed, Forwarder } from "./forward.ts";
import type { OpenWorks } from "./open-work.ts";
import { failurePage, languageOfRequest } from "./pages.ts";
import { replyFailure } from "./replies.ts";
import { tunnel } from "./tunnel.ts";

export interface Destination {
  /** One of a few names, for counts and the audit trail. */
  readonly backend: Daemon | "agent" | "service" | "part";
  readonly part?: BroughtPart;
  /** `http://host:port` */
  readonly origin: string;
  /** With its query. */
  readonly path: string;
  /** A daemon of ours: it is told who asks. What tasks serve never is. */
  readonly isTrusted: boolean;
  /** A service whose label asked for the visitor's token. */
  readonly givesToken?: boolean;
  /** Its pages get an origin of nobody: they can't act as the console. */
  readonly isSandboxed?: boolean;
  /** At a named host: the whole address is the service's. */
  readonly isNamed?: boolean;
  /** A header that was no token of ours, at a named host. */
  readonly ownAuthorization?: string;
  /** Where it is at the door; Location headers are rewritten below it. Undefined: left alone. */
  readonly prefix: string | undefined;
  readonly agentId?: string;
  /** A service's plain path, whose own permission is wanted. */
  readonly service?: string;
}

export interface PassageOptions {
  readonly forwarder: Forwarder;
  readonly works: OpenWorks;
  readonly trail: AuditTrail;
  readonly doorSecret: string;
  readonly log: Logger;
}

/** A page in it may run and open things, but is nobody: no cookie, no storage, no call to the console's address. */
const sandbox = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts";

export class Passage {
  readonly #options: PassageOptions;

  constructor(options: PassageOptions) {
    this.#options = options;
  }

  pass(
    request: IncomingMessage,
    response: ServerResponse,
    destination: Destination,
    who: Who | undefined,
  ): void {
    const { forwarder, works, log } = this.#options;
    const method = request.method ?? "GET";
    const { origin, path, backend, prefix } = destination;
    const isStream = opensStream(request, destination);
    if (isStream && who !== undefined) {
      const over = works.add({ ...who, end: () => response.destroy() });
      response.once("close", over);
    }
    const isTask = backend === "service";
    const ownHosts = [request.headers.host ?? "", origin.slice(origin.indexOf("//") + 2)];
    forwarder.forward(request, response, {
      origin,
      path,
      method,
      headers: this.#headers(request, destination, who),
      kind: isStream ? "stream" : "call",
      bodyBytesMax: isTask ? doorLimits.serviceBodyBytes : doorLimits.bodyBytes,
      answer: (_status, headers) =>
        answerHeaders(headers, {
          from: (isTask && destination.givesToken !== true) || backend === "part" ? "task" : "daemon",
          location:
            prefix === undefined ? undefined : (given) => rewrittenLocation(given, { prefix, ownHosts }),
          policy: destination.isSandboxed === true ? sandbox : undefined,
        }),
      ...this.#audit(request, destination, who),
      onFailed: (failure) => {
        log.warn("door.upstreamFailed", { origin, ...failure });
        replyUpstreamFailed(request, response, destination, failure);
      },
    });
  }

  tunnel(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    destination: Destination,
    who: Who | undefined,
  ): void {
    const { works } = this.#options;
    const passed = this.#headers(request, destination, who);
    let over: () => void = () => undefined;
    const end = tunnel(request, socket, head, {
      origin: destination.origin,
      path: destination.path,
      headers: [...passed, "connection", "Upgrade", "upgrade", request.headers.upgrade ?? ""],
      onStatus: (status) =>
        this.#tell(request, destination, who, { method: "UPGRADE", status, bodyStart: "" }),
      onEnd: () => over(),
    });
    if (who !== undefined) over = works.add({ ...who, end });
  }

  #headers(request: IncomingMessage, destination: Destination, who: Who | undefined): string[] {
    const { isTrusted, givesToken, ownAuthorization, agentId } = destination;
    return requestHeaders(headerList(request.rawHeaders), {
      clientAddress: clientAddress(request),
      protocol: "http",
      host: request.headers.host ?? "",
      authorization: isTrusted || givesToken === true ? who?.authorization : ownAuthorization,
      identity: isTrusted ? { user: who?.uid ?? "", secret: this.#options.doorSecret } : undefined,
      dropAcceptEncoding: agentId !== undefined,
    });
  }

  /** Kernel and agents keep no trail of their own: what changes something there is told by the door. */
  #audit(
    request: IncomingMessage,
    destination: Destination,
    who: Who | undefined,
  ): { readonly onBodyStart?: (piece: Buffer) => void; readonly onStatus?: (status: number) => void } {
    const method = request.method ?? "GET";
    const { backend } = destination;
    if ((backend !== "kernel" && backend !== "agent") || method === "GET" || method === "HEAD") return {};
    let bodyStart = "";
    return {
      onBodyStart: (piece) => {
        bodyStart = piece.subarray(0, doorLimits.auditedBodyBytes).toString("utf8");
      },
      onStatus: (status) => this.#tell(request, destination, who, { method, status, bodyStart }),
    };
  }

  #tell(
    request: IncomingMessage,
    { backend, path, agentId }: Destination,
    who: Who | undefined,
    {
      method,
      status,
      bodyStart,
    }: { readonly method: string; readonly status: number; readonly bodyStart: string },
  ): void {
    if (backend !== "kernel" && backend !== "agent") return;
    const plainPath = path.split("?", 1)[0] ?? "";
    const query = path.slice(plainPath.length + 1);
    const call = auditedCall({ method, path: plainPath, query, bodyStart, agentId: agentId ?? "" });
    if (call === undefined) return;
    const { trail, doorSecret } = this.#options;
    // Whoever has the door's secret beside the token, as on the cluster's own machine, is believed about the name.
    const said = callerOf(
      { headers: request.headers, remoteAddress: clientAddress(request) },
      doorSecret,
    ).user;
    trail.tell(
      {
        ...call,
        user: said === anonymousUser ? (who?.uid ?? "") : said,
        from: clientAddress(request),
        method: method === "UPGRADE" ? "GET" : method,
        path: plainPath,
        status,
        changes: [],
      },
      backend,
    );
  }
}

/** Whether it may stay open for as long as somebody likes: it then gets a connection that no call waits for. */
function opensStream({ method, headers }: IncomingMessage, { backend, path }: Destination): boolean {
  if (backend === "service" || backend === "agent") return true;
  if (/\btext\/event-stream\b/.test(headers.accept ?? "")) return true;
  return method === "POST" && /\/api\/v1(?:\/|\?|$)/.test(path);
}

export const clientAddress = ({ socket }: IncomingMessage): string => socket.remoteAddress ?? "";

function replyUpstreamFailed(
  request: IncomingMessage,
  response: ServerResponse,
  { backend, part, prefix, path }: Destination,
  failure: Failed,
): void {
  const name = backend === "service" ? prefix || (request.headers.host ?? "") : (part ?? backend);
  if (failure.kind === "tooLarge")
    return replyFailure(request, response, 413, {
      code: "BodyTooLarge",
      message: "the body is larger than what may go to this address",
    });
  const isLate = failure.kind === "late";
  return replyFailure(request, response, isLate ? 504 : 502, {
    code: isLate ? "Timeout" : "Unreachable",
    message: `${name} does not answer${backend === "service" ? "" : ` (${path.slice(0, 100)})`}`,
    page: failurePage(languageOfRequest(request), "door.serviceDown", name),
  });
}
