/** How a browser gets a session at a named host: over the console's address, by a ticket, and back. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { sessionCookie } from "../core/headers.ts";
import { calledBy } from "../core/hosts.ts";
import { readPath } from "../core/paths.ts";
import type { Who } from "./admission.ts";
import { ticketPath } from "./admission.ts";
import { badLinkPage, languageOfRequest } from "./pages.ts";
import { noCache, reply, replyFailure, replyPage } from "./replies.ts";
import type { Sessions } from "./sessions.ts";

const serviceLoginPath = "/keelson/service-login";

export class NamedHosts {
  readonly #sessions: Sessions;
  readonly #now: () => number;

  constructor(sessions: Sessions, now: () => number) {
    this.#sessions = sessions;
    this.#now = now;
  }

  /** To the console's address, where the browser may be logged in. */
  sendForTicket(request: IncomingMessage, response: ServerResponse, host: string, target: string): void {
    const query = new URLSearchParams({ host, path: target });
    const location = `http://localhost${portOf(request)}${serviceLoginPath}?${query}`;
    reply(request, response, { status: 302, headers: { location, ...noCache } });
  }

  /** At the console's address: a ticket for somebody who is logged in. */
  makeTicket(request: IncomingMessage, response: ServerResponse, query: string, who: Who): void {
    const asked = new URLSearchParams(query.slice(1));
    const called = calledBy(asked.get("host") ?? "", []);
    const path = asked.get("path") ?? "/";
    if (called.kind !== "service" || readPath(path).kind === "refused" || path.startsWith("//"))
      return replyFailure(request, response, 400, {
        code: "InvalidRequest",
        message: "host is wanted, the name of a service such as shop.localhost, and path, a path there",
      });
    const ticket = this.#sessions.ticket(who.uid, called.host, who.expiresAt);
    // Always this door's own port: a ticket goes to nobody else.
    const location = `http://${called.host}${portOf(request)}${ticketPath}?${new URLSearchParams({ ticket, path })}`;
    return reply(request, response, { status: 302, headers: { location, ...noCache } });
  }

  /** At the named host: the ticket becomes a cookie of that host alone. */
  redeem(request: IncomingMessage, response: ServerResponse, host: string, query: URLSearchParams): void {
    const redeemed = this.#sessions.redeem(query.get("ticket") ?? "", host);
    if (redeemed === undefined)
      return replyPage(request, response, 401, badLinkPage(languageOfRequest(request)));
    const path = query.get("path") ?? "/";
    const isPlain = readPath(path).kind === "path" && !path.startsWith("//");
    const seconds = Math.max(1, Math.floor((redeemed.expiresAt - this.#now()) / 1000));
    return reply(request, response, {
      status: 303,
      headers: {
        location: isPlain ? path : "/",
        "set-cookie": `${sessionCookie}=${redeemed.cookie}; HttpOnly; SameSite=Lax; Path=/; Max-Age=${seconds}`,
        ...noCache,
      },
    });
  }
}

const portOf = ({ headers }: IncomingMessage): string => /:\d{1,5}$/.exec(headers.host ?? "")?.[0] ?? "";
