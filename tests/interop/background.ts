/** A program of others that goes on beside a test: what it said is told when a test waits for it in vain. */
import { type ChildProcess, spawn } from "node:child_process";

const deadlineMs = 120_000;

export class Background {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #said = "";
  #exit: number | string | undefined;

  constructor(
    command: string,
    args: readonly string[],
    options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ) {
    this.#name = command;
    this.#process = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
    });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#said = (this.#said + text).slice(-4_000);
      });
    this.#ended = new Promise((resolve) => {
      const end = (how: number | string): void => {
        this.#exit = how;
        resolve();
      };
      this.#process.once("exit", (code, signal) => end(code ?? signal ?? "nothing"));
      this.#process.once("error", (error) => end(error.message));
    });
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error(`${this.#name} did not start`);
    return this.#process.pid;
  }

  /** Fails at once when the program has ended. */
  async until<Result>(
    claim: string,
    look: () => Promise<Result | undefined | false> | Result | undefined | false,
  ): Promise<Result> {
    const deadline = performance.now() + deadlineMs;
    let last = "";
    for (;;) {
      const isOver = this.#exit !== undefined || performance.now() > deadline;
      if (isOver) {
        const state = this.#exit === undefined ? "runs" : `ended with ${this.#exit}`;
        throw new Error(
          `waited in vain for: ${claim}${last}\n${this.#name} ${state}; it said:\n${this.#said}`,
        );
      }
      try {
        const found = await look();
        if (found !== undefined && found !== false) return found;
        last = "";
      } catch (error) {
        last = ` (${String(error)})`;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async end(): Promise<void> {
    this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 5_000);
    await this.#ended;
    clearTimeout(timer);
  }
}
