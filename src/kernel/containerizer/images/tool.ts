/** Runs a program of the machine to its end: bounded in time and in what is kept of its words. */
import { spawn } from "node:child_process";

export interface ToolRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Default: whoever the agent is. */
  readonly account?: { readonly uid: number; readonly gid: number };
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const keptBytesMax = 4_194_304;

/** What it wrote to stdout. Throws an error with its last words when it fails. */
export function runTool(run: ToolRun): Promise<string> {
  const child = spawn(run.file, run.args, {
    cwd: run.cwd,
    env: run.environment,
    stdio: ["ignore", "pipe", "pipe"],
    signal: run.signal,
    killSignal: "SIGKILL",
    timeout: run.timeoutMs,
    ...(run.account ?? {}),
  });
  const out = new Tail();
  const words = new Tail();
  child.stdout.setEncoding("utf8").on("data", (text: string) => out.add(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => words.add(text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) return resolve(out.text);
      if (signal !== null && !run.signal.aborted)
        return reject(
          new Error(`${run.file} was ended after ${run.timeoutMs / 1000} s, or by somebody (${signal})`),
        );
      reject(new Error(lastWords(words.text) || `${run.file} ended with status ${code}`));
    });
  });
}

class Tail {
  text = "";
  add(more: string): void {
    this.text = (this.text + more).slice(-keptBytesMax);
  }
}

/** Of a log line as these tools write them, what is in msg="…"; else the last line. */
function lastWords(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  const message = /msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  return (message?.replaceAll(/\\(["\\])/g, "$1") ?? line).slice(0, 1_000);
}
