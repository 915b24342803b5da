/** Rows 1 to 3, 8 to 13 and 113 of the Mesos checklist: the stream of a scheduler and the life of its framework. */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MasterBench } from "#kernel/master/testing.ts";
import { eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { KernelProcesses, processesOf } from "./kernel-processes.ts";
import { aTask, frameworkInfo, getJson, postJson, SchedulerClient, send } from "./scheduler-client.ts";

interface Framework {
  readonly id: string;
  readonly user: string;
  readonly checkpoint: boolean;
  readonly name: string;
  readonly active: boolean;
  readonly connected: boolean;
  readonly tasks: readonly { readonly id: string; readonly state: string }[];
  readonly completed_tasks: readonly { readonly id: string; readonly state: string }[];
}
interface Frameworks {
  readonly frameworks: readonly Framework[];
  readonly completed_frameworks: readonly Framework[];
}

let cluster: TestCluster;
let master: string;
beforeAll(async () => {
  cluster = await startCluster({ agents: 1 });
  master = cluster.info.services.kernel;
}, 240_000);
afterAll(() => cluster?.purge(), 240_000);

const frameworks = (): Promise<Frameworks> => getJson(`${master}/frameworks`);
const frameworkNow = async (id: string): Promise<Framework | undefined> =>
  (await frameworks()).frameworks.find((each) => each.id === id);
const completed = (id: string): Promise<Framework> =>
  eventually(`${id} is completed`, async () =>
    (await frameworks()).completed_frameworks.find((each) => each.id === id),
  );
const nothingRuns = (id: string): Promise<unknown> =>
  eventually(`no process of ${id}`, () => processesOf(id).length === 0);

/** Subscribes and has one task run. */
async function withTask(info: object = {}): Promise<SchedulerClient> {
  const scheduler = await SchedulerClient.subscribe(master, info);
  const offer = await scheduler.offer();
  await scheduler.launch(offer, aTask("lives", offer));
  await scheduler.status("lives", "TASK_RUNNING");
  expect(processesOf(scheduler.frameworkId)).not.toEqual([]);
  return scheduler;
}

describe("the stream", () => {
  it("mesos.md§8#1 ten thousand events with text of many bytes a character keep their framing", async () => {
    const scheduler = await SchedulerClient.subscribe(master);
    const ids = Array.from({ length: 10_000 }, (_none, index) => `задача-☃-𝒳-任务-${index}`);
    for (let start = 0; start < ids.length; start += 1_000)
      await scheduler.reconcile(...ids.slice(start, start + 1_000).map((taskId) => ({ taskId })));
    const updates = () => scheduler.events.flatMap(({ update }) => update?.status.task_id.value ?? []);
    await scheduler.until("all answers", () => (updates().length >= ids.length ? true : undefined));
    expect(updates()).toEqual(ids);
    // An offer may be under way in two pieces.
    await scheduler.until("the end of a record", () => (scheduler.records.isWhole ? true : undefined));
    await scheduler.teardown();
  });

  it("mesos.md§8#2 begins chunked with its stream id, then SUBSCRIBED and a heartbeat, one record a chunk", async () => {
    const { host, port, hostname } = new URL(master);
    const body = JSON.stringify({
      type: "SUBSCRIBE",
      subscribe: { framework_info: frameworkInfo({ failover_timeout: 0 }) },
    });
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /api/v1/scheduler HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    const heard: Buffer[] = [];
    socket.on("data", (piece: Buffer) => heard.push(piece));
    const text = await eventually("two records", () => {
      const all = Buffer.concat(heard).toString("latin1");
      return all.includes('"HEARTBEAT"') && all.endsWith("\r\n") && all;
    });
    socket.destroy();
    const [head = "", ...rest] = text.split("\r\n\r\n");
    const [line, ...headers] = head.toLowerCase().split("\r\n");
    expect(line).toBe("http/1.1 200 ok");
    expect(headers).toContain("transfer-encoding: chunked");
    expect(headers).toContain("content-type: application/json");
    expect(headers.find((each) => each.startsWith("mesos-stream-id: "))).toMatch(/: \S{1,128}$/);
    const records = chunks(rest.join("\r\n\r\n")).map((chunk) => {
      const [length, record = ""] = chunk.split(/\n(.*)/s);
      expect(Number(length)).toBe(Buffer.byteLength(record));
      return JSON.parse(record) as { readonly type: string; readonly subscribed?: object };
    });
    expect(records.slice(0, 2).map(({ type }) => type)).toEqual(["SUBSCRIBED", "HEARTBEAT"]);
    const { id } = await getJson<{ readonly id: string }>(`${master}/state`);
    expect(records[0]?.subscribed).toMatchObject({
      framework_id: { value: expect.stringMatching(new RegExp(`^${id}-\\d{4,}$`)) },
      heartbeat_interval_seconds: 15,
      master_info: { id, port: Number(port), hostname, address: { hostname, port: Number(port) } },
    });
  });

  it("mesos.md§8#3 an idle stream has four more heartbeats in a minute, on the wire as in the core", async () => {
    const bench = new MasterBench();
    bench.framework("s");
    const heartbeats = (): number => bench.events("s").filter(({ type }) => type === "HEARTBEAT").length;
    expect(heartbeats()).toBe(1);
    bench.pass(60_000);
    expect(heartbeats()).toBe(5);

    const world = await KernelProcesses.start({ heartbeatIntervalMs: 300 });
    try {
      const scheduler = await world.subscribe();
      const start = performance.now();
      await scheduler.until("four more", () =>
        scheduler.events.filter(({ type }) => type === "HEARTBEAT").length >= 5 ? true : undefined,
      );
      expect(performance.now() - start).toBeGreaterThan(800);
      expect(scheduler.events[0]?.subscribed?.heartbeat_interval_seconds).toBe(0.3);
    } finally {
      await world.close();
    }
  });

  it("mesos.md§8#8 a call needs the id of the stream that is open now", async () => {
    const old = await SchedulerClient.subscribe(master);
    const { frameworkId } = old;
    const scheduler = await SchedulerClient.subscribe(master, {}, { frameworkId });
    expect(scheduler.streamId).not.toBe(old.streamId);
    expect((await scheduler.send("REVIVE", {}, old.streamId)).status).toBe(400);
    const without = await postJson(scheduler.url, { type: "REVIVE", framework_id: { value: frameworkId } });
    expect(without.status).toBe(400);
    expect((await scheduler.send("REVIVE")).status).toBe(202);
    scheduler.drop();
    await eventually(
      "the master noticed",
      async () => (await frameworkNow(frameworkId))?.connected === false,
    );
    const late = await scheduler.send("REVIVE");
    expect([late.status, late.text]).toEqual([403, "Framework is not subscribed"]);
    expect((await send(`${master}/teardown`, { body: `frameworkId=${frameworkId}` })).status).toBe(200);
  });
});

/** The bodies of whole chunks. */
function chunks(text: string): readonly string[] {
  const found: string[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf("\r\n");
    if (end === -1) return found;
    const length = Number.parseInt(rest.slice(0, end), 16);
    const stop = end + 2 + length;
    if (rest.length < stop + 2) return found;
    expect(rest.slice(stop, stop + 2)).toBe("\r\n");
    found.push(rest.slice(end + 2, stop));
    rest = rest.slice(stop + 2);
  }
}

describe("a framework", () => {
  it("mesos.md§8#9 that subscribes again takes over: the earlier stream hears why and ends, tasks stay", async () => {
    const first = await withTask();
    const second = await SchedulerClient.subscribe(master, {}, { frameworkId: first.frameworkId });
    await first.untilClosed();
    expect(first.events.at(-1)).toEqual({ type: "ERROR", error: { message: "Framework failed over" } });
    expect(first.records.isWhole).toBe(true);
    expect(second.frameworkId).toBe(first.frameworkId);
    await second.reconcile();
    expect((await second.status("lives", "TASK_RUNNING")).reason).toBe("REASON_RECONCILIATION");
    const { tasks, connected } = (await frameworkNow(first.frameworkId)) as Framework;
    expect(tasks.map(({ id, state }) => [id, state])).toEqual([["lives", "TASK_RUNNING"]]);
    expect(connected).toBe(true);
    expect(processesOf(second.frameworkId)).not.toEqual([]);
    await second.teardown();
  });

  it("mesos.md§8#10 without a stream keeps its tasks until its failover timeout, and ends for good then", async () => {
    const scheduler = await withTask({ failover_timeout: 3 });
    const { frameworkId } = scheduler;
    scheduler.drop();
    const away = await eventually("the master noticed", async () => {
      const framework = await frameworkNow(frameworkId);
      return framework?.connected === false && framework;
    });
    expect(away).toMatchObject({ active: false, tasks: [{ id: "lives", state: "TASK_RUNNING" }] });
    expect(processesOf(frameworkId)).not.toEqual([]);
    const { tasks, completed_tasks } = await completed(frameworkId);
    expect(tasks).toEqual([]);
    expect(completed_tasks).toMatchObject([{ id: "lives", state: "TASK_KILLED" }]);
    await nothingRuns(frameworkId);
    const late = await SchedulerClient.subscribe(master, {}, { frameworkId, mayBeRefused: true });
    expect(late.head?.status).toBe(200);
    expect(late.events).toEqual([{ type: "ERROR", error: { message: "Framework has been removed" } }]);
    await late.untilClosed();
  });

  it("mesos.md§8#11 with a failover timeout of 0 is completed as soon as its stream breaks", async () => {
    const scheduler = await withTask({ failover_timeout: 0 });
    scheduler.drop();
    await completed(scheduler.frameworkId);
    await nothingRuns(scheduler.frameworkId);
  });

  it.each([
    ["its own call", (scheduler: SchedulerClient) => scheduler.send("TEARDOWN"), 202],
    [
      "the operator's form",
      ({ frameworkId }: SchedulerClient) =>
        send(`${master}/master/teardown`, { body: `frameworkId=${frameworkId}` }),
      200,
    ],
    [
      "the operator's call",
      ({ frameworkId }: SchedulerClient) =>
        postJson(`${master}/api/v1`, {
          type: "TEARDOWN",
          teardown: { framework_id: { value: frameworkId } },
        }),
      200,
    ],
  ])("mesos.md§8#12 torn down by %s loses its tasks and its stream", async (_how, end, status) => {
    const scheduler = await withTask();
    expect((await end(scheduler)).status).toBe(status);
    await scheduler.untilClosed();
    expect(scheduler.statuses("lives").map(({ state }) => state)).not.toContain("TASK_KILLED");
    const { completed_tasks } = await completed(scheduler.frameworkId);
    expect(completed_tasks).toMatchObject([{ id: "lives", state: "TASK_KILLED" }]);
    await nothingRuns(scheduler.frameworkId);
    expect((await end(scheduler)).status).toBe(400);
  });

  it("mesos.md§8#13 keeps its user, checkpoint and principal whatever a later subscription or update says", async () => {
    const first = await SchedulerClient.subscribe(master, { user: "one", checkpoint: true, principal: "p" });
    const { frameworkId } = first;
    const info = { user: "other", checkpoint: false, principal: "p", name: "renamed" };
    const second = await SchedulerClient.subscribe(master, info, { frameworkId });
    const kept = await frameworkNow(frameworkId);
    expect(kept).toMatchObject({ user: "one", checkpoint: true, name: "renamed" });
    const stranger = await SchedulerClient.subscribe(
      master,
      { principal: "q" },
      { frameworkId, mayBeRefused: true },
    );
    await stranger.untilClosed();
    expect(stranger.events.map(({ type }) => type)).toEqual(["ERROR"]);
    for (const change of [{ user: "other" }, { checkpoint: false }, { principal: "q" }]) {
      const given = { user: "one", principal: "p", checkpoint: true, id: { value: frameworkId }, ...change };
      const update = { framework_info: frameworkInfo(given) };
      expect((await second.send("UPDATE_FRAMEWORK", { update_framework: update })).status).toBe(400);
    }
    expect(await frameworkNow(frameworkId)).toMatchObject({ user: "one", checkpoint: true, connected: true });
    await second.teardown();
  });

  it("mesos.md§8#14 is offered what its new role may have, and loses the offers of the old", async () => {
    const capabilities = [{ type: "MULTI_ROLE" }];
    const scheduler = await SchedulerClient.subscribe(master, { capabilities, roles: ["before"] });
    const { frameworkId } = scheduler;
    const offer = await scheduler.offer();
    expect(offer.allocation_info?.role).toBe("before");
    const framework_info = frameworkInfo({ capabilities, roles: ["after"], id: { value: frameworkId } });
    expect((await scheduler.send("UPDATE_FRAMEWORK", { update_framework: { framework_info } })).status).toBe(
      200,
    );
    await scheduler.until("the old offer is taken back", () =>
      scheduler.events.find(({ rescind }) => rescind?.offer_id.value === offer.id.value),
    );
    await scheduler.until("an offer for the new role", () =>
      scheduler.events.some(({ offers }) =>
        offers?.offers?.some(({ allocation_info: allocation }) => allocation?.role === "after"),
      ),
    );
    await scheduler.teardown();
  });

  it("mesos.md§8#113 fifty frameworks that ended are remembered, and the oldest goes for one more", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 51; count += 1) {
      const scheduler = await SchedulerClient.subscribe(
        master,
        { name: `short-${count}` },
        { suppressed: ["*"] },
      );
      ids.push(scheduler.frameworkId);
      await scheduler.teardown();
    }
    const { completed_frameworks } = await frameworks();
    expect(completed_frameworks.map(({ id }) => id)).toEqual(ids.slice(1));
  });
});

