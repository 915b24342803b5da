/** The one stream of events, and the audit trail over all daemons, at the door. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClusterEvent, eventsSinceHeader } from "#contracts/observe/events.ts";
import { EventDecoder } from "#foundation/http/index.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { startWorld, testToken, type World } from "./world.ts";

let world: World;
const headers = { authorization: `token=${testToken}` };
beforeAll(async () => {
  world = await startWorld();
  world.facts.summary = {
    frameworks: [],
    slaves: [{ id: "S0", pid: `slave(1)@127.0.0.1:${world.kernel.port}` }],
  };
  await eventually(
    "the door follows everybody",
    () => world.kernel.subscriptions() === 2 && world.services.subscriptions() === 2,
  );
});
afterAll(() => world.close());

interface Reader {
  readonly events: ClusterEvent[];
  /** Everything that came, comments too. */
  text(): string;
  readonly isOver: Promise<void>;
  close(): void;
}

async function read(query = "", more: Record<string, string> = {}): Promise<Reader> {
  const abort = new AbortController();
  const answer = await fetch(`${world.door.url}/keelson/v1/events${query}`, {
    headers: { ...headers, ...more },
    signal: abort.signal,
  });
  expect(answer.status).toBe(200);
  const decoder = new EventDecoder();
  const events: ClusterEvent[] = [];
  let text = "";
  const isOver = (async () => {
    try {
      for await (const piece of answer.body as AsyncIterable<Uint8Array>) {
        text += Buffer.from(piece).toString("utf8");
        for (const { data, id } of decoder.push(Buffer.from(piece))) {
          const event = JSON.parse(data) as ClusterEvent;
          expect(id).toBe(event.id);
          events.push(event);
        }
      }
    } catch {
      // Closed by either side.
    }
  })();
  return { events, text: () => text, isOver, close: () => abort.abort() };
}
const removed = (appId: string): void => world.services.tell({ eventType: "app_terminated_event", appId });
const came = (reader: Reader, object: string): Promise<ClusterEvent> =>
  eventually(`${object} comes`, () => reader.events.find((event) => event.object === object));

describe("events", () => {
  it("of services, jobs, the kernel and identity come in one stream", async () => {
    const reader = await read();
    removed("/a");
    world.services.tell({ eventType: "job_run_failed", jobId: "nightly", runId: "r1", cause: "stopped" });
    world.kernel.tell({ agentId: "S7", state: "removed", hostname: "" });
    await world.logIn("newcomer");
    expect(await came(reader, "/a")).toMatchObject({ kind: "service", change: "removed" });
    expect(await came(reader, "nightly")).toMatchObject({
      kind: "job",
      change: "runFailed",
      detail: { run: "r1", cause: "stopped" },
    });
    expect(await came(reader, "S7")).toMatchObject({ kind: "node", change: "removed" });
    expect(await came(reader, "newcomer")).toMatchObject({ kind: "user", change: "created" });
    expect(reader.text()).toMatch(/^: /);
    reader.close();
  });

  it("are filtered by kind and by what they are about", async () => {
    const byKind = await read("?kind=node,user");
    const byObject = await read("?object=/shop/cart,S9");
    removed("/shop/cart");
    removed("/other");
    world.services.tell({
      eventType: "status_update_event",
      taskStatus: "TASK_RUNNING",
      taskId: "t9",
      appId: "/shop/cart",
    });
    world.kernel.tell({ agentId: "S9", state: "removed", hostname: "" });
    await came(byKind, "S9");
    await came(byObject, "S9");
    await came(byObject, "t9");
    expect(byKind.events.every(({ kind }) => kind === "node")).toBe(true);
    expect(byObject.events.map(({ object }) => object).sort()).toEqual(["/shop/cart", "S9", "t9"].sort());
    byKind.close();
    byObject.close();
  });

  it("that are kept are given without waiting for more, and the answer says how far back they go", async () => {
    const asked = Date.now();
    removed("/kept");
    await eventually("it is kept", async () => {
      const answer = await fetch(
        `${world.door.url}/keelson/v1/events?after=oldest&follow=false&object=/kept`,
        {
          headers,
        },
      );
      expect(Number(answer.headers.get(eventsSinceHeader))).toBeLessThanOrEqual(asked);
      return (await answer.text()).includes('"/kept"');
    });
    const lately = await read("?back=60000");
    await came(lately, "/kept");
    lately.close();
  });

  it("go on behind the last one that was seen, by header or query", async () => {
    const first = await read();
    removed("/one");
    const { id } = await came(first, "/one");
    first.close();
    removed("/two");
    removed("/three");
    const watching = await read();
    removed("/mark");
    await came(watching, "/mark");
    for (const reader of [await read("", { "last-event-id": id }), await read(`?after=${id}`)]) {
      await came(reader, "/mark");
      expect(reader.events.map(({ object }) => object)).toEqual(["/two", "/three", "/mark"]);
      reader.close();
    }
    watching.close();
  });

  it("begin with a reset for who was away too long, or in another life of the door", async () => {
    for (const id of ["another-5", "nonsense", `${"x".repeat(500)}`]) {
      const reader = await read("", { "last-event-id": id });
      await eventually("it is told", () => reader.events.length > 0);
      expect(reader.events[0]?.kind).toBe("reset");
      // From there it goes on.
      const again = await read(`?after=${reader.events[0]?.id}`);
      removed(`/after-${id.slice(0, 5)}`);
      await came(again, `/after-${id.slice(0, 5)}`);
      expect(again.events.every(({ kind }) => kind !== "reset")).toBe(true);
      reader.close();
      again.close();
    }
  });

  it("are a reset when a daemon was away, for then some were missed", async () => {
    const reader = await read("?kind=node");
    world.services.dropSubscriptions();
    const reset = await eventually("a reset", () => reader.events.find(({ kind }) => kind === "reset"));
    expect(reset.change).toBe("reset");
    await eventually("it is followed again", () => world.services.subscriptions() === 2);
    reader.close();
  });

  it("stop for a user who is removed", async () => {
    const token = await world.logIn("watcher");
    const reader = await read("", { authorization: `token=${token}` });
    await ask(`${world.iam.url}/acs/api/v1/users/watcher`, {
      method: "DELETE",
      headers: world.iam.as("admin"),
    });
    await reader.isOver;
  }, 240_000);
});

