/** Rows 5, 7, 19, 20, 23 and 111 of the Mesos checklist: calls of a scheduler, what they are answered and what they do. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import {
  aTask,
  frameworkInfo,
  getJson,
  type Reply,
  SchedulerClient,
  scalarOf,
  send,
} from "./scheduler-client.ts";

let cluster: TestCluster;
let master: string;
beforeAll(async () => {
  cluster = await startCluster({ agents: 1 });
  master = cluster.info.services.kernel;
}, 240_000);
afterAll(() => cluster?.purge(), 240_000);

const partitionAware = { capabilities: [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }] };
const invalidUuid = Buffer.from("short").toString("base64");

describe("status codes", () => {
  const json = { "content-type": "application/json" };
  let scheduler: SchedulerClient;
  /** A framework that is known and has no stream. */
  let away: string;
  beforeAll(async () => {
    scheduler = await SchedulerClient.subscribe(master, {}, { suppressed: ["*"] });
    const other = await SchedulerClient.subscribe(master, {}, { suppressed: ["*"] });
    away = other.frameworkId;
    other.drop();
    await eventually("the master noticed", async () => {
      const id = { framework_id: { value: away }, type: "REVIVE" };
      return (await ask({ headers: json, body: id })).status === 403;
    });
  });
  afterAll(async () => {
    await scheduler?.teardown();
    await send(`${master}/teardown`, { body: `frameworkId=${away}` });
  });

  interface Case {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: object | string;
  }
  const ask = ({ method = "POST", headers = {}, body }: Case): Promise<Reply> =>
    send(`${master}/api/v1/scheduler`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  const subscribe = { type: "SUBSCRIBE", subscribe: { framework_info: frameworkInfo() } };
  /** A call of the framework that is connected, on its stream. */
  const own = (call: object, headers: Case["headers"] = {}): Case => ({
    headers: { ...json, "mesos-stream-id": scheduler.streamId, ...headers },
    body: { framework_id: { value: scheduler.frameworkId }, ...call },
  });

  const cases: readonly (readonly [number, string, () => Case])[] = [
    [405, "a method other than POST", () => ({ method: "GET" })],
    [405, "PUT", () => ({ method: "PUT", headers: json, body: subscribe })],
    [400, "no Content-Type", () => ({ body: subscribe })],
    [
      415,
      "a Content-Type that is not spoken",
      () => ({ headers: { "content-type": "text/plain" }, body: subscribe }),
    ],
    [
      415,
      "such a type, though the body is not readable either",
      () => ({ headers: { "content-type": "text/xml" }, body: "{" }),
    ],
    [400, "a body that is no JSON", () => ({ headers: json, body: "{" })],
    [400, "a body that is no object", () => ({ headers: json, body: "[]" })],
    [400, "no type", () => ({ headers: json, body: {} })],
    [400, "SUBSCRIBE without its message", () => ({ headers: json, body: { type: "SUBSCRIBE" } })],
    [
      400,
      "SUBSCRIBE without a required field",
      () => ({ headers: json, body: { type: "SUBSCRIBE", subscribe: {} } }),
    ],
    [
      400,
      "SUBSCRIBE with two ids",
      () => ({ headers: json, body: { ...subscribe, framework_id: { value: "other" } } }),
    ],
    [
      406,
      "SUBSCRIBE that accepts nothing spoken",
      () => ({ headers: { ...json, accept: "text/html" }, body: subscribe }),
    ],
    [
      400,
      "SUBSCRIBE on a stream",
      () => ({ headers: { ...json, "mesos-stream-id": "any" }, body: subscribe }),
    ],
    [400, "a call without the framework's id", () => ({ headers: json, body: { type: "REVIVE" } })],
    [
      400,
      "a call of a framework nobody knows",
      () => ({ headers: json, body: { type: "REVIVE", framework_id: { value: "nobody" } } }),
    ],
    [
      403,
      "a call of a framework without a stream",
      () => ({ headers: json, body: { type: "REVIVE", framework_id: { value: away } } }),
    ],
    [400, "ACCEPT without its message", () => own({ type: "ACCEPT" })],
    [
      400,
      "ACKNOWLEDGE with a uuid of 5 bytes",
      () =>
        own({
          type: "ACKNOWLEDGE",
          acknowledge: { agent_id: { value: "a" }, task_id: { value: "t" }, uuid: invalidUuid },
        }),
    ],
    [
      400,
      "ACKNOWLEDGE_OPERATION_STATUS without an agent",
      () =>
        own({
          type: "ACKNOWLEDGE_OPERATION_STATUS",
          acknowledge_operation_status: {
            operation_id: { value: "o" },
            uuid: Buffer.alloc(16).toString("base64"),
          },
        }),
    ],
    [
      400,
      "no stream id",
      () => ({ headers: json, body: { type: "REVIVE", framework_id: { value: scheduler.frameworkId } } }),
    ],
    [400, "another stream's id", () => own({ type: "REVIVE" }, { "mesos-stream-id": "another" })],
    [
      406,
      "RECONCILE_OPERATIONS that accepts nothing spoken",
      () => own({ type: "RECONCILE_OPERATIONS", reconcile_operations: {} }, { accept: "text/html" }),
    ],
    [501, "UNKNOWN", () => own({ type: "UNKNOWN" })],
    [202, "a call whatever it accepts", () => own({ type: "SUPPRESS" }, { accept: "text/html" })],
    [
      202,
      "a call with more than is known, and a charset",
      () => own({ type: "SUPPRESS", more: 1 }, { "content-type": "application/json; charset=utf-8" }),
    ],
    [
      202,
      "a call of something that is not there",
      () => own({ type: "DECLINE", decline: { offer_ids: [{ value: "none" }] } }),
    ],
    [202, "REQUEST, which changes nothing", () => own({ type: "REQUEST", request: { requests: [] } })],
  ];
  it.each(cases)("mesos.md§8#7 %i for %s", async (status, _what, makeCase) => {
    const reply = await ask(makeCase());
    expect([reply.status, reply.text]).toEqual([status, status === 202 ? "" : expect.any(String)]);
    if (status === 405) expect(reply.headers.allow).toBe("POST");
    if (status >= 400) expect(reply.text).not.toBe("");
  });
});

