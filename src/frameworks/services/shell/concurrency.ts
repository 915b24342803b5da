/** A cap on requests that are served at once. Source: Marathon flag `http_max_concurrent_requests`. */
import { type Answer, type HttpServer, routeThrough } from "#foundation/http/index.ts";
import { message } from "./answers.ts";

/** The server, answering 503 at once to what comes while `max` requests are under way. Streams count until they begin. */
export function capped(server: HttpServer, max: number | undefined): HttpServer {
  if (max === undefined) return server;
  let underWay = 0;
  return routeThrough(server, (route) =>
    server.route({
      ...route,
      handler: async (request): Promise<Answer> => {
        if (underWay >= max)
          return message(`${max} requests are being served, which is the most allowed; try again`, 503);
        underWay += 1;
        try {
          return await route.handler(request);
        } finally {
          underWay -= 1;
        }
      },
    }),
  );
}
