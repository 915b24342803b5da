/**
 * What Marathon's server does around every route of its own: HEAD where there is GET, OPTIONS, JSON bodies only.
 * Source: contract marathon.md section 1.
 */
import {
  empty,
  type HttpRequest,
  type HttpServer,
  type PlainAnswer,
  type Route,
  routeThrough,
  text,
} from "#foundation/http/index.ts";
import { failure } from "./answers.ts";

/** Streams have no head without a body. */
const endless = new Set(["/v2/events"]);

/** The server; our own API below `/keelson/` keeps its manners. */
export function withHttpFace(server: HttpServer): HttpServer {
  const methods = new Map<string, Set<string>>();
  const add = (route: Route): void => {
    const { method, path } = route;
    const known = methods.get(path);
    const all = known ?? new Set<string>();
    for (const each of typeof method === "string" ? [method] : method) all.add(each);
    server.route({ ...route, handler: jsonOnly(route.handler) });
    if (known !== undefined) return;
    methods.set(path, all);
    server.route({
      method: "OPTIONS",
      path,
      access: "read",
      handler: () => empty(200, { allow: [...all, "OPTIONS"].join(", ") }),
    });
  };
  add({
    method: "GET",
    path: "/",
    handler: () => ({ ...empty(302), headers: { location: "/ui/" } }),
  });
  for (const path of ["/ui", "/help", "/api-console"])
    add({ method: "GET", path, handler: () => endpointPage(methods) });
  return routeThrough(server, (route) => {
    if (route.path.startsWith("/keelson/")) return server.route(route);
    add(route);
    if (route.method === "GET" && !endless.has(route.path)) add({ ...route, method: "HEAD" });
  });
}

/** What there is here, for who comes with a browser. */
function endpointPage(methods: ReadonlyMap<string, ReadonlySet<string>>): PlainAnswer {
  const lines = [...methods]
    .filter(([path]) => path.startsWith("/v2") || ["/ping", "/metrics", "/logging", "/config"].includes(path))
    .map(([path, all]) => `<li><code>${path}</code> ${[...all].join(", ")}</li>`);
  const page = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Services</title>
<h1>Services</h1>
<p>The console of this cluster is at its door: <code>keelson open</code>. Here is Marathon's API:</p>
<ul>
${lines.join("\n")}
</ul>
</html>
`;
  return text(page, 200, { "content-type": "text/html; charset=utf-8" });
}

/** Without a type a body is taken for JSON, as the original does. */
function jsonOnly(handler: Route["handler"]): Route["handler"] {
  return (request) => {
    const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
    if (request.body.length === 0 || type === undefined || isJson(type)) return handler(request);
    return failure(415, `a body of the type ${type.slice(0, 100)} is not taken here; send application/json`);
  };
}

const isJson = (type: string): boolean => type === "application/json" || /^[^/]+\/[^/]+\+json$/.test(type);

/** Marathon 1.11 has taken away the form with tabs. */
export const noTextOfTasks = "tasks are told in JSON: accept application/json";

/** Whether the client takes JSON at all. */
export function acceptsJson({ headers }: Pick<HttpRequest, "headers">): boolean {
  const accepted = (headers.accept ?? "*/*").split(",").map((each) => each.split(";", 1)[0]?.trim() ?? "");
  return accepted.some((each) => ["*/*", "application/*", "application/json", ""].includes(each));
}
