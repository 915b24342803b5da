import { describe, expect, it } from "vitest";
import type { ImagePullItem } from "#contracts/kernel/own-endpoints.ts";
import type { HttpClient } from "#foundation/http/index.ts";
import { askedAgentsMax } from "../core/image-pulls.ts";
import type { KnownNode } from "../core/known-nodes.ts";
import { PullSource } from "./image-pulls.ts";

const node = (id: string): KnownNode => ({
  agent: { agentId: id, host: id, region: undefined, zone: undefined, attributes: [] },
  isActive: true,
  address: `${id}:5051`,
  byRole: {},
});
const pull = (taskId: string): ImagePullItem => ({
  taskId,
  frameworkId: "f",
  containerId: "c",
  image: "shop/web:1",
  phase: "fetching",
  doneBytes: 1,
});

function world(
  answer: (url: string) => { readonly status: number; readonly items: readonly ImagePullItem[] },
  masterUrl = "http://m:5050",
) {
  const asked: string[] = [];
  const clock = { now: 0 };
  const client: HttpClient = {
    send: async ({ url }) => {
      asked.push(url);
      const { status, items } = answer(url);
      return { status, headers: {}, body: Buffer.from(JSON.stringify({ items, total: items.length })) };
    },
    stream: () => ({ abort: () => undefined }),
    close: async () => undefined,
  };
  const ids = Array.from({ length: 30 }, (_, index) => `a${index}`);
  const source = new PullSource({
    client,
    nodes: { read: async () => ({ at: 0, nodes: ids.map(node) }) },
    masterUrl: () => masterUrl,
    frameworkId: () => "f",
    now: () => clock.now,
  });
  return { source, asked, clock, ids };
}

describe("what agents say of images on their way", () => {
  it("is by task, of the agents that were named, for this framework", async () => {
    const { source, asked } = world((url) => ({
      status: 200,
      items: [pull(url.includes("a1:") ? "x" : "y")],
    }));
    expect(await source.read([])).toEqual(new Map());
    expect(await source.read(["a1", "a2", "unknown"])).toEqual(
      new Map([
        ["x", pull("x")],
        ["y", pull("y")],
      ]),
    );
    expect(asked).toEqual([
      "http://a1:5051/keelson/v1/image-pulls?limit=1000&framework=f",
      "http://a2:5051/keelson/v1/image-pulls?limit=1000&framework=f",
    ]);
  });

  it("is asked for once in two seconds", async () => {
    const { source, asked, clock } = world(() => ({ status: 200, items: [pull("x")] }));
    await Promise.all([source.read(["a1"]), source.read(["a1"])]);
    clock.now = 1_999;
    await source.read(["a1"]);
    expect(asked).toHaveLength(1);
    clock.now = 2_000;
    await source.read(["a1"]);
    expect(asked).toHaveLength(2);
  });

  it("is nothing of an agent that refuses, and what the others say stands", async () => {
    const { source } = world((url) => ({ status: url.includes("a1:") ? 403 : 200, items: [pull("y")] }));
    expect([...(await source.read(["a1", "a2"])).keys()]).toEqual(["y"]);
  });

  it("is of so many agents at most, and by TLS where the master is", async () => {
    const { source, asked, ids } = world(() => ({ status: 200, items: [] }), "https://m:5050");
    await source.read(ids);
    expect(asked).toHaveLength(askedAgentsMax);
    expect(asked.every((url) => url.startsWith("https://a"))).toBe(true);
  });
});
