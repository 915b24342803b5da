/** Performs health probes: HTTP requests and TCP connections with a deadline. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { errorMessage } from "#foundation/base/errors.ts";
import type { ProbeRequest } from "../core/index.ts";

export type ProbeResult = { readonly kind: "success" } | { readonly kind: "failure"; readonly cause: string };

/** Always calls `done`, once, at latest shortly after the deadline. */
export function probe(
  { target, timeoutMs, ipProtocol }: ProbeRequest,
  done: (result: ProbeResult) => void,
): void {
  let settled = false;
  const settle = (result: ProbeResult, end: () => void): void => {
    if (settled) return;
    settled = true;
    clearTimeout(deadline);
    end();
    done(result);
  };
  const family = ipProtocol === "IPv6" ? 6 : 4;
  const fail = (cause: string): void => settle({ kind: "failure", cause }, end);
  const deadline = setTimeout(() => fail(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
  let end = (): void => undefined;
  if (target.kind === "tcp") {
    const socket = connect({ host: target.host, port: target.port, family });
    end = () => socket.destroy();
    socket.once("connect", () => settle({ kind: "success" }, end));
    socket.once("error", (error) => fail(errorMessage(error)));
    return;
  }
  const options = {
    host: target.host,
    port: target.port,
    path: target.path,
    family,
    agent: false,
    method: "GET",
  };
  // The contract takes any certificate: what is checked is whether the service answers.
  const request =
    target.scheme === "https"
      ? httpsRequest({ ...options, rejectUnauthorized: false })
      : httpRequest(options);
  end = () => request.destroy();
  request.on("response", (response) => {
    const status = response.statusCode ?? 0;
    const isHealthy =
      (status >= 200 && status < 400) || (target.ignoreHttp1xx && status >= 100 && status < 200);
    settle(isHealthy ? { kind: "success" } : { kind: "failure", cause: `HTTP ${status}` }, end);
  });
  request.on("error", (error) => fail(errorMessage(error)));
  request.end();
}
