/** npm `@dcos/recordio`, unmodified, reads a scheduler's stream of a real cluster, however its chunks are cut. */
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";

interface SchedulerEvent {
  readonly type: string;
  readonly [name: string]: unknown;
}

const require = createRequire(import.meta.url);
// It has no types. It takes all text that is not read yet, and gives records with what is left.
const { read } = require("@dcos/recordio") as {
  readonly read: (input: string) => [records: string[], rest: string];
};

const name = "wörld ✓";
const role = "wörld✓";
let cluster: TestCluster;
let text = "";
let asItCame: SchedulerEvent[] = [];
const abort = new AbortController();

beforeAll(async () => {
  cluster = await startCluster({ agents: 1 });
  const url = `${cluster.info.services.kernel}/api/v1/scheduler`;
  const subscription = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({
      type: "SUBSCRIBE",
      subscribe: {
        framework_info: { user: "nobody", name, roles: [role], capabilities: [{ type: "MULTI_ROLE" }] },
      },
    }),
    signal: abort.signal,
  });
  expect(subscription.status).toBe(200);
  const reading = follow(subscription);
  const subscribed = await eventually("SUBSCRIBED", () => asItCame[0]);
  const { framework_id: frameworkId } = subscribed["subscribed"] as { readonly framework_id: object };
  // The answer about a task nobody knows brings its name back over the stream.
  const { status } = await ask(url, {
    method: "POST",
    body: {
      framework_id: frameworkId,
      type: "RECONCILE",
      reconcile: { tasks: [{ task_id: { value: name } }] },
    },
    headers: { "mesos-stream-id": subscription.headers.get("mesos-stream-id") ?? "" },
  });
  expect(status).toBe(202);
  await eventually("OFFERS, HEARTBEAT and UPDATE", () =>
    ["OFFERS", "HEARTBEAT", "UPDATE"].every((wanted) => asItCame.some(({ type }) => type === wanted)),
  );
  abort.abort();
  await reading;
}, 240_000);
afterAll(() => cluster.purge());

/** Reads pieces as the socket gives them, as the library's users do. */
async function follow(subscription: Response): Promise<void> {
  const utf8 = new TextDecoder();
  let rest = "";
  try {
    for await (const piece of subscription.body as unknown as AsyncIterable<Uint8Array>) {
      const more = utf8.decode(piece, { stream: true });
      text += more;
      const [records, left] = read(rest + more);
      rest = left;
      asItCame = [...asItCame, ...records.map((record) => JSON.parse(record) as SchedulerEvent)];
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
}

function readInPieces(given: string, sizeOf: () => number): { events: SchedulerEvent[]; rest: string } {
  const events: SchedulerEvent[] = [];
  let rest = "";
  for (let at = 0; at < given.length; ) {
    const size = sizeOf();
    const [records, left] = read(rest + given.slice(at, at + size));
    events.push(...records.map((record) => JSON.parse(record) as SchedulerEvent));
    rest = left;
    at += size;
  }
  return { events, rest };
}

describe("@dcos/recordio (npm), unmodified", () => {
  it("reads each record of a real stream as it comes: first SUBSCRIBED, then the others", () => {
    expect(asItCame[0]?.type).toBe("SUBSCRIBED");
    expect(asItCame[1]?.type).toBe("HEARTBEAT");
    expect(asItCame.filter(({ type }) => type === "SUBSCRIBED")).toHaveLength(1);
    const offers = asItCame.find(({ type }) => type === "OFFERS")?.["offers"];
    expect(offers).toMatchObject({ offers: [{ allocation_info: { role } }] });
    expect(asItCame.find(({ type }) => type === "UPDATE")).toMatchObject({
      update: { status: { task_id: { value: name }, reason: "REASON_RECONCILIATION" } },
    });
  });

  it("leaves nothing unread at the end of a whole stream", () => {
    expect(readInPieces(text, () => text.length)).toEqual({ events: asItCame, rest: "" });
  });

  it.each([1, 2, 3, 7, 100])("reads the same in pieces of %i characters", (size) => {
    expect(readInPieces(text, () => size)).toEqual({ events: asItCame, rest: "" });
  });

  it("reads the same wherever it is cut, by a hundred seeds", () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      let state = seed;
      const sizeOf = (): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
        return 1 + ((state >> 8) % 300);
      };
      expect(readInPieces(text, sizeOf), `seed ${seed}`).toEqual({ events: asItCame, rest: "" });
    }
  });
});
