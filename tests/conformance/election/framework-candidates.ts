/** Processes of Services and Jobs that stand for election, kept alive as a supervisor would. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../harness/cluster.ts";
import { freePort } from "../../harness/ports.ts";
import { end, type Hosted, host, isAlive } from "../kernel/kernel-processes.ts";

/** Longer than a machine under load may let a process wait for its turn. */
export const zkSessionTimeoutMs = 12_000;

export interface Candidate {
  readonly name: string;
  readonly services: string;
  readonly jobs: string;
  readonly exitCodes: (number | null)[];
  kill(): void;
}

export class FrameworkCandidates {
  readonly #dir = mkdtempSync(join(tmpdir(), "keelson-candidates-"));
  readonly #running = new Map<string, Hosted>();
  #isClosing = false;
  readonly #zooKeeper: string;
  readonly #masterUrl: string;

  constructor(zooKeeper: string, masterUrl: string) {
    this.#zooKeeper = zooKeeper;
    this.#masterUrl = masterUrl;
  }

  async start(name: string): Promise<Candidate> {
    const [servicesPort, jobsPort] = [await freePort(), await freePort()];
    const exitCodes: (number | null)[] = [];
    const config = {
      host: "127.0.0.1",
      dataDir: join(this.#dir, name),
      masterUrl: this.#masterUrl,
      zkSessionTimeoutMs,
      security: {},
      services: { port: servicesPort, zk: `zk://${this.#zooKeeper}/marathon` },
      jobs: { port: jobsPort, zk: `zk://${this.#zooKeeper}/metronome` },
    };
    const again = async (): Promise<void> => {
      const hosted = await host("frameworks", config);
      this.#running.set(name, hosted);
      hosted.process.once("exit", (code) => {
        exitCodes.push(code);
        if (!this.#isClosing) void again();
      });
    };
    await again();
    return {
      name,
      services: `http://127.0.0.1:${servicesPort}`,
      jobs: `http://127.0.0.1:${jobsPort}`,
      exitCodes,
      kill: () => this.#running.get(name)?.process.kill("SIGKILL"),
    };
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#running.values()].filter(isAlive).map((hosted) => end(hosted, "SIGTERM")));
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Who leads by the word of all of them. */
export async function leaderOf(
  candidates: readonly Candidate[],
  face: "services" | "jobs",
  isWanted: (leader: Candidate) => boolean = () => true,
): Promise<Candidate> {
  const path = face === "services" ? "/v2/leader" : "/leader";
  return eventually(
    `all know one leader of ${face}`,
    async () => {
      const told = await Promise.all(
        candidates.map(async (each) => {
          const answer = await fetch(`${each[face]}${path}`, { signal: AbortSignal.timeout(10_000) });
          return ((await answer.json()) as { readonly leader?: string }).leader;
        }),
      );
      const [first] = told;
      if (first === undefined || told.some((each) => each !== first)) return undefined;
      const leader = candidates.find((each) => each[face] === `http://${first}`);
      return leader !== undefined && isWanted(leader) ? leader : undefined;
    },
    120_000,
  );
}
