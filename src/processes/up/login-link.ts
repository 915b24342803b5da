/**
 * The address that logs a browser in once. By plain node:http: this process stays for as long as the cluster, and what
 * it imports stays with it.
 */
import { request } from "node:http";
import type { LoginLink } from "#contracts/iam/own-endpoints.ts";

const timeoutMs = 5_000;
/** Characters of an answer that are read; a path and its token are far fewer. */
const answerMax = 8_192;

/** The path with a new link's token, or `/` when the door makes none: the console then asks for a login. */
export function loginLink(doorUrl: string, token: string): Promise<string> {
  return new Promise((resolve) => {
    const call = request(`${doorUrl}/keelson/v1/login-links`, {
      method: "POST",
      headers: { authorization: `token=${token}`, "content-type": "application/json", "content-length": "2" },
      agent: false,
      timeout: timeoutMs,
    });
    call.once("timeout", () => call.destroy());
    call.once("error", () => resolve("/"));
    call.once("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        text = (text + part).slice(0, answerMax);
      });
      answer.once("close", () => resolve(answer.statusCode === 200 ? pathOf(text) : "/"));
    });
    call.end("{}");
  });
}

function pathOf(answer: string): string {
  try {
    return (JSON.parse(answer) as LoginLink).path;
  } catch {
    return "/";
  }
}