describe("launching", () => {
  it("mesos.md§8#5 in JSON and without Accept, from subscription to teardown", async () => {
    const scheduler = await SchedulerClient.subscribe(master);
    expect(scheduler.head).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
    scheduler.acknowledges = false;
    const offer = await scheduler.offer();
    await scheduler.launch(offer, aTask("one", offer, { command: "exit 0" }));
    for (const state of ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"])
      await scheduler.acknowledge(await scheduler.status("one", state));
    await scheduler.teardown();
    const { completed_frameworks: ended } = await getJson<{
      readonly completed_frameworks: readonly {
        readonly id: string;
        readonly completed_tasks: readonly object[];
      }[];
    }>(`${master}/state`);
    const own = ended.find(({ id }) => id === scheduler.frameworkId);
    expect(own?.completed_tasks).toMatchObject([{ id: "one", state: "TASK_FINISHED" }]);
  });

  it("mesos.md§8#19 a task starts, runs and finishes with a uuid each time, and its resources come back", async () => {
    const scheduler = await SchedulerClient.subscribe(master);
    const offer = await scheduler.offer();
    const whole = scalarOf(offer.resources, "cpus");
    const started = performance.now() / 1000;
    await scheduler.launch(offer, aTask("one", offer, { command: "sleep 1; exit 0", cpus: 0.5 }));
    const rest = await scheduler.offer();
    expect(scalarOf(rest.resources, "cpus")).toBeCloseTo(whole - 0.5, 3);
    await scheduler.decline(rest, 0);
    await scheduler.status("one", "TASK_FINISHED");
    expect(performance.now() / 1000 - started).toBeGreaterThan(0.9);
    const told = scheduler.statuses("one");
    expect(told.map(({ state }) => state)).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]);
    expect(new Set(told.map(({ uuid }) => uuid)).size).toBe(3);
    for (const status of told) {
      expect(Buffer.from(status.uuid ?? "", "base64")).toHaveLength(16);
      expect(status.timestamp).toBeGreaterThan(1.5e9);
      expect(status).toMatchObject({ source: "SOURCE_EXECUTOR", agent_id: offer.agent_id });
    }
    for (;;) {
      const later = await scheduler.offer();
      if (scalarOf(later.resources, "cpus") === whole) break;
      await scheduler.decline(later, 0);
    }
    await scheduler.teardown();
  });

  it("mesos.md§8#20 of several tasks the bad ones end in TASK_ERROR, one each, and the others run", async () => {
    const scheduler = await SchedulerClient.subscribe(master);
    const offer = await scheduler.offer();
    const bad = {
      "no/id": aTask("no/id", offer),
      greedy: aTask("greedy", offer, { cpus: 100_000 }),
      elsewhere: aTask("elsewhere", offer, { more: { agent_id: { value: "elsewhere" } } }),
      empty: aTask("empty", offer, { more: { resources: [] } }),
      late: aTask("late", offer, { more: { max_completion_time: { nanoseconds: -1 } } }),
    };
    const [first, ...rest] = Object.values(bad);
    await scheduler.launch(
      offer,
      aTask("good", offer),
      ...(first === undefined ? [] : [first]),
      aTask("better", offer),
      ...rest,
    );
    for (const id of ["good", "better"]) await scheduler.status(id, "TASK_RUNNING");
    for (const id of Object.keys(bad)) {
      await scheduler.status(id, "TASK_ERROR");
      expect(scheduler.statuses(id), id).toHaveLength(1);
      const [status] = scheduler.statuses(id);
      expect(status, id).toMatchObject({ source: "SOURCE_MASTER", reason: "REASON_TASK_INVALID" });
      expect(status?.uuid, id).toBeUndefined();
      expect(status?.message, id).toEqual(expect.stringMatching(/./));
    }
    await scheduler.teardown();
  });

  it.each([
    ["LOST", {}],
    ["DROPPED, where that is understood", partitionAware],
  ])("mesos.md§8#23 a launch on an offer that was used already is %s", async (expected, info) => {
    const scheduler = await SchedulerClient.subscribe(master, info);
    const offer = await scheduler.offer();
    await scheduler.launch(offer, aTask("first", offer));
    await scheduler.launch(offer, aTask("second", offer), aTask("third", offer));
    for (const id of ["second", "third"]) {
      const status = await scheduler.status(id, `TASK_${expected.split(",")[0]}`);
      expect(status).toMatchObject({ source: "SOURCE_MASTER", reason: "REASON_INVALID_OFFERS" });
      expect(status.uuid).toBeUndefined();
    }
    await scheduler.status("first", "TASK_RUNNING");
    const [live, twice] = [await scheduler.offer(), aTask("fourth", offer)];
    await scheduler.accept([live, live], [{ type: "LAUNCH", launch: { task_infos: [twice] } }]);
    expect((await scheduler.status("fourth", ["TASK_LOST", "TASK_DROPPED"])).reason).toBe(
      "REASON_INVALID_OFFERS",
    );
    // The live offer of a refused call is over as well, and what was in it comes back.
    const next = await scheduler.offer();
    expect(scalarOf(next.resources, "cpus")).toBe(scalarOf(live.resources, "cpus"));
    await scheduler.teardown();
  });

  it("mesos.md§8#111 a task with the id of a live one ends in TASK_ERROR, and the live one goes on", async () => {
    const scheduler = await SchedulerClient.subscribe(master);
    const offer = await scheduler.offer();
    await scheduler.launch(offer, aTask("same", offer), aTask("same", offer));
    const twin = await scheduler.status("same", "TASK_ERROR");
    expect(twin).toMatchObject({ source: "SOURCE_MASTER", reason: "REASON_TASK_INVALID" });
    await scheduler.status("same", "TASK_RUNNING");
    const before = scheduler.statuses("same").length;
    const next = await scheduler.offer();
    await scheduler.launch(next, aTask("same", next));
    await scheduler.status("same", "TASK_ERROR", before);
    await scheduler.reconcile({ taskId: "same" });
    expect((await scheduler.status("same", "TASK_RUNNING", before)).reason).toBe("REASON_RECONCILIATION");
    // An id is free again when its task has ended and that was acknowledged.
    await scheduler.kill("same");
    await scheduler.status("same", "TASK_KILLED");
    const count = scheduler.statuses("same").length;
    await eventually("the id is free", async () => {
      const { tasks } = await getJson<{ readonly tasks: readonly { readonly state: string }[] }>(
        `${master}/tasks?framework_id=${scheduler.frameworkId}`,
      );
      return tasks.every(({ state }) => state === "TASK_KILLED");
    });
    const last = await scheduler.offer();
    await scheduler.launch(last, aTask("same", last));
    await scheduler.status("same", "TASK_RUNNING", count);
    await scheduler.teardown();
  });
});
