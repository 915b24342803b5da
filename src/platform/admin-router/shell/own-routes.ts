/** What the door answers itself: the console's files, login links, events, audit, and a few facts. */
import { existsSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { assertNever } from "#foundation/base/assert.ts";
import type { HttpClient } from "#foundation/http/index.ts";
import type { OwnRoute } from "../core/route-table.ts";
import type { Who } from "./admission.ts";
import type { AuditTrail } from "./audit-trail.ts";
import type { EventHub } from "./event-hub.ts";
import type { Files } from "./files.ts";
import type { MergedLogs } from "./merged-logs.ts";
import type { NamedHosts } from "./named-hosts.ts";
import type { OpenWorks } from "./open-work.ts";
import { badLinkPage, languageOfRequest, notBuiltPage } from "./pages.ts";
import { clientAddress } from "./passage.ts";
import { noCache, reply, replyFailure, replyJson, replyPage } from "./replies.ts";
import type { Traffic } from "./traffic.ts";

export interface OwnRoutesOptions {
  readonly files: Files;
  readonly hub: EventHub;
  readonly trail: AuditTrail;
  readonly named: NamedHosts;
  readonly logs: MergedLogs;
  readonly works: OpenWorks;
  readonly traffic: Traffic;
  readonly client: HttpClient;
  readonly iamUrl: string;
  readonly headersFor: (user: string, from: string) => Readonly<Record<string, string>>;
  readonly clusterIdFile: string | undefined;
  readonly connections: () => Promise<number>;
}

/** What clients of DC/OS compare with; ours beside it. Source: contract platform.md section 0. */
const versionDocument = {
  version: "2.2.0",
  "dcos-variant": "open",
  "dcos-image-commit": "",
  "bootstrap-id": "",
  "keelson-version": "0.1.0",
};
/** What clients ask for before they use it; packages and logs of components are not there. Source: contract packages.md section 3. */
const capabilities = {
  type: "application/vnd.dcos.capabilities+json;charset=utf-8;version=v1",
  document: { capabilities: [{ name: "METRONOME" }] },
};
const iamTimeoutMs = 10_000;
const pageLimitMax = 1_000;

export class OwnRoutes {
  readonly #options: OwnRoutesOptions;

  constructor(options: OwnRoutesOptions) {
    this.#options = options;
  }

  async file(request: IncomingMessage, response: ServerResponse, path: string, query: string): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD")
      return replyJson(
        request,
        response,
        { code: "MethodNotAllowed", message: `${request.method} is not possible here; GET and HEAD are` },
        { status: 405, headers: { allow: "GET, HEAD" } },
      );
    const login = path === "/" ? new URLSearchParams(query.slice(1)).get("login") : null;
    if (login !== null) return this.#logIn(request, response, login);
    const { files } = this.#options;
    if (await files.serve(request, response, path)) return;
    if (path === "/" && !files.isBuilt)
      return replyPage(request, response, 200, notBuiltPage(languageOfRequest(request)));
    return replyFailure(request, response, 404, {
      code: "NotFound",
      message: `nothing is at ${path.slice(0, 200)}`,
    });
  }

  async answer(
    name: OwnRoute,
    request: IncomingMessage,
    response: ServerResponse,
    query: string,
    who: Who | undefined,
  ): Promise<void> {
    const allowed = name === "logs" ? ["POST"] : ["GET", "HEAD"];
    if (!allowed.includes(request.method ?? ""))
      return replyJson(
        request,
        response,
        { code: "MethodNotAllowed", message: `${request.method} is not possible here; ${allowed[0]} is` },
        { status: 405, headers: { allow: allowed.join(", ") } },
      );
    switch (name) {
      case "login":
        return reply(request, response, {
          status: 302,
          headers: { location: `/${query}#/login`, ...noCache },
        });
      case "version":
        return replyJson(request, response, versionDocument);
      case "metadata":
        return replyJson(request, response, this.#metadata(request));
      case "capabilities":
        return replyJson(request, response, capabilities.document, {
          headers: { "content-type": capabilities.type },
        });
      case "status":
        return reply(request, response, {
          status: 200,
          headers: { "content-type": "text/html; charset=utf-8", ...noCache },
          body: this.#options.traffic.html(await this.#open()),
        });
      case "metrics":
        return reply(request, response, {
          status: 200,
          headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", ...noCache },
          body: this.#options.traffic.prometheus(await this.#open()),
        });
      case "events":
        return this.#events(request, response, query, who);
      case "logs":
        return this.#options.logs.serve(request, response, who);
      case "audit":
        return this.#audit(request, response, query, who);
      case "serviceLogin":
        if (who !== undefined) this.#options.named.makeTicket(request, response, query, who);
        return undefined;
      default:
        return assertNever(name);
    }
  }

  async #logIn(request: IncomingMessage, response: ServerResponse, token: string): Promise<void> {
    const { client, iamUrl, headersFor } = this.#options;
    const answer = await client.send(
      {
        method: "POST",
        url: `${iamUrl}/acs/api/v1/internal/login-link`,
        headers: {
          ...headersFor("", clientAddress(request)),
          "content-type": "application/json",
        },
        body: JSON.stringify({ token }),
      },
      iamTimeoutMs,
    );
    const cookies = answer.headers["set-cookie"];
    if (answer.status !== 200 || cookies === undefined)
      return replyPage(request, response, 401, badLinkPage(languageOfRequest(request)));
    return reply(request, response, {
      status: 303,
      headers: { location: "/", "set-cookie": [cookies].flat(), ...noCache },
    });
  }

  #metadata({ socket }: IncomingMessage): object {
    const { clusterIdFile } = this.#options;
    const id =
      clusterIdFile !== undefined && existsSync(clusterIdFile)
        ? readFileSync(clusterIdFile, "utf8").trim()
        : "";
    return { PUBLIC_IPV4: socket.localAddress ?? "", ...(id === "" ? {} : { CLUSTER_ID: id }) };
  }

  async #open(): Promise<{ readonly connections: number; readonly streams: number }> {
    const { connections, works, hub } = this.#options;
    return { connections: await connections(), streams: works.size + hub.readers };
  }

  #events(request: IncomingMessage, response: ServerResponse, query: string, who: Who | undefined): void {
    if (request.method === "HEAD") return reply(request, response, { status: 200 });
    const end = this.#options.hub.read(request, response, new URLSearchParams(query.slice(1)));
    if (end === undefined)
      return replyJson(
        request,
        response,
        { code: "Overloaded", message: "too many readers of events; try again later" },
        { status: 503 },
      );
    if (who !== undefined) response.once("close", this.#options.works.add({ ...who, end }));
    return undefined;
  }

  async #audit(
    request: IncomingMessage,
    response: ServerResponse,
    query: string,
    who: Who | undefined,
  ): Promise<void> {
    const asked = new URLSearchParams(query.slice(1));
    for (const [name, max] of [
      ["offset", Number.MAX_SAFE_INTEGER],
      ["limit", pageLimitMax],
    ] as const) {
      const value = asked.get(name);
      if (value === null || (/^\d{1,15}$/.test(value) && Number(value) <= max)) continue;
      return replyJson(
        request,
        response,
        { code: "Invalid", message: `${name} is a whole number of at most ${max}` },
        { status: 422 },
      );
    }
    return replyJson(request, response, await this.#options.trail.list(asked, who?.uid ?? ""));
  }
}
