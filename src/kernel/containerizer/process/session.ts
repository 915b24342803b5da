/** Sessions through the shim's helper `shim --session`: see native/shim/README.md for what passes over fd 3. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { Duplex, Readable, Writable } from "node:stream";
import { errorMessage } from "#foundation/base/errors.ts";
import {
  type ContainerExit,
  LaunchError,
  type ProcessIdentity,
  type Session,
  type SessionSpec,
} from "../driver.ts";
import { decodeWaitStatus } from "./runtime-dir.ts";
import { encodeSessionSpec } from "./spec-file.ts";

/** A helper that says nothing for this long is given up. */
const startWaitMs = 10_000;
export const defaultTerm = "xterm-256color";

export interface SessionPlace {
  readonly runtimeDir: string;
  /** The container's. */
  readonly main: ProcessIdentity;
}

export async function startSession(shim: string, place: SessionPlace, spec: SessionSpec): Promise<Session> {
  const { terminal } = spec;
  const specFile = writeSpec(place, {
    ...(spec.program === undefined ? {} : { program: spec.program }),
    argv: spec.argv,
    environment: { ...(terminal === undefined ? {} : { TERM: defaultTerm }), ...spec.environment },
    ...(terminal === undefined ? {} : { terminal }),
  });
  try {
    const child = spawn(shim, ["--session"], {
      argv0: shim,
      detached: true, // a Ctrl-C in the agent's terminal is not for it
      env: {},
      cwd: "/",
      stdio: ["pipe", "pipe", "pipe", "pipe", specFile],
    });
    return await new HelperSession(child, terminal !== undefined).started();
  } finally {
    closeSync(specFile);
  }
}

/** An open file that is nowhere in the tree: the environment in it is nobody else's business. */
function writeSpec(
  { runtimeDir, main }: SessionPlace,
  session: Parameters<typeof encodeSessionSpec>[1],
): number {
  let encoded: Buffer;
  try {
    encoded = encodeSessionSpec(readFileSync(join(runtimeDir, "spec.taken")), session, main);
  } catch (error) {
    throw new LaunchError("spec", errorMessage(error));
  }
  const path = join(runtimeDir, `session.${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  try {
    unlinkSync(path);
    for (let at = 0; at < encoded.length; ) at += writeSync(file, encoded, at, encoded.length - at, at);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

class HelperSession implements Session {
  readonly #child: ChildProcess;
  readonly #control: Duplex;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable | undefined;
  readonly ended: Promise<ContainerExit>;
  readonly #started = Promise.withResolvers<this>();
  #exit: ContainerExit = { kind: "unknown" };
  #said = "";
  pid = 0;

  constructor(child: ChildProcess, hasTerminal: boolean) {
    const [stdin, stdout, stderr, control] = child.stdio;
    this.#child = child;
    // Made by `spawn` with "pipe" in each of these places.
    this.stdin = stdin as Writable;
    this.stdout = stdout as Readable;
    this.stderr = hasTerminal ? undefined : (stderr as Readable);
    this.#control = control as Duplex;
    if (hasTerminal) (stderr as Readable).resume();
    // A write to what has ended is no news: the end is told by `ended`.
    for (const stream of [this.stdin, this.stdout, stderr as Readable, this.#control])
      stream.on("error", () => undefined);
    this.#control.setEncoding("latin1");
    this.#control.on("data", (text: string) => this.#hear(text));
    this.ended = new Promise((resolve) => child.once("close", () => resolve(this.#exit)));
    child.once("error", (error) => this.#failed(errorMessage(error)));
    child.once("exit", () => this.#failed("the helper ended"));
  }

  started(): Promise<this> {
    const timer = setTimeout(() => this.#failed("the helper does not answer"), startWaitMs);
    return this.#started.promise.finally(() => clearTimeout(timer));
  }

  resize(rows: number, cols: number): void {
    this.#tell(`R ${rows} ${cols}\n`);
  }

  signal(name: string): boolean {
    const number = Object.entries(constants.signals).find(([known]) => known === name)?.[1];
    if (number === undefined) return false;
    this.#tell(`S ${number}\n`);
    return true;
  }

  /** The helper kills everything of the session when its control ends. */
  kill(): void {
    this.#control.destroy();
    this.stdin.destroy();
    // Output nobody reads must not keep the end from being seen.
    this.stdout.resume();
    this.stderr?.resume();
  }

  #tell(line: string): void {
    if (!this.#control.destroyed) this.#control.write(line);
  }

  #hear(text: string): void {
    const lines = (this.#said + text).split("\n");
    this.#said = lines.pop() ?? "";
    for (const line of lines) {
      const [kind, first = "", second = "", ...words] = line.split(" ");
      if (kind === "S") {
        this.pid = Number(first);
        this.#started.resolve(this);
      } else if (kind === "F") {
        const message = [second, ...words].slice(1).join(" ");
        this.#started.reject(new LaunchError("exec", `Failed to start the command (${first}): ${message}`));
      } else if (kind === "X") this.#exit = decodeWaitStatus(Number(first));
    }
  }

  #failed(message: string): void {
    this.#started.reject(new LaunchError("exec", `Failed to start the command: ${message}`));
    if (this.pid === 0) {
      this.kill();
      this.#child.kill("SIGKILL");
    }
  }
}
