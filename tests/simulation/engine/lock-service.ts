/**
 * What several processes of one kind agree by, as ours do by ZooKeeper: sessions, numbered nodes that go when their session
 * does, and records, each batch of which names a node that must be there. It never fails itself; the ways to it do.
 */
import type { Write } from "#foundation/base/core.ts";
import { candidatePrefix, candidatesIn } from "#foundation/election/core/candidates.ts";
import type { CallHandler } from "./sim-connection.ts";
import { SimDisk } from "./sim-disk.ts";
import type { SimNetwork } from "./sim-network.ts";
import type { FaultyNode } from "./sim-node.ts";
import type { World } from "./world.ts";

export type LockRequest =
  | { readonly kind: "look"; readonly session: string }
  /** Asked twice it makes one node. */
  | { readonly kind: "join"; readonly session: string; readonly candidate: string }
  /** Asked twice, by its id, it is done once. */
  | {
      readonly kind: "commit";
      readonly session: string;
      readonly node: string;
      readonly id: string;
      readonly writes: readonly Write[];
    };

/** Of a session that is over nothing is answered but that. */
export type LockAnswer =
  | { readonly kind: "over" }
  | { readonly kind: "group"; readonly names: readonly string[]; readonly own: string | undefined }
  | { readonly kind: "committed"; readonly isDone: boolean };

interface Node {
  readonly session: string;
  readonly candidate: string;
}

export class LockService implements FaultyNode {
  readonly name: string;
  readonly disk: SimDisk;
  readonly isUp = true;
  readonly sessionTimeoutMs: number;
  /** By key, as JSON. */
  readonly records = new Map<string, string>();
  onDurable: ((write: Write) => void) | undefined;
  readonly #world: World;
  readonly #network: SimNetwork;
  /** When each session ends unless something is heard of it. */
  readonly #sessions = new Map<string, number>();
  readonly #over = new Set<string>();
  readonly #nodes = new Map<string, Node>();
  readonly #done = new Map<string, boolean>();
  #lastNumber = 0;

  constructor(network: SimNetwork, name: string, sessionTimeoutMs: number) {
    this.name = name;
    this.#network = network;
    this.#world = network.world;
    this.sessionTimeoutMs = sessionTimeoutMs;
    this.disk = new SimDisk(network.world, name);
  }

  start(): void {
    this.#network.listen(this.name, { serve: this.#serve });
  }

  crash(): void {
    // It is several servers, of which most are there.
  }

  /** The candidate who leads now, by the nodes there are. */
  leader(): string | undefined {
    this.#expire();
    const [name] = candidatesIn([...this.#nodes.keys()], "mesos");
    return name === undefined ? undefined : this.#nodes.get(name)?.candidate;
  }

  readonly #serve: CallHandler = (request, _from, answer) => {
    answer(this.#answer(request as LockRequest)); // our candidates'
  };

  #answer(request: LockRequest): LockAnswer {
    this.#expire();
    const { session } = request;
    if (this.#over.has(session)) return { kind: "over" };
    this.#sessions.set(session, this.#world.now + this.sessionTimeoutMs);
    if (request.kind === "commit") return { kind: "committed", isDone: this.#commit(request) };
    if (request.kind === "join" && this.#ownOf(session) === undefined) {
      this.#lastNumber += 1;
      const name = `${candidatePrefix("mesos", session)}${String(this.#lastNumber).padStart(10, "0")}`;
      this.#nodes.set(name, { session, candidate: request.candidate });
    }
    return { kind: "group", names: [...this.#nodes.keys()], own: this.#ownOf(session) };
  }

  #commit({ node, id, writes }: Extract<LockRequest, { kind: "commit" }>): boolean {
    const earlier = this.#done.get(id);
    if (earlier !== undefined) return earlier;
    const isDone = this.#nodes.has(node);
    this.#done.set(id, isDone);
    if (!isDone) return false;
    const [leader] = candidatesIn([...this.#nodes.keys()], "mesos");
    if (leader !== node) this.#world.report(`5 promises: ${node} writes, and ${leader ?? "nobody"} leads`);
    for (const write of writes) {
      if (write.kind === "put") this.records.set(write.key, JSON.stringify(write.value));
      else this.records.delete(write.key);
      this.onDurable?.(write);
    }
    return true;
  }

  #ownOf(session: string): string | undefined {
    return [...this.#nodes].find(([, node]) => node.session === session)?.[0];
  }

  #expire(): void {
    for (const [session, endsAt] of this.#sessions) {
      if (endsAt > this.#world.now) continue;
      this.#sessions.delete(session);
      this.#over.add(session);
      const own = this.#ownOf(session);
      if (own !== undefined) this.#nodes.delete(own);
      this.#world.trace.add(this.#world.elapsedMs, this.name, "session over", session);
    }
  }
}
