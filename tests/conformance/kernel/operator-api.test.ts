/** Rows 94 to 96 and 98 of the Mesos checklist: what operators' tools read of a master, and its event stream. */
import { type ClientRequest, request as httpRequest } from "node:http";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import {
  aTask,
  frameworkInfo,
  postJson,
  type SchedulerClient,
  StrictRecords,
  scalarOf,
} from "./scheduler-client.ts";

const folder = fileURLToPath(new URL("../../../src/contracts/kernel/proto/", import.meta.url));
const root = new protobuf.Root();
root.resolvePath = (_origin, name) => (name.startsWith("google/") ? name : `${folder}${name}`);
root.loadSync(["master.proto"], { keepCase: true });
const protobufType = "application/x-protobuf";

type Document = { readonly [name: string]: unknown };

let world: KernelProcesses;
let scheduler: SchedulerClient;
beforeAll(async () => {
  world = await KernelProcesses.start();
  await world.startAgent("a", { attributes: "rack:r1" });
  await world.startAgent("b");
  scheduler = await world.subscribe({ name: "reader", checkpoint: true });
  for (const name of ["one", "two"]) {
    const offer = await scheduler.offer();
    await scheduler.launch(offer, aTask(name, offer));
    await scheduler.status(name, "TASK_RUNNING");
  }
  const offer = await scheduler.offer();
  await scheduler.launch(offer, aTask("ended", offer, { command: "exit 0" }));
  await scheduler.status("ended", "TASK_FINISHED");
  await scheduler.rest();
}, 240_000);
afterAll(() => world?.close(), 240_000);

async function call(type: string, fields: object = {}): Promise<Document> {
  const { status, text } = await postJson(`${world.masterUrl}/api/v1`, { type, ...fields });
  expect({ type, status }).toEqual({ type, status: 200 });
  return text === "" ? {} : (JSON.parse(text) as Document);
}

async function callProtobuf(type: string): Promise<Document> {
  const messageType = root.lookupType("mesos.v1.master.Call");
  const body = new Uint8Array(messageType.encode(messageType.fromObject({ type })).finish());
  const answer = await fetch(`${world.masterUrl}/api/v1`, {
    method: "POST",
    headers: { "content-type": protobufType, accept: protobufType },
    body,
  });
  expect({ type, status: answer.status, as: answer.headers.get("content-type") }).toEqual({
    type,
    status: 200,
    as: protobufType,
  });
  const response = root.lookupType("mesos.v1.master.Response");
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return response.toObject(response.decode(bytes), { enums: String, longs: Number, bytes: String });
}

/** What of an answer has one form in both encodings: names, without empty lists, which protobuf does not tell from none. */
function namesOf(value: unknown, path = ""): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((each) => namesOf(each, `${path}[]`));
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, each]) => namesOf(each, `${path}.${name}`));
}

