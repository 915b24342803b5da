/** Starts the fetching process and waits for it. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type DownloadRequest, FetchError, type FetchRequest } from "./request.ts";

const MESSAGE_BYTES_MAX = 4096;
const suffix = import.meta.url.endsWith(".ts") ? "ts" : "js";
const program = fileURLToPath(new URL(`./fetcher-main.${suffix}`, import.meta.url));

/** Where the certificates are that the machine trusts. */
const trustVariables = ["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"];

/** Nothing else of the agent's, and nothing of the task's, reaches the fetcher. */
function fetcherEnvironment(): Record<string, string> {
  const environment: Record<string, string> = { PATH: "/usr/local/bin:/usr/bin:/bin" };
  for (const name of trustVariables) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/**
 * Throws FetchError. An abort kills the process. `files`: open files; the process has them as 3 and on, or as its
 * standard output for a `DownloadRequest`.
 */
export function runFetcher(
  request: FetchRequest | DownloadRequest,
  signal: AbortSignal,
  files: readonly number[] = [],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const flags = ["--disable-warning=ExperimentalWarning", "--use-system-ca"];
    const child = spawn(process.execPath, [...flags, program], {
      env: fetcherEnvironment(),
      stdio: "download" in request ? ["pipe", files[0], "pipe"] : ["pipe", "ignore", "pipe", ...files],
      cwd: "/",
    });
    const { stdin, stderr } = child;
    if (stdin === null || stderr === null) throw new FetchError("the fetcher has no pipes");
    let message = "";
    let late = false;
    const kill = (): void => {
      child.kill("SIGKILL");
    };
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, request.limits.totalTimeoutMs);
    signal.addEventListener("abort", kill, { once: true });
    stdin.on("error", () => undefined); // its exit says why
    stderr.setEncoding("utf8").on("data", (text: string) => {
      message = (message + text).slice(0, MESSAGE_BYTES_MAX);
    });
    const settle = (error?: FetchError): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", kill);
      stdin.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    child.on("error", (error) => settle(new FetchError(`the fetcher did not start: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) settle();
      else if (signal.aborted) settle(new FetchError("Fetching was given up"));
      else if (late)
        settle(new FetchError(`Fetching took longer than ${request.limits.totalTimeoutMs / 1000} s`));
      else settle(new FetchError(message === "" ? `The fetcher ended with ${code}` : message));
    });
    stdin.write(`${JSON.stringify(request)}\n`);
    if (signal.aborted) kill();
  });
}
