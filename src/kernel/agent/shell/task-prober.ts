/** Runs the checks of tasks: commands inside of them, requests and connections to their ports on this machine. */

import { connect } from "node:net";
import type { CommandInfo } from "#contracts/kernel/messages.gen.ts";
import type { Probe } from "#domain/health/index.ts";
import { assertNever } from "#foundation/base/assert.ts";
import { errorMessage } from "#foundation/base/errors.ts";
import { Agent, requestVia } from "#foundation/http/index.ts";
import type { ContainerDriver } from "#kernel/containerizer/index.ts";
import type { ProbeResult } from "../core/check-results.ts";
import type { AgentEffect, AgentEvent } from "../core/events.ts";
import { sessionOf } from "./command-session.ts";
import { probeIn } from "./namespaced-probe.ts";

type RunProbe = Extract<AgentEffect, { kind: "runProbe" }>;

/** Probes at once; more wait for their turn, and their timeout counts from it. */
const probesMax = 64;
const redirectsMax = 10;
/** Of what a command prints, the last part is kept for its status. */
const outputMax = 4_096;

export class TaskProber {
  readonly #driver: ContainerDriver;
  readonly #dispatch: (event: AgentEvent) => void;
  readonly #namespaceOf: (networkOwner: string) => string;
  readonly #waiting: RunProbe[] = [];
  readonly #running = new Map<RunProbe, AbortController>();
  // Certificates of a task's own port say nothing about the task. Source: Mesos, which does not verify them.
  readonly #client = new Agent({ connect: { rejectUnauthorized: false }, pipelining: 0, connections: 1 });

  constructor(
    driver: ContainerDriver,
    dispatch: (event: AgentEvent) => void,
    /** File of the network namespace of a container. */
    namespaceOf: (networkOwner: string) => string,
  ) {
    this.#namespaceOf = namespaceOf;
    this.#driver = driver;
    this.#dispatch = dispatch;
  }

  run(effect: RunProbe): void {
    if (this.#running.size >= probesMax) this.#waiting.push(effect);
    else this.#start(effect);
  }

  cancel(containerId: string): void {
    for (let at = this.#waiting.length - 1; at >= 0; at -= 1)
      if (this.#waiting[at]?.containerId === containerId) this.#waiting.splice(at, 1);
    for (const [effect, abort] of this.#running) if (effect.containerId === containerId) abort.abort();
  }

  async close(): Promise<void> {
    this.#waiting.length = 0;
    for (const abort of this.#running.values()) abort.abort();
    await this.#client.destroy();
  }

  #start(effect: RunProbe): void {
    const { containerId, check, number, timeoutMs } = effect;
    const abort = new AbortController();
    this.#running.set(effect, abort);
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    const finish = (result: ProbeResult): void => {
      clearTimeout(timer);
      this.#running.delete(effect);
      this.#dispatch({ kind: "probeEnded", containerId, check, number, result });
      const next = this.#waiting.shift();
      if (next !== undefined) this.#start(next);
    };
    this.#ask(effect, abort.signal).then(
      (result) => finish(abort.signal.aborted ? { kind: "timedOut" } : result),
      (error: unknown) =>
        finish(
          abort.signal.aborted ? { kind: "timedOut" } : { kind: "failed", message: errorMessage(error) },
        ),
    );
  }

  #ask({ containerId, probe, networkOwner }: RunProbe, signal: AbortSignal): Promise<ProbeResult> {
    if (probe.kind === "command") return this.#command(containerId, probe.command, signal);
    if (networkOwner !== undefined) return probeIn(this.#namespaceOf(networkOwner), probe, signal);
    switch (probe.kind) {
      case "http":
        return this.#http(probe, signal);
      case "tcp":
        return tryConnection(probe.host, probe.port, signal);
      default:
        return assertNever(probe);
    }
  }

  async #command(containerId: string, command: CommandInfo, signal: AbortSignal): Promise<ProbeResult> {
    const session = await this.#driver.openSession(containerId, sessionOf(command));
    const kill = (): void => session.kill();
    signal.addEventListener("abort", kill, { once: true });
    if (signal.aborted) kill();
    session.stdin.end();
    let output = "";
    for (const stream of [session.stdout, session.stderr])
      stream?.on("data", (piece: Buffer) => {
        output = (output + piece.toString("utf8")).slice(-outputMax);
      });
    const exit = await session.ended;
    signal.removeEventListener("abort", kill);
    return { kind: "command", output, ...(exit.kind === "exited" ? { exitCode: exit.status } : {}) };
  }

  async #http(probe: Extract<Probe, { kind: "http" }>, signal: AbortSignal): Promise<ProbeResult> {
    const host = probe.host.includes(":") ? `[${probe.host}]` : probe.host;
    let url = new URL(`${probe.scheme}://${host}:${probe.port}${probe.path}`);
    for (let redirects = 0; ; redirects += 1) {
      const { statusCode, headers, body } = await requestVia(this.#client, url.href, {
        method: "GET",
        signal,
        headers: { "user-agent": "keelson-health-check", accept: "*/*", connection: "close" },
      });
      // What it says does not matter, and may be endless.
      body.on("error", () => undefined);
      body.destroy();
      const target = headers["location"];
      if (statusCode < 300 || statusCode >= 400 || typeof target !== "string" || redirects === redirectsMax)
        return { kind: "http", status: statusCode };
      const next = new URL(target, url);
      if (next.protocol !== "http:" && next.protocol !== "https:")
        return { kind: "http", status: statusCode };
      url = next;
    }
  }
}

function tryConnection(host: string, port: number, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (connected: boolean): void => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve({ kind: "tcp", connected });
    };
    const onAbort = (): void => end(false);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
