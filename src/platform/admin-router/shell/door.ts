/** What the door does with a request: judge it, then answer it, pass it on, or open a tunnel. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { BroughtAddresses } from "#contracts/brought-parts.ts";
import { assertNever } from "#foundation/base/assert.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import type { Logger } from "#foundation/telemetry/index.ts";
import type { Upstreams } from "../config.ts";
import { isNavigation } from "../core/access.ts";
import { hostOf } from "../core/hosts.ts";
import type { Daemon, Target } from "../core/route-table.ts";
import { isForbiddenOrigin, type Resolution, resolveService } from "../core/services.ts";
import {
  type Admission,
  type AdmissionOptions,
  admit,
  denialOf,
  framingProblem,
  headOf,
  type Refused,
  serviceResource,
  type Who,
} from "./admission.ts";
import type { ClusterTables } from "./cluster-tables.ts";
import type { NamedHosts } from "./named-hosts.ts";
import type { OwnRoutes } from "./own-routes.ts";
import { failurePage, languageOfRequest } from "./pages.ts";
import type { Destination, Passage } from "./passage.ts";
import { reply, replyFailure, replyJson, replyRefused } from "./replies.ts";
import type { Traffic } from "./traffic.ts";
import { refusal } from "./tunnel.ts";

const isScheduler = (daemon: Daemon): boolean => daemon === "services" || daemon === "jobs";

export interface DoorParts {
  readonly admission: AdmissionOptions;
  readonly upstreams: Upstreams;
  readonly parts: BroughtAddresses;
  readonly tables: ClusterTables;
  readonly passage: Passage;
  readonly named: NamedHosts;
  readonly own: OwnRoutes;
  readonly traffic: Traffic;
  readonly log: Logger;
}

/** Where a request is to go, or why it can't. */
type Found =
  | { readonly kind: "destination"; readonly destination: Destination }
  | { readonly kind: "redirect"; readonly location: string; readonly status: number }
  | {
      readonly kind: "failed";
      readonly status: number;
      readonly sentence: "door.noService" | "door.notKnown" | "door.serviceDown";
      readonly name: string;
      readonly message: string;
    };

const singleSegment = /^\/service\/([0-9A-Za-z.-]+)$/;

export class Door {
  readonly #parts: DoorParts;
  /** Connections on which it is not sure where a request ends: nothing more is taken from them. */
  readonly #doubtful = new WeakSet<Duplex>();

  constructor(parts: DoorParts) {
    this.#parts = parts;
  }

  /** `mayContinue`: the client waits for 100 before it sends its body. */
  async request(request: IncomingMessage, response: ServerResponse, mayContinue = false): Promise<void> {
    const { traffic, log, admission } = this.#parts;
    if (this.#doubtful.has(request.socket)) return;
    const framing = framingProblem(request);
    if (framing !== undefined) this.#doubtful.add(request.socket);
    let backend = "door";
    response.once("close", () => traffic.count(backend, response.headersSent ? response.statusCode : 499));
    try {
      if (framing !== undefined) {
        response.setHeader("connection", "close");
        replyRefused(request, response, framing);
        return;
      }
      const admitted = await admit(request, false, admission);
      if (mayContinue && admitted.kind !== "refused") response.writeContinue();
      backend = await this.#answer(request, response, admitted);
    } catch (error) {
      log.error("door.bug", {
        path: request.url?.slice(0, 200),
        error: errorMessage(error),
        stack: error instanceof Error ? error.stack : undefined,
      });
      replyJson(
        request,
        response,
        { code: "Internal", message: "an internal error; the log of the door has the cause" },
        { status: 500 },
      );
    }
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    const { admission, passage, log } = this.#parts;
    try {
      const admitted = framingProblem(request) ?? (await admit(request, true, admission));
      const found = await this.#upgradeDestination(request, admitted);
      if (socket.destroyed) return;
      if ("status" in found) socket.end(refusal(found.status, found.reason));
      else passage.tunnel(request, socket, head, found.destination, found.who);
    } catch (error) {
      log.error("door.bug", { path: request.url?.slice(0, 200), error: errorMessage(error) });
      socket.end(refusal(500, "Internal Server Error"));
    }
  }

  /** Answers what answered, for the counts. */
  async #answer(request: IncomingMessage, response: ServerResponse, admitted: Admission): Promise<string> {
    const { named, own } = this.#parts;
    switch (admitted.kind) {
      case "refused":
        replyRefused(request, response, admitted);
        return "door";
      case "ticket":
        named.redeem(request, response, admitted.host, admitted.query);
        return "door";
      case "fetchTicket":
        named.sendForTicket(request, response, admitted.host, admitted.target);
        return "door";
      case "named":
        return this.#pass(request, response, await this.#namedDestination(admitted), admitted.who);
      case "console":
        break;
      default:
        return assertNever(admitted);
    }
    const { found, query, who } = admitted;
    const { target } = found.rule;
    switch (target.kind) {
      case "redirect":
        reply(request, response, { status: target.status, headers: { location: target.location + query } });
        return "door";
      case "missing":
        replyMissing(request, response, `${target.what}: this part of DC/OS is not there yet`);
        return "door";
      case "part": {
        const passed = this.#partDestination(target, found.path + query);
        if (passed !== undefined) return this.#pass(request, response, passed, who);
        const { what, part } = target;
        replyMissing(
          request,
          response,
          `${what}: this part of DC/OS is not there; bring one with --part ${part}=URL`,
        );
        return "door";
      }
      case "nothing":
        replyFailure(request, response, 404, {
          code: "NotFound",
          message: `nothing is at ${found.path.slice(0, 200)}`,
        });
        return "door";
      case "files":
        await own.file(request, response, found.path, query);
        return "files";
      case "own":
        await own.answer(target.name, request, response, query, who);
        return target.name;
      default: {
        const passed = await this.#consoleDestination(request, admitted);
        const judged = await this.#judgeService(admitted, passed);
        if (judged.kind === "may") return this.#pass(request, response, passed, judged.who);
        replyRefused(request, response, judged);
        return "door";
      }
    }
  }

