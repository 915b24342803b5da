/** A master and agents as processes of their own, with a policy of their own, to freeze, kill and start again. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentEnvironment } from "#kernel/agent/config.ts";
import type { MasterEnvironment } from "#kernel/master/config.ts";
import type { MasterPolicy } from "#kernel/master/core/index.ts";
import { eventually } from "../../harness/cluster.ts";
import { freePort } from "../../harness/ports.ts";
import { programArguments, root } from "../../harness/programs.ts";
import {
  type ClientCertificate,
  getJson,
  SchedulerClient,
  type SubscribeOptions,
  send,
} from "./scheduler-client.ts";

const startDeadlineMs = 120_000;

export interface Hosted {
  readonly process: ChildProcess;
  readonly url: string;
}

export class KernelProcesses {
  readonly #dir = mkdtempSync(join(tmpdir(), "keelson-kernel-"));
  readonly #policy: Partial<MasterPolicy>;
  readonly #options: Partial<MasterEnvironment>;
  readonly #port: number;
  /** Of the test itself, where the processes speak https. */
  readonly #tls: ClientCertificate;
  /** Of Node, for the master: `--max-old-space-size=100`. */
  masterArguments: readonly string[] = [];
  /** Folder of the build that agents are started from: another copy of this repository, for an upgrade. */
  agentBuild = root;
  #master: Hosted | undefined;
  readonly #agents = new Map<string, Hosted>();
  readonly #frameworks = new Set<SchedulerClient>();

  private constructor(
    policy: Partial<MasterPolicy>,
    options: Partial<MasterEnvironment>,
    port: number,
    tls: ClientCertificate,
  ) {
    this.#policy = policy;
    this.#options = options;
    this.#port = port;
    this.#tls = tls;
  }

  static async start(
    policy: Partial<MasterPolicy> = {},
    options: Partial<MasterEnvironment> = {},
    tls: ClientCertificate = {},
  ): Promise<KernelProcesses> {
    const world = new KernelProcesses(policy, options, await freePort(), tls);
    // Tasks of other users pass through it to their volumes, as they do in a real data directory.
    chmodSync(world.#dir, 0o711);
    await world.startMaster();
    return world;
  }

  get masterUrl(): string {
    return `${this.#options.tls === undefined ? "http" : "https"}://127.0.0.1:${this.#port}`;
  }

  get masterPid(): number {
    return this.#master?.process.pid ?? 0;
  }

  get isMasterAlive(): boolean {
    return this.#master !== undefined && isAlive(this.#master);
  }

  agentPid(name: string): number {
    return this.#agents.get(name)?.process.pid ?? 0;
  }

  agentUrl(name: string): string {
    return this.#agents.get(name)?.url ?? "";
  }

  dataDirOf(agent: string): string {
    return join(this.#dir, agent);
  }

  /** Also again on the same registry, after `killMaster`. */
  async startMaster(): Promise<void> {
    this.#master = await host(
      "kernel",
      {
        host: "127.0.0.1",
        port: this.#port,
        dataDir: join(this.#dir, "kernel"),
        policy: this.#policy,
        ...this.#options,
      },
      { nodeArguments: this.masterArguments },
    );
  }

  async killMaster(): Promise<void> {
    await end(this.#master, "SIGKILL");
    this.#master = undefined;
  }

  /** Starts an agent, also again on its own data. Its address stays the same. */
  async startAgent(name: string, options: Partial<AgentEnvironment> = {}): Promise<void> {
    const earlier = this.#agents.get(name)?.url;
    this.#agents.set(
      name,
      await host(
        "agent",
        {
          host: "127.0.0.1",
          hostname: `${name}.test`,
          port: earlier === undefined ? await freePort() : Number(new URL(earlier).port),
          dataDir: join(this.#dir, name),
          masterUrl: this.masterUrl,
          resources: "cpus:4;mem:2048;disk:1000;ports:[31000-31099]",
          policy: { registrationBackoffMs: 50, registrationBackoffMaxMs: 500 },
          ...options,
        },
        { build: this.agentBuild },
      ),
    );
  }

  killAgent(name: string): Promise<void> {
    return end(this.#agents.get(name), "SIGKILL");
  }

  /** The agent ends by itself. */
  async agentEnded(name: string): Promise<number | null> {
    const hosted = this.#agents.get(name);
    await eventually(`agent ${name} ended`, () => hosted === undefined || !isAlive(hosted));
    return hosted?.process.exitCode ?? null;
  }

  freezeAgent(name: string): void {
    this.#agents.get(name)?.process.kill("SIGSTOP");
  }

  thawAgent(name: string): void {
    this.#agents.get(name)?.process.kill("SIGCONT");
  }

  async subscribe(info: object = {}, options: SubscribeOptions = {}): Promise<SchedulerClient> {
    const scheduler = await SchedulerClient.subscribe(this.masterUrl, info, { tls: this.#tls, ...options });
    this.#frameworks.add(scheduler);
    return scheduler;
  }

  get(path: string): Promise<never> {
    return getJson<never>(`${this.masterUrl}${path}`, this.#tls);
  }

  /** Of every framework that there is, whoever subscribed it. */
  async teardownAll(): Promise<void> {
    const { frameworks }: { readonly frameworks: readonly { readonly id: string }[] } =
      await this.get("/frameworks");
    for (const { id } of frameworks) await this.#teardown(id);
  }

  async #teardown(frameworkId: string): Promise<void> {
    const request = { body: `frameworkId=${frameworkId}`, tls: this.#tls };
    await send(`${this.masterUrl}/teardown`, request).catch(() => undefined);
  }

  /** No process of a test stays: frameworks end first, which ends their tasks. */
  async close(): Promise<void> {
    for (const { frameworkId } of this.#frameworks) await this.#teardown(frameworkId);
    const agents = [...this.#agents.values()].filter(isAlive);
    for (const { process } of agents) process.kill("SIGCONT");
    await Promise.all(agents.map((agent) => untilNothingRuns(agent, this.#tls))).catch(() => undefined);
    await Promise.all(agents.map((agent) => end(agent, "SIGTERM")));
    await end(this.#master, "SIGTERM");
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function untilNothingRuns({ url }: Hosted, tls: ClientCertificate): Promise<unknown> {
  return eventually("every task of the test ended", async () => {
    const metrics = await getJson<Readonly<Record<string, number>>>(`${url}/metrics/snapshot`, tls);
    return metrics["slave/frameworks_active"] === 0;
  });
}

/** Starts a process of `src/processes` and waits until it is ready. */
export function host(
  name: string,
  config: object,
  {
    build = root,
    nodeArguments = [],
    environment = {},
  }: {
    readonly build?: string;
    readonly nodeArguments?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<Hosted> {
  const program = programArguments(`processes/${name}/main`, build);
  const child = spawn(process.execPath, [...nodeArguments, ...program], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: { ...process.env, ...environment },
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), startDeadlineMs);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended with ${code} before it was ready`));
    });
    child.once("message", (message: { readonly kind: string; readonly info: { readonly url: string } }) => {
      clearTimeout(timer);
      if (message.kind === "ready") resolve({ process: child, url: message.info.url });
      else child.kill("SIGKILL");
    });
    child.send({ config });
  });
}

export const isAlive = ({ process }: Hosted): boolean =>
  process.exitCode === null && process.signalCode === null;

export async function end(hosted: Hosted | undefined, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  if (hosted === undefined || !isAlive(hosted)) return;
  const ended = new Promise((resolve) => hosted.process.once("exit", resolve));
  hosted.process.kill(signal);
  await ended;
}

/** Processes of a framework's tasks on this machine, by what is in their environment. */
export function processesOf(frameworkId: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        return variables.includes(`MESOS_FRAMEWORK_ID=${frameworkId}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}
