/**
 * What agents say of the images that tasks of ours wait for: asked only when somebody wants to know why something is not
 * up yet, and kept for a moment. It is the API that everybody has: `GET /keelson/v1/image-pulls` of an agent, at the
 * address that the master tells.
 */
import type { ImagePullItem } from "#contracts/kernel/own-endpoints.ts";
import { listImagePulls } from "#contracts/kernel/own-endpoints.ts";
import { pageLimitMax } from "#contracts/paging.ts";
import type { InstantMs } from "#foundation/base/core.ts";
import { callEndpoint, type HttpClient } from "#foundation/http/index.ts";
import { askedAgentsMax, type ImagePulls } from "../core/image-pulls.ts";
import type { NodeSource } from "./known-nodes.ts";

/** An agent counts no more often. */
const keptMs = 2_000;
/** A person waits: better an answer without an agent's word than none. */
const deadlineMs = 1_500;

export interface PullSourceOptions {
  readonly client: HttpClient;
  /** Where agents answer. */
  readonly nodes: Pick<NodeSource, "read">;
  /** Agents answer in the same way as the master, by TLS or without. */
  readonly masterUrl: () => string | undefined;
  readonly frameworkId: () => string | undefined;
  readonly now: () => InstantMs;
}

export class PullSource {
  readonly #options: PullSourceOptions;
  /** By agent. */
  readonly #last = new Map<
    string,
    { readonly at: InstantMs; readonly items: Promise<readonly ImagePullItem[]> }
  >();

  constructor(options: PullSourceOptions) {
    this.#options = options;
  }

  /** Of these agents; who doesn't answer says nothing. */
  async read(agentIds: readonly string[]): Promise<ImagePulls> {
    if (agentIds.length === 0) return new Map();
    const known = await this.#options.nodes.read();
    const now = this.#options.now();
    for (const [id, { at }] of this.#last) if (now - at >= keptMs) this.#last.delete(id);
    const addresses = new Map(known?.nodes.map(({ agent, address }) => [agent.agentId, address]));
    const asked = agentIds.slice(0, askedAgentsMax).map((id) => this.#itemsOf(id, addresses.get(id), now));
    return new Map((await Promise.all(asked)).flat().map((item) => [item.taskId, item]));
  }

  #itemsOf(agentId: string, address: string | undefined, now: InstantMs): Promise<readonly ImagePullItem[]> {
    const last = this.#last.get(agentId);
    if (last !== undefined) return last.items;
    if (address === undefined) return Promise.resolve([]);
    const items = this.#ask(address).catch(() => []);
    this.#last.set(agentId, { at: now, items });
    return items;
  }

  async #ask(address: string): Promise<readonly ImagePullItem[]> {
    const { client, masterUrl, frameworkId } = this.#options;
    const scheme = masterUrl()?.startsWith("https:") === true ? "https" : "http";
    const framework = frameworkId();
    const { items } = await callEndpoint(
      client,
      { url: `${scheme}://${address}`, timeoutMs: deadlineMs },
      listImagePulls,
      { query: { limit: pageLimitMax, ...(framework === undefined ? {} : { framework }) } },
    );
    return items;
  }
}
