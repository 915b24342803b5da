/** The small process that forks shims, so that starting a task costs the same whatever the agent's heap. */
import { type ChildProcess, spawn } from "node:child_process";

interface Pending {
  readonly resolve: (outcome: SpawnOutcome) => void;
}

/** `started`: the shim wrote its pid file and the task runs. `failed`: read `exit` for why, if it is there. */
export type SpawnOutcome = { readonly kind: "started"; readonly pid: number } | { readonly kind: "failed" };

/** Longest runtime directory the shim takes. */
export const RUNTIME_DIR_PATH_MAX = 3900;

export class Spawner {
  readonly #shim: string;
  readonly #pending = new Map<string, Pending>();
  #child: ChildProcess | undefined;
  #rest = "";
  #closed = false;

  constructor(shim: string) {
    this.#shim = shim;
  }

  /** Starts the shim of a directory whose `spec` is written. Resolves `failed` when the helper ends meanwhile. */
  start(runtimeDir: string): Promise<SpawnOutcome> {
    if (this.#closed || this.#pending.has(runtimeDir)) return Promise.resolve({ kind: "failed" });
    return new Promise((resolve) => {
      this.#pending.set(runtimeDir, { resolve });
      this.#helper().stdin?.write(`${runtimeDir}\0`);
    });
  }

  #helper(): ChildProcess {
    if (this.#child !== undefined) return this.#child;
    const child = spawn(this.#shim, ["--spawner"], {
      argv0: this.#shim,
      detached: true, // a Ctrl-C in the agent's terminal is not for it
      env: {},
      cwd: "/",
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child = child;
    this.#rest = "";
    const lost = (): void => {
      if (this.#child === child) this.#lost();
    };
    child.on("error", lost);
    child.on("exit", lost);
    child.stdin?.on("error", lost);
    child.stdout?.setEncoding("utf8");
    child.stdout?.on("data", (text: string) => {
      if (this.#child === child) this.#read(text);
    });
    return child;
  }

  #read(text: string): void {
    const messages = (this.#rest + text).split("\0");
    this.#rest = messages.pop() ?? "";
    for (const message of messages) {
      const space = message.indexOf(" ");
      const pid = Number(message.slice(1, space));
      this.#settle(
        message.slice(space + 1),
        message[0] === "S" ? { kind: "started", pid } : { kind: "failed" },
      );
    }
  }

  #settle(runtimeDir: string, outcome: SpawnOutcome): void {
    const pending = this.#pending.get(runtimeDir);
    this.#pending.delete(runtimeDir);
    pending?.resolve(outcome);
  }

  /** The next start makes a new helper; what was asked of the old one is told as failed. */
  #lost(): void {
    this.#child = undefined;
    for (const runtimeDir of [...this.#pending.keys()]) this.#settle(runtimeDir, { kind: "failed" });
  }

  /** Shims keep running. */
  close(): void {
    this.#closed = true;
    const child = this.#child;
    this.#lost();
    child?.stdin?.end();
    child?.stdout?.destroy();
    child?.unref();
  }
}