  /** Who goes on to a service: judged by the service's own permission, by that of all services when there is none. */
  async #judgeService(
    { found: { rule }, who }: Admission & { kind: "console" },
    found: Found,
  ): Promise<{ readonly kind: "may"; readonly who: Who | undefined } | Refused> {
    if (rule.target.kind !== "service" || who === undefined || found.kind === "redirect")
      return { kind: "may", who };
    const name = found.kind === "destination" ? found.destination.service : undefined;
    const resource = name === undefined ? who.resource : serviceResource(name);
    const denial = await denialOf(this.#parts.admission.tokens, who.uid, resource);
    return denial ?? { kind: "may", who: { ...who, resource } };
  }

  #pass(request: IncomingMessage, response: ServerResponse, found: Found, who: Who | undefined): string {
    switch (found.kind) {
      case "destination":
        this.#parts.passage.pass(request, response, found.destination, who);
        return found.destination.backend;
      case "redirect":
        reply(request, response, { status: found.status, headers: { location: found.location } });
        return "door";
      case "failed":
        replyFailure(request, response, found.status, {
          code: found.status === 404 ? "NotFound" : "Unreachable",
          message: found.message,
          page: failurePage(languageOfRequest(request), found.sentence, found.name),
        });
        return "door";
      default:
        return assertNever(found);
    }
  }

  async #upgradeDestination(
    request: IncomingMessage,
    admitted: Admission,
  ): Promise<
    | { readonly status: number; readonly reason: string }
    | { readonly destination: Destination; readonly who: Who | undefined }
  > {
    if (admitted.kind === "refused") return { status: admitted.status, reason: admitted.code };
    if (admitted.kind !== "console" && admitted.kind !== "named")
      return { status: 400, reason: "Bad Request" };
    const found =
      admitted.kind === "named"
        ? await this.#namedDestination(admitted)
        : await this.#consoleDestination(request, admitted);
    const judged =
      admitted.kind === "named"
        ? ({ kind: "may", who: admitted.who } as const)
        : await this.#judgeService(admitted, found);
    if (judged.kind === "refused") return { status: judged.status, reason: judged.code };
    if (found.kind === "destination") return { destination: found.destination, who: judged.who };
    return found.kind === "failed"
      ? { status: found.status, reason: "Not Available" }
      : { status: 400, reason: "Bad Request" };
  }

  async #consoleDestination(
    request: IncomingMessage,
    { found, query }: Admission & { kind: "console" },
  ): Promise<Found> {
    const { target } = found.rule;
    const { upstreams } = this.#parts;
    if (target.kind === "daemon") {
      return destination({
        backend: target.daemon,
        origin: upstreams[target.daemon],
        path: found.path + query,
        isTrusted: true,
        prefix: isScheduler(target.daemon) ? (target.strip ?? "") : undefined,
      });
    }
    if (target.kind === "part") {
      const passed = this.#partDestination(target, found.path + query);
      if (passed !== undefined) return passed;
    }
    if (target.kind === "agent") return this.#agentDestination(found.path, query);
    if (target.kind === "service") return this.#serviceDestination(request, found.path, query);
    return failed(404, "door.noService", found.path, "nothing can be passed on here");
  }

  /** Undefined while nobody brought it. */
  #partDestination(
    { part, strip }: Extract<Target, { readonly kind: "part" }>,
    path: string,
  ): Found | undefined {
    const origin = this.#parts.parts[part];
    if (origin === undefined) return undefined;
    return destination({
      backend: "part",
      part,
      origin,
      path,
      isTrusted: false,
      isSandboxed: true,
      prefix: strip,
    });
  }

  async #agentDestination(path: string, query: string): Promise<Found> {
    const [, , id = ""] = path.split("/", 3);
    const rest = path.split("/").slice(3).join("/");
    const address = await this.#parts.tables.agent(id);
    if (address === undefined)
      return failed(503, "door.notKnown", id, "the list of agents can't be had from the kernel now");
    if (address === "unknown")
      return failed(404, "door.noService", id, `there is no agent ${id.slice(0, 200)}`);
    return destination({
      backend: "agent",
      origin: `http://${address}`,
      path: `/${rest}${query}`,
      isTrusted: true,
      prefix: undefined,
      agentId: id,
    });
  }

  async #serviceDestination(request: IncomingMessage, path: string, query: string): Promise<Found> {
    const single = singleSegment.exec(path)?.[1];
    if (single !== undefined)
      return { kind: "redirect", status: 301, location: `/service/${single}/${query}` };
    const below = path.slice("/service/".length);
    const resolved = await this.#resolve(below);
    if (resolved.kind === "unusable")
      return failed(503, "door.notKnown", below, `${resolved.what} can't be had now; try again in a moment`);
    if (resolved.kind === "none")
      return failed(404, "door.noService", below, `no service is found at /service/${below.slice(0, 200)}`);
    const prefix = `/service/${resolved.name}`;
    if (resolved.kind === "framework")
      return this.#untrusted(resolved.origin, `${resolved.base}${resolved.rest}${query}`, resolved.name);
    const { entry, rest } = resolved;
    if (entry.origin === undefined) return notRunning(prefix);
    const host = hostOf(entry.appId);
    // A browser is sent to the service's own address, where its pages can do what pages do.
    if (!entry.isTrusted && entry.rewrites && host !== undefined && isBrowserAtLocalhost(request))
      return {
        kind: "redirect",
        status: 302,
        location: `http://${host}${portOf(request)}${rest}${query}`,
      };
    if (entry.isTrusted && !isForbiddenOrigin(entry.origin))
      return destination({
        backend: "service",
        origin: entry.origin,
        path: (entry.rewrites ? rest : path) + query,
        isTrusted: false,
        givesToken: true,
        prefix,
        service: resolved.name,
      });
    return this.#untrusted(entry.origin, (entry.rewrites ? rest : path) + query, resolved.name);
  }

  /** A framework without an address of its own is looked up among services; see the ADR on empty web addresses. */
  async #resolve(below: string): Promise<Exclude<Resolution, { readonly kind: "byName" }>> {
    const { tables } = this.#parts;
    const [services, frameworks] = [await tables.services(), await tables.frameworks()];
    let resolved = resolveService(below, services, frameworks);
    while (resolved.kind === "byName") {
      const { name, rest, serviceId, parts } = resolved;
      try {
        const origin = (await tables.named(serviceId))?.origin;
        if (origin !== undefined) return { kind: "framework", name, rest, origin, base: "" };
      } catch {
        return { kind: "unusable", what: "where this framework runs" };
      }
      resolved = resolveService(below, services, frameworks, parts);
    }
    return resolved;
  }

  async #namedDestination({
    serviceId,
    path,
    query,
    ownAuthorization,
  }: Admission & { kind: "named" }): Promise<Found> {
    const name = serviceId.slice(0, 200);
    let entry: Awaited<ReturnType<ClusterTables["named"]>>;
    try {
      entry = await this.#parts.tables.named(serviceId);
    } catch {
      return failed(503, "door.notKnown", name, "services do not answer now; try again in a moment");
    }
    if (entry !== undefined && entry.origin === undefined) return notRunning(name);
    if (entry?.origin === undefined || isForbiddenOrigin(entry.origin))
      return failed(404, "door.noService", name, `no service ${name} runs with a port`);
    return destination({
      backend: "service",
      origin: entry.origin,
      path: path + query,
      isTrusted: false,
      givesToken: entry.isTrusted,
      prefix: "",
      isNamed: true,
      ...(ownAuthorization === undefined ? {} : { ownAuthorization }),
    });
  }

  #untrusted(origin: string, path: string, service: string): Found {
    const prefix = `/service/${service}`;
    if (isForbiddenOrigin(origin))
      return failed(404, "door.noService", prefix, "the address of this service is not one that is asked");
    return destination({
      backend: "service",
      origin,
      path,
      isTrusted: false,
      isSandboxed: true,
      prefix,
      service,
    });
  }
}

const destination = (destination: Destination): Found => ({ kind: "destination", destination });

const failed = (
  status: number,
  sentence: "door.noService" | "door.notKnown" | "door.serviceDown",
  name: string,
  message: string,
): Found => ({ kind: "failed", status, sentence, name, message });

const notRunning = (name: string): Found =>
  failed(502, "door.serviceDown", name, `${name} does not answer: no task of it runs now`);

function replyMissing(request: IncomingMessage, response: ServerResponse, message: string): void {
  replyJson(request, response, { code: "NotAvailable", message }, { status: 501 });
}

function isBrowserAtLocalhost(request: IncomingMessage): boolean {
  const head = headOf(request);
  return (
    isNavigation(head) &&
    head.authorization === undefined &&
    /^(?:localhost|127\.|\[::1\]|console\.localhost)/i.test(request.headers.host ?? "")
  );
}

const portOf = ({ headers }: IncomingMessage): string => /:\d{1,5}$/.exec(headers.host ?? "")?.[0] ?? "";