describe("mesos.md§8#94 every read of the operator API, in JSON and in protobuf", () => {
  it.each([
    "GET_HEALTH",
    "GET_FLAGS",
    "GET_VERSION",
    "GET_METRICS",
    "GET_LOGGING_LEVEL",
    "GET_STATE",
    "GET_AGENTS",
    "GET_FRAMEWORKS",
    "GET_EXECUTORS",
    "GET_OPERATIONS",
    "GET_TASKS",
    "GET_ROLES",
    "GET_WEIGHTS",
    "GET_MASTER",
    "GET_QUOTA",
    "GET_MAINTENANCE_STATUS",
    "GET_MAINTENANCE_SCHEDULE",
  ])("%s", async (type) => {
    const [asJson, asProtobuf] = [await call(type), await callProtobuf(type)];
    expect(asJson["type"]).toBe(type);
    expect(asProtobuf["type"]).toBe(type);
    expect(Object.keys(asJson)).toEqual(["type", type.toLowerCase()]);
    // Numbers that are measured come and go; which fields there are does not.
    if (type !== "GET_METRICS")
      expect([...new Set(namesOf(asProtobuf))].sort()).toEqual([...new Set(namesOf(asJson))].sort());
  });

  it("and what they say is what was done", async () => {
    const { get_state: state } = (await call("GET_STATE")) as { readonly get_state: Snapshot };
    const tasks = state.get_tasks.tasks.map((task) => [task.task_id.value, task.state]);
    expect(Object.fromEntries(tasks)).toEqual({ one: "TASK_RUNNING", two: "TASK_RUNNING" });
    expect(state.get_tasks.completed_tasks.map(({ task_id }) => task_id.value)).toEqual(["ended"]);
    expect(state.get_agents.agents.map(({ agent_info }) => agent_info.hostname).sort()).toEqual([
      "a.test",
      "b.test",
    ]);
    expect(state.get_frameworks.frameworks.map(({ framework_info }) => framework_info.name)).toEqual([
      "reader",
    ]);
  });

  it("an unknown type and a malformed call are told apart", async () => {
    const url = `${world.masterUrl}/api/v1`;
    expect((await postJson(url, { type: "UNKNOWN" })).status).toBe(501);
    expect((await postJson(url, { type: "SET_LOGGING_LEVEL" })).status).toBe(400);
    expect((await postJson(url, {})).status).toBe(400);
    const update_weights = { weight_infos: [{ role: "r".repeat(256), weight: 2 }] };
    expect((await postJson(url, { type: "UPDATE_WEIGHTS", update_weights })).status).toBe(400);
    expect(
      (await postJson(url, { type: "READ_FILE", read_file: { path: "/no/log", offset: 0 } })).status,
    ).toBe(404);
  });

  it("the logging level falls back when its time is over", async () => {
    const level = async (): Promise<unknown> =>
      ((await call("GET_LOGGING_LEVEL"))["get_logging_level"] as Document)["level"];
    expect(await level()).toBe(0);
    const set = (nanoseconds: number): object => ({
      set_logging_level: { level: 2, duration: { nanoseconds } },
    });
    await call("SET_LOGGING_LEVEL", set(60_000_000_000));
    expect(await level()).toBe(1);
    await call("SET_LOGGING_LEVEL", set(1_000_000));
    await eventually("the usual level", async () => (await level()) === 0);
  });
});

interface Snapshot {
  readonly get_tasks: {
    readonly tasks: readonly WireTask[];
    readonly completed_tasks: readonly WireTask[];
    readonly unreachable_tasks: readonly WireTask[];
  };
  readonly get_agents: {
    readonly agents: readonly { readonly agent_info: { readonly id: Id; readonly hostname: string } }[];
  };
  readonly get_frameworks: {
    readonly frameworks: readonly { readonly framework_info: { readonly id: Id; readonly name: string } }[];
  };
}
interface Id {
  readonly value: string;
}
interface WireTask {
  readonly task_id: Id;
  readonly framework_id: Id;
  readonly state: string;
}
interface StreamEvent {
  readonly type: string;
  readonly subscribed?: { readonly get_state: Snapshot };
  readonly task_added?: { readonly task: WireTask };
  readonly task_updated?: {
    readonly framework_id: Id;
    readonly status: { readonly task_id: Id };
    readonly state: string;
  };
  readonly agent_added?: { readonly agent: Snapshot["get_agents"]["agents"][number] };
  readonly agent_removed?: { readonly agent_id: Id };
  readonly framework_added?: { readonly framework: Snapshot["get_frameworks"]["frameworks"][number] };
  readonly framework_removed?: { readonly framework_info: { readonly id: Id } };
}

/** Reads the stream, or does not read it. */
class Subscriber {
  readonly events: StreamEvent[] = [];
  isClosed = false;
  readonly #request: ClientRequest;

  constructor(url: string, options: { readonly reads: boolean } = { reads: true }) {
    const records = new StrictRecords();
    const headers = { "content-type": "application/json" };
    this.#request = httpRequest(`${url}/api/v1`, { method: "POST", headers, agent: false }, (response) => {
      const end = (): void => {
        this.isClosed = true;
      };
      response.once("close", end);
      response.once("error", end);
      response.on("data", (piece: Buffer) => {
        for (const record of records.push(piece))
          this.events.push(JSON.parse(record.toString()) as StreamEvent);
        if (!options.reads && this.isSubscribed) response.pause();
      });
    });
    this.#request.once("error", () => {
      this.isClosed = true;
    });
    this.#request.end(JSON.stringify({ type: "SUBSCRIBE" }));
  }

  get isSubscribed(): boolean {
    return this.events[0]?.type === "SUBSCRIBED";
  }

  close(): void {
    this.#request.destroy();
  }
}

