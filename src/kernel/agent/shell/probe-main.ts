/**
 * Asks one thing of a port and prints what came of it, as a process of its own: it is started in the network namespace of
 * a task. It needs nothing but Node, and ends when whoever started it kills it.
 */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";

const redirectsMax = 10;
const [given = "{}"] = process.argv.slice(2);
// Written by `namespaced-probe.ts` alone.
const probe = JSON.parse(given) as {
  readonly kind: "http" | "tcp";
  readonly host: string;
  readonly port: number;
  readonly scheme?: string;
  readonly path?: string;
};

function tell(result: unknown): void {
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}

function askHttp(url: URL, redirects: number): void {
  const ask = url.protocol === "https:" ? httpsRequest : httpRequest;
  const headers = { "user-agent": "keelson-health-check", accept: "*/*", connection: "close" };
  // Certificates of a task's own port say nothing about the task.
  const request = ask(
    url,
    { method: "GET", headers, agent: false, rejectUnauthorized: false },
    (response) => {
      const status = response.statusCode ?? 0;
      const { location } = response.headers;
      response.destroy();
      const next = location === undefined ? undefined : URL.parse(location, url.href);
      const follows = status >= 300 && status < 400 && redirects < redirectsMax;
      if (follows && (next?.protocol === "http:" || next?.protocol === "https:"))
        askHttp(next, redirects + 1);
      else tell({ kind: "http", status });
    },
  );
  request.once("error", (error) => tell({ kind: "failed", message: error.message }));
  request.end();
}

if (probe.kind === "tcp") {
  const socket = connect({ host: probe.host, port: probe.port });
  socket.once("connect", () => tell({ kind: "tcp", connected: true }));
  socket.once("error", () => tell({ kind: "tcp", connected: false }));
} else {
  const host = probe.host.includes(":") ? `[${probe.host}]` : probe.host;
  askHttp(new URL(`${probe.scheme}://${host}:${probe.port}${probe.path}`), 0);
}
