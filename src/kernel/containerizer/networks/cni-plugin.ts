/** Asks one plugin for one thing, within a bound. Source: CNI specification, execution protocol. */
import { spawn } from "node:child_process";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";

export interface PluginCall {
  readonly command: "ADD" | "DEL";
  /** Its file. */
  readonly program: string;
  readonly containerId: string;
  readonly namespace: string;
  readonly interfaceName: string;
  /** Folders in which plugins find others, as PATH has them. */
  readonly path: string;
  readonly config: JsonObject;
}

/** The message is fit for a task's status. */
export class PluginError extends Error {
  override readonly name = "PluginError";
}

/** A plugin that takes longer is killed. */
export const pluginTimeoutMs = 30_000;
const outputMax = 1_048_576;
/** What plugins call themselves: iptables, ip, sysctl. */
const programs = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What it answered; empty for one that says nothing. Throws `PluginError`. */
export async function callPlugin(call: PluginCall, timeoutMs = pluginTimeoutMs): Promise<JsonObject> {
  const { code, stdout, stderr, failure } = await execute(call, timeoutMs);
  const said = parseObject(stdout);
  if (failure === undefined && code === 0) return said ?? {};
  const name = call.program.slice(call.program.lastIndexOf("/") + 1);
  throw new PluginError(
    `plugin ${name}, ${call.command}: ${failure ?? textOf(said) ?? (stderr.trim() || `ended with ${code}`)}`,
  );
}

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly failure?: string;
}

function execute(call: PluginCall, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(call.program, [], {
      env: {
        PATH: programs,
        CNI_COMMAND: call.command,
        CNI_CONTAINERID: call.containerId,
        CNI_NETNS: call.namespace,
        CNI_IFNAME: call.interfaceName,
        CNI_PATH: call.path,
      },
      cwd: "/",
      detached: true, // a Ctrl-C in the agent's terminal is not for it
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let failure: string | undefined;
    const giveUp = (reason: string): void => {
      failure ??= reason;
      if (child.pid !== undefined) {
        try {
          process.kill(-child.pid, "SIGKILL");
        } catch {
          // it ended meanwhile
        }
      }
      // Whoever it left behind may hold them.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => giveUp(`took longer than ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.length > outputMax) giveUp(`said more than ${outputMax} bytes`);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-4_096);
    });
    child.stdin.on("error", () => undefined); // its exit says why
    child.on("error", (error) => {
      failure ??= `did not start: ${error.message}`;
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr, ...(failure === undefined ? {} : { failure }) });
    });
    child.stdin.end(JSON.stringify(call.config));
  });
}

function parseObject(text: string): JsonObject | undefined {
  if (text.trim() === "") return undefined;
  try {
    const value = JSON.parse(text) as JsonValue;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Of the object with which a plugin says what went wrong. */
function textOf(said: JsonObject | undefined): string | undefined {
  const { msg, details } = said ?? {};
  if (typeof msg !== "string" || msg === "") return undefined;
  return typeof details === "string" && details !== "" ? `${msg}; ${details}` : msg;
}