/** The tasks, agents and frameworks that somebody knows who heard this stream and nothing else. */
function replayed(events: readonly StreamEvent[]): Document {
  const [first, ...rest] = events;
  const snapshot = first?.subscribed?.get_state;
  if (snapshot === undefined) throw new Error("the stream did not begin with SUBSCRIBED");
  const tasks = new Map(snapshot.get_tasks.tasks.map((task) => [keyOf(task), task.state]));
  const agents = new Set(snapshot.get_agents.agents.map(({ agent_info }) => agent_info.id.value));
  const frameworks = new Set(
    snapshot.get_frameworks.frameworks.map(({ framework_info }) => framework_info.id.value),
  );
  for (const event of rest) {
    const { task_added, task_updated, agent_added, agent_removed, framework_added, framework_removed } =
      event;
    if (task_added !== undefined) {
      const key = keyOf(task_added.task);
      if (tasks.has(key)) throw new Error(`${key} was added twice`);
      tasks.set(key, task_added.task.state);
    }
    if (task_updated !== undefined) {
      const key = `${task_updated.framework_id.value} ${task_updated.status.task_id.value}`;
      tasks.set(key, task_updated.state);
    }
    if (agent_added !== undefined) agents.add(agent_added.agent.agent_info.id.value);
    if (agent_removed !== undefined) agents.delete(agent_removed.agent_id.value);
    if (framework_added !== undefined) {
      const id = framework_added.framework.framework_info.id.value;
      if (frameworks.has(id)) throw new Error(`${id} was added twice`);
      frameworks.add(id);
    }
    if (framework_removed !== undefined) {
      const id = framework_removed.framework_info.id.value;
      frameworks.delete(id);
      for (const key of tasks.keys()) if (key.startsWith(`${id} `)) tasks.delete(key);
    }
  }
  return comparable(tasks, agents, frameworks);
}

const keyOf = ({ framework_id, task_id }: WireTask): string => `${framework_id.value} ${task_id.value}`;
const ended = /FINISHED|FAILED|KILLED|ERROR|LOST|GONE|DROPPED/;

/** Ended tasks leave the list when they are acknowledged, of which the stream does not tell. */
function comparable(
  tasks: ReadonlyMap<string, string>,
  agents: Iterable<string>,
  frameworks: Iterable<string>,
): Document {
  return {
    tasks: [...tasks].filter(([, state]) => !ended.test(state)).sort(),
    agents: [...agents].sort(),
    frameworks: [...frameworks].sort(),
  };
}

describe("the operator stream", () => {
  it("mesos.md§8#95 snapshot and events together are the state, whenever it was begun", async () => {
    const subscribers: Subscriber[] = [];
    const begin = setInterval(() => {
      if (subscribers.length < 40) subscribers.push(new Subscriber(world.masterUrl));
    }, 40);
    try {
      for (let round = 0; round < 6; round += 1) {
        const other = await world.subscribe({ name: `churn-${round}` });
        const offer = await other.offer((each) => scalarOf(each.resources, "cpus") >= 1);
        const names = Array.from({ length: 8 }, (_, index) => `churn-${round}-${index}`);
        const made = names.map((name, index) =>
          aTask(name, offer, { cpus: 0.01, mem: 4, command: index % 2 === 0 ? "exit 0" : "exec sleep 1000" }),
        );
        await other.launch(offer, ...made);
        // What it held would be missing to those who come after it, if this round took longer than an allocation.
        await other.rest();
        await Promise.all(names.map((name) => other.status(name, ["TASK_RUNNING", "TASK_FINISHED"])));
        await other.kill(names[1] ?? "");
        await other.status(names[1] ?? "", "TASK_KILLED");
        if (round % 2 === 0) await other.teardown();
      }
    } finally {
      clearInterval(begin);
    }
    const state = async (): Promise<Document> => {
      const { get_state } = (await call("GET_STATE")) as { readonly get_state: Snapshot };
      return comparable(
        new Map(get_state.get_tasks.tasks.map((task) => [keyOf(task), task.state])),
        get_state.get_agents.agents.map(({ agent_info }) => agent_info.id.value),
        get_state.get_frameworks.frameworks.map(({ framework_info }) => framework_info.id.value),
      );
    };
    expect(subscribers.length).toBeGreaterThan(10);
    for (const subscriber of subscribers) {
      await eventually("what it heard is the state", async () => {
        const [heard, is] = [replayed(subscriber.events), await state()];
        return JSON.stringify(heard) === JSON.stringify(is);
      });
      subscriber.close();
    }
  }, 120_000);

  it("mesos.md§8#96 the 1,001st subscriber closes the oldest, and one that does not read is cut off", async () => {
    const subscribers = async (): Promise<unknown> =>
      ((await world.get("/metrics/snapshot")) as Document)["master/operator_event_stream_subscribers"];
    await eventually("earlier ones are gone", async () => (await subscribers()) === 0);
    const first = new Subscriber(world.masterUrl);
    await eventually("the first is subscribed", () => first.isSubscribed);
    const others: Subscriber[] = [];
    for (let count = 0; count < 1_000; count += 100) {
      const some = Array.from({ length: 100 }, () => new Subscriber(world.masterUrl));
      others.push(...some);
      await eventually("a hundred more are subscribed", () => some.every((each) => each.isSubscribed));
    }
    await eventually("the oldest is closed", () => first.isClosed);
    expect(others.filter(({ isClosed }) => isClosed)).toEqual([]);
    for (const each of others) each.close();

    const slow = new Subscriber(world.masterUrl, { reads: false });
    const quick = new Subscriber(world.masterUrl);
    await eventually("both are subscribed", () => slow.isSubscribed && quick.isSubscribed);
    const value = "x".repeat(1_000_000);
    const updates = (): number => quick.events.filter(({ type }) => type === "FRAMEWORK_UPDATED").length;
    for (let count = 1; count <= 60; count += 1) {
      const framework_info = frameworkInfo({
        id: { value: scheduler.frameworkId },
        name: "reader",
        checkpoint: true,
        labels: { labels: [{ key: String(count), value }] },
      });
      const { status } = await scheduler.send("UPDATE_FRAMEWORK", { update_framework: { framework_info } });
      expect(status).toBe(200);
      // The one that reads is never in the way of the next.
      await eventually("the reader heard of it", () => updates() >= count);
    }
    await eventually("the slow one is cut off", async () => (await subscribers()) === 1);
    quick.close();
  }, 120_000);
});

