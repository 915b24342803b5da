/**
 * Shell blocks of documentation pages, and how they are run. A comment right before a block says what is special:
 * `<!-- exit 2 -->` is the status it ends with, `<!-- not run: why -->` keeps it from being run.
 */
import { spawn } from "node:child_process";

export interface PageBlock {
  readonly script: string;
  /** Line of the page where it begins. */
  readonly line: number;
  readonly exitCode: number;
  /** Why it can't be run. */
  readonly notRun?: string;
}

/** Blocks marked `sh`, in order. */
export function blocksOf(page: string): readonly PageBlock[] {
  return [...page.matchAll(/(?:^<!-- (.*?) -->\n)?^```sh\n([\s\S]*?)^```$/gm)].map(
    ({ 1: mark = "", 2: script = "", index }) => {
      const notRun = /^not run: (.*)$/.exec(mark)?.[1];
      const exitCode = Number(/^exit (\d+)$/.exec(mark)?.[1] ?? 0);
      const line = page.slice(0, index).split("\n").length + (mark === "" ? 1 : 2);
      if (mark !== "" && notRun === undefined && !mark.startsWith("exit "))
        throw new Error(`line ${line}: what is <!-- ${mark} -->?`);
      return { script, line, exitCode, ...(notRun === undefined ? {} : { notRun }) };
    },
  );
}

/** Without comments, for comparing translations. */
export const commandsOf = ({ script }: PageBlock): string =>
  script.replace(/(^|\s+)#(?!.*['"]).*$/gm, "").trim();

export interface BlockRun {
  readonly code: number;
  readonly output: string;
}

/** Runs a block as `sh -e`; what it leaves in the background ends with it. */
export function runBlock(
  script: string,
  {
    folder,
    environment,
    timeoutMs,
  }: { readonly folder: string; readonly environment: NodeJS.ProcessEnv; readonly timeoutMs: number },
): Promise<BlockRun> {
  return new Promise((resolve) => {
    const child = spawn("sh", ["-e", "-c", script], {
      cwd: folder,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (part: string) => {
        output += part;
      });
    const endGroup = (): void => {
      try {
        process.kill(-(child.pid ?? 0), "SIGKILL");
      } catch {
        // Nothing of it is left.
      }
    };
    const timer = setTimeout(endGroup, timeoutMs);
    child.once("exit", (code) => {
      clearTimeout(timer);
      endGroup();
      resolve({ code: code ?? -1, output });
    });
  });
}
