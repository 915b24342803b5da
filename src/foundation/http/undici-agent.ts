/**
 * undici's agent and its request, without the rest. The package's index also loads fetch, caches, mocks, WebSockets
 * and more, which nothing here uses and which stays in each process: 12 MiB (docs/adr/0054).
 */
import type { Dispatcher } from "undici";
import requestThrough from "undici/lib/api/api-request.js";
import Agent from "undici/lib/dispatcher/agent.js";

export { Agent };

export type RequestOptions = Omit<Dispatcher.RequestOptions, "origin" | "path">;

/** One request through an agent; its body is read by the caller. */
export function requestVia(
  agent: Dispatcher,
  url: string,
  options: RequestOptions,
): Promise<Dispatcher.ResponseData> {
  const { origin, pathname, search } = new URL(url);
  return requestThrough.call(agent, { ...options, origin, path: pathname + search });
}