interface FrameworkOfState {
  readonly id: string;
  readonly tasks: readonly { readonly id: string }[];
  readonly completed_tasks: readonly { readonly id: string }[];
}

describe("v0 endpoints", () => {
  it("mesos.md§8#98 page and filter as the whole says", async () => {
    const state = (await world.get("/state")) as {
      readonly slaves: readonly { readonly id: string }[];
      readonly frameworks: readonly FrameworkOfState[];
      readonly completed_frameworks: readonly FrameworkOfState[];
    };
    const all = [...state.frameworks, ...state.completed_frameworks].flatMap(({ tasks, completed_tasks }) => [
      ...tasks,
      ...completed_tasks,
    ]);
    const tasks = async (query: string): Promise<readonly string[]> => {
      const answer = (await world.get(`/tasks?${query}`)) as {
        readonly tasks: readonly { readonly id: string }[];
      };
      return answer.tasks.map(({ id }) => id);
    };
    const everything = await tasks("limit=1000");
    expect([...everything].sort()).toEqual(all.map(({ id }) => id).sort());
    const ascending = await tasks("limit=1000&order=asc");
    expect([...ascending].reverse().sort()).toEqual([...everything].sort());
    const pages: string[] = [];
    for (let offset = 0; offset < everything.length; offset += 3)
      pages.push(...(await tasks(`limit=3&offset=${offset}`)));
    expect(pages).toEqual(everything);
    // So the command line of Mesos asks, with slashes at the ends of paths too.
    expect(await tasks("limit=-1")).toEqual(everything);
    expect(await world.get("/master/slaves/")).toMatchObject({
      slaves: state.slaves.map(({ id }) => ({ id })),
    });
    expect(await tasks("task_id=one")).toEqual(["one"]);
    expect([...(await tasks(`limit=1000&framework_id=${scheduler.frameworkId}`))].sort()).toEqual([
      "ended",
      "one",
      "two",
    ]);
    expect(await tasks("framework_id=nobody")).toEqual([]);
    expect(await tasks("offset=100000")).toEqual([]);

    const [wanted] = state.slaves;
    const slaves = (await world.get(`/slaves?slave_id=${wanted?.id}`)) as typeof state;
    expect(slaves.slaves.map(({ id }) => id)).toEqual([wanted?.id]);
    const frameworks = (await world.get(`/frameworks?framework_id=${scheduler.frameworkId}`)) as typeof state;
    expect(frameworks.frameworks.map(({ id }) => id)).toEqual([scheduler.frameworkId]);
  });
});
