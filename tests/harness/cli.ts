/** The command line in tests beyond one answer: many lines in one process, one that goes on, one in a terminal. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, run } from "./cluster.ts";
import { root, scriptArguments } from "./programs.ts";

export const keelson = join(root, "bin/keelson");

export interface LineResult {
  readonly words: readonly string[];
  readonly code: number | "left";
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs each line in turn, in one process. One that goes on for `leftAfterMs` is left. */
export async function runLines(
  lines: readonly (readonly string[])[],
  environment: Readonly<Record<string, string>>,
  leftAfterMs = 60_000,
): Promise<readonly LineResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "keelson-lines-"));
  // All of them are more than an argument can be.
  const file = join(folder, "lines.json");
  writeFileSync(file, JSON.stringify(lines));
  const { stdout, stderr, code } = await run(
    process.execPath,
    [...scriptArguments(join(root, "tests/harness/cli-lines.ts")), file, String(leftAfterMs)],
    environmentOf(environment),
    600_000,
  );
  rmSync(folder, { recursive: true, force: true });
  if (code !== 0) throw new Error(`the lines ended with ${code}: ${stderr.slice(-2_000)}`);
  return lines.map((words, number) => {
    const [out, err] = [part(stdout, number), part(stderr, number)];
    return { words, code: out.code, stdout: out.text, stderr: err.text };
  });
}

function part(output: string, number: number): { readonly text: string; readonly code: number | "left" } {
  const match = new RegExp(`\\u0001begin ${number}\\n([\\s\\S]*?)\\n?\\u0001end ${number} (\\S+)`).exec(
    output,
  );
  if (match === null) throw new Error(`line ${number} has no end`);
  return { text: (match[1] ?? "").trim(), code: match[2] === "left" ? "left" : Number(match[2]) };
}

export function environmentOf(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env, LANG: "C", ...more };
  if (more["KEELSON_URL"] === undefined) delete environment["KEELSON_URL"];
  return environment;
}

export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

export interface RunningCli {
  readonly child: ChildProcess;
  /** The command line's own process, in a terminal too. */
  pid(): number;
  /** The window of its terminal gets another size. */
  resize(size: TerminalSize): Promise<void>;
  stdout(): string;
  stderr(): string;
  /** Waits until the text on stdout is found. */
  until(claim: string, isThere: (stdout: string) => boolean, timeoutMs?: number): Promise<void>;
  /** Ctrl-C, and waits for its end. */
  stop(): Promise<void>;
  readonly ended: Promise<number>;
}

/** A command that goes on. `terminal`: in a pseudo terminal of that size, by util-linux' script. */
export function startCli(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  terminal?: TerminalSize,
): RunningCli {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return startShell(`exec ${keelson} ${quoted}`, environmentOf(environment), terminal);
}

/** The same of a line for a shell that becomes its last command. */
export function startShell(
  line: string,
  environment: NodeJS.ProcessEnv,
  terminal?: TerminalSize,
): RunningCli {
  // Where tests run for a change, CI says that nobody is at a terminal; here somebody is.
  const env = terminal === undefined ? environment : { ...environment, CI: "false" };
  const [command, args] =
    terminal === undefined
      ? ["sh", ["-c", line]]
      : ["script", ["-qefc", `stty rows ${terminal.rows} cols ${terminal.cols}; ${line}`, "/dev/null"]];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    stdout += piece;
  });
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    stderr += piece;
  });
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)));
  // `script` has one child, a shell that becomes the command line.
  const pid = (): number =>
    terminal === undefined
      ? (child.pid ?? 0)
      : Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim());
  return {
    child,
    pid,
    resize: async ({ rows, cols }) => {
      const device = readlinkSync(`/proc/${pid()}/fd/0`);
      const { code, stderr: problem } = await run("stty", [
        "-F",
        device,
        "rows",
        String(rows),
        "cols",
        String(cols),
      ]);
      if (code !== 0) throw new Error(`stty of ${device}: ${problem}`);
    },
    stdout: () => stdout,
    stderr: () => stderr,
    until: async (claim, isThere, timeoutMs = 60_000) => {
      await eventually(claim, () => isThere(stdout), timeoutMs).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${stdout.slice(-2_000)}\n${stderr.slice(-2_000)}`);
      });
    },
    stop: async () => {
      child.kill("SIGINT");
      await ended;
    },
    ended,
  };
}
