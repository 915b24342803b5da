import type { HttpServer } from "./server.ts";

/** The server, whose routes pass through `route` on their way: it may change them, wrap their handlers or add others. */
export const routeThrough = (server: HttpServer, route: HttpServer["route"]): HttpServer => ({
  upgrade: (path, protocol, handler, access) => server.upgrade(path, protocol, handler, access),
  listen: () => server.listen(),
  close: () => server.close(),
  route,
});