describe("the audit trail", () => {
  const list = async (
    query = "",
  ): Promise<{ items: Record<string, unknown>[]; total: number; unreachable: string[] }> =>
    (await ask(`${world.door.url}/keelson/v1/audit${query}`, { headers })).body as never;

  it("has what was changed at the kernel and at agents through the door, and not what was only read", async () => {
    const post = (path: string, body: unknown): Promise<unknown> =>
      ask(world.door.url + path, { method: "POST", body, headers });
    await post("/mesos/api/v1", { type: "GET_STATE" });
    await post("/mesos/api/v1", { type: "UPDATE_QUOTA" });
    await post("/agent/S0/api/v1", {
      type: "KILL_CONTAINER",
      kill_container: { container_id: { value: "c1" } },
    });
    const found = await eventually("both are told", async () => {
      const { items } = await list("?user=admin");
      return items.some(({ object }) => object === "c1") && items;
    });
    expect(found).toContainEqual(
      expect.objectContaining({
        source: "kernel",
        action: "update.quota",
        user: "admin",
        from: "127.0.0.1",
        status: 200,
      }),
    );
    expect(found).toContainEqual(
      expect.objectContaining({ source: "agent", action: "kill.container", object: "c1", path: "/api/v1" }),
    );
    expect(JSON.stringify(found)).not.toContain("get.state");
  });

  it("merges all sources, newest first, and pages", async () => {
    const at = Date.now();
    const records = Array.from({ length: 5 }, (_, index) => ({
      id: `s${index}`,
      source: "services",
      at: at - index * 3_600_000,
      user: "bob",
      from: "127.0.0.1",
      action: "service.update",
      object: `/s${index}`,
      method: "PUT",
      path: "/v2/apps",
      status: 200,
      changes: [],
    }));
    world.services.respond = (request, response) => {
      const query = new URL(request.url ?? "", "http://x").searchParams;
      const offset = Number(query.get("offset"));
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({
          items: records.slice(offset, offset + Number(query.get("limit"))),
          total: 5,
          droppedBefore: at - 99_000_000,
        }),
      );
    };
    const all = await list("?limit=1000");
    expect(all.items.filter(({ source }) => source === "services")).toHaveLength(5);
    expect(all.items.some(({ source }) => source === "iam")).toBe(true);
    const times = all.items.map((record) => Number(record["at"]));
    expect(times).toEqual(times.toSorted((one, other) => other - one));
    expect(all.total).toBe(all.items.length);
    const paged = [...(await list("?limit=3")).items, ...(await list("?limit=3&offset=3")).items];
    expect(paged).toEqual(all.items.slice(0, 6));
    expect((await ask(`${world.door.url}/keelson/v1/audit?limit=0x10`, { headers })).status).toBe(422);
    world.services.respond = (_request, response) => response.writeHead(500).end("{}");
    const partial = await list();
    expect(partial.unreachable).toEqual([world.services.url]);
    expect(partial.items.length).toBeGreaterThan(0);
  });
});
