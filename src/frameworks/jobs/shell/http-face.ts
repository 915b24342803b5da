/** What Metronome's server does around every route of its own: HEAD where there is GET. Source: Play Framework's router. */
import { type HttpServer, routeThrough } from "#foundation/http/index.ts";

/** The server; our own API below `/keelson/` keeps its manners. */
export const withHttpFace = (server: HttpServer): HttpServer =>
  routeThrough(server, (route) => {
    server.route(route);
    if (route.method === "GET" && !route.path.startsWith("/keelson/"))
      server.route({ ...route, method: "HEAD" });
  });
