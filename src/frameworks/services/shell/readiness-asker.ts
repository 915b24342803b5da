/** Asks an instance whether it is ready: one GET with a deadline, of whose answer a bounded part is kept. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { errorMessage } from "#foundation/base/errors.ts";
import type { ReadinessAnswer, ReadinessRequest } from "../core/index.ts";

/** Of a body, in bytes; what comes after is not read. */
const bodyMax = 16_384;

/** Always calls `done`, once, at latest shortly after the deadline. Silence is a status of 504 with its cause. */
export function askReadiness(asked: ReadinessRequest, done: (answer: ReadinessAnswer) => void): void {
  const { host, port, path, timeoutMs } = asked;
  let isSettled = false;
  const settle = (answer: ReadinessAnswer): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(deadline);
    request.destroy();
    done(answer);
  };
  const fail = (cause: string): void => settle({ status: 504, contentType: "text/plain", body: cause });
  const deadline = setTimeout(() => fail(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
  const options = { host, port, path, family: 4, agent: false, method: "GET" };
  // The contract takes any certificate: what is asked is whether the service is ready.
  const request =
    asked.scheme === "https" ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options);
  request.on("error", (error) => fail(errorMessage(error)));
  request.on("response", (response) => collect(response, settle, fail));
  request.end();
}

function collect(
  response: IncomingMessage,
  settle: (answer: ReadinessAnswer) => void,
  fail: (cause: string) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const finish = (): void =>
    settle({
      status: response.statusCode ?? 0,
      contentType: response.headers["content-type"] ?? "",
      body: Buffer.concat(chunks).subarray(0, bodyMax).toString("utf8"),
    });
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bodyMax) finish();
  });
  response.on("end", finish);
  response.on("error", (error) => fail(errorMessage(error)));
}