describe("a FrameworkInfo that cannot be", () => {
  it.each(["a/b", "..", "../../../../etc", "a\\b", "a\nb", "a".repeat(256)])(
    "is refused by an ERROR inside the stream: the id %j, which would lead elsewhere",
    async (frameworkId) => {
      const scheduler = await SchedulerClient.subscribe(master, {}, { frameworkId, mayBeRefused: true });
      await scheduler.untilClosed();
      expect(scheduler.events.map(({ type }) => type)).toEqual(["ERROR"]);
    },
  );

  it.each([
    ["a role twice", { roles: ["a", "a"] }],
    ["a role that is no role", { roles: ["a/../b"] }],
    ["a role too long to be a key or a folder", { roles: ["r".repeat(256)] }],
    ["roles without MULTI_ROLE", { capabilities: [] }],
    ["role with MULTI_ROLE", { role: "a", roles: undefined }],
    ["a negative failover timeout", { failover_timeout: -1 }],
    [
      "a negative minimum",
      {
        offer_filters: {
          "*": { min_allocatable_resources: { quantities: [{ quantities: { cpus: { value: -1 } } }] } },
        },
      },
    ],
  ])("is refused by an ERROR inside the stream: %s", async (_what, info) => {
    const scheduler = await SchedulerClient.subscribe(master, info, { mayBeRefused: true });
    expect(scheduler.head?.status).toBe(200);
    await scheduler.untilClosed();
    expect(scheduler.events.map(({ type }) => type)).toEqual(["ERROR"]);
  });
});
