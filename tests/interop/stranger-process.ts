/** A program in another language that tells what it hears as lines of JSON and takes commands as lines. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

export interface Told {
  readonly event: string;
  readonly frameworkId?: string;
  readonly task?: string;
  readonly state?: string;
  readonly reason?: string;
  /** Whether it had a uuid, which the library then acknowledged. */
  readonly acknowledged?: boolean;
  readonly problem?: string;
}

const deadlineMs = 120_000;

export class StrangerProcess {
  readonly told: Told[] = [];
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  #stderr = "";
  #exit: number | string | undefined;

  constructor(command: string, args: readonly string[]) {
    this.#process = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      this.told.push(JSON.parse(line) as Told);
    });
    this.#process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4_000);
    });
    this.#process.once("exit", (code, signal) => {
      this.#exit = code ?? signal ?? "nothing";
    });
  }

  say(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Tasks whose newest told state is this one. */
  tasksIn(state: string): readonly string[] {
    const newest = new Map(
      this.told.flatMap(({ task, state: each }) => (task === undefined ? [] : [[task, each]])),
    );
    return [...newest].flatMap(([task, each]) => (each === state ? [task] : [])).sort();
  }

  async until<Value>(what: string, look: () => Value | undefined | false): Promise<Value> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > deadline || (this.#exit !== undefined && !what.includes("ended"))) {
        const last = this.told.slice(-5).map((line) => JSON.stringify(line));
        throw new Error(
          `waited in vain for: ${what}; it ${this.#exit === undefined ? "runs" : `ended with ${this.#exit}`}; last told:\n${last.join("\n")}\n${this.#stderr}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }
}
