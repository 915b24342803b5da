/** The agent's operator API: snapshots, nested containers, terminals. Row 58 of the Mesos checklist. */
import { once } from "node:events";
import { chmodSync, existsSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentProcessIO, AgentResponse } from "#contracts/kernel/messages.gen.ts";
import { decodeProtobuf, encodeProtobuf } from "#contracts/kernel/protobuf-codec.ts";
import { encodeRecord, RecordDecoder } from "#foundation/http/index.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";

let world: KernelWorld;
let scheduler: Scheduler;
let task: string;
let parent: { readonly value: string };

beforeAll(async () => {
  world = await KernelWorld.start();
  chmodSync(world.dir, 0o711);
  scheduler = await world.subscribe();
  task = await scheduler.launch({
    shell: true,
    value: "sleep 1000",
    environment: { variables: [{ name: "COLOUR", value: "blue" }] },
  });
  const running = await scheduler.status(task, "TASK_RUNNING");
  parent = { value: running.container_status?.container_id?.value ?? "" };
});
afterAll(() => world.close());

it.each([
  "/slave(1)/state",
  "/state.json",
  "/metrics/snapshot",
  "/slave(1)/monitor/statistics",
  "/files/debug",
])("%s is a script for a page that loads it as one", async (path) => {
  const { headers, body } = await request(`${world.agentUrl}${path}?jsonp=told`);
  expect(headers["content-type"]).toBe("text/javascript");
  const [, inside = ""] = /^told\((.*)\);$/s.exec(await body.text()) ?? [];
  expect(JSON.parse(inside)).toBeTypeOf("object");
});

const json = { "content-type": "application/json" };
const records = {
  ...json,
  accept: "application/recordio",
  "message-accept": "application/json",
};

async function post(call: object, headers: Readonly<Record<string, string>> = json) {
  const answer = await request(`${world.agentUrl}/api/v1`, {
    method: "POST",
    headers,
    body: JSON.stringify(call),
  });
  const body = await answer.body.text();
  return {
    status: answer.statusCode,
    body,
    json: (body.startsWith("{") ? JSON.parse(body) : undefined) as AgentResponse,
  };
}

/** Output records of a call that streams. */
async function stream(call: object, headers: Readonly<Record<string, string>> = records) {
  const answer = await request(`${world.agentUrl}/api/v1`, {
    method: "POST",
    headers,
    body: JSON.stringify(call),
  });
  const seen = { stdout: "", stderr: "", isOver: false };
  const decoder = new RecordDecoder();
  answer.body.on("data", (piece: Buffer) => {
    for (const record of decoder.push(piece)) {
      const { data } = JSON.parse(record.toString()) as AgentProcessIO;
      const text = Buffer.from(data?.data ?? "", "base64").toString();
      if (data?.type === "STDOUT") seen.stdout += text;
      if (data?.type === "STDERR") seen.stderr += text;
    }
  });
  answer.body.on("close", () => {
    seen.isOver = true;
  });
  answer.body.on("error", () => undefined);
  return { status: answer.statusCode, headers: answer.headers, seen, abort: () => answer.body.destroy() };
}

/** Input records for a nested container. */
function attachInput(containerId: object) {
  const body = new PassThrough();
  const send = (input: object): boolean =>
    body.write(
      encodeRecord(JSON.stringify({ type: "ATTACH_CONTAINER_INPUT", attach_container_input: input })),
    );
  const answered = request(`${world.agentUrl}/api/v1`, {
    method: "POST",
    headers: { "content-type": "application/recordio", "message-content-type": "application/json" },
    body,
  }).then(async ({ statusCode, body: text }) => ({ status: statusCode, text: await text.text() }));
  send({ type: "CONTAINER_ID", container_id: containerId });
  return {
    answered,
    stdin: (text: string) =>
      send({
        type: "PROCESS_IO",
        process_io: { type: "DATA", data: { type: "STDIN", data: Buffer.from(text).toString("base64") } },
      }),
    control: (control: object) => send({ type: "PROCESS_IO", process_io: { type: "CONTROL", control } }),
    end: () => body.end(),
  };
}

let names = 0;
function nested(): { readonly value: string; readonly parent: { readonly value: string } } {
  names += 1;
  return { value: `debug-${names}`, parent };
}

const session = (containerId: object, value: string, more: object = {}) => ({
  type: "LAUNCH_NESTED_CONTAINER_SESSION",
  launch_nested_container_session: {
    container_id: containerId,
    command: { shell: true, value },
    ...more,
  },
});
const wait = (containerId: object) => ({
  type: "WAIT_NESTED_CONTAINER",
  wait_nested_container: { container_id: containerId },
});

describe("mesos.md§8#58 nested session", { timeout: 120_000 }, () => {
  it("runs cat in the task's place: input and output attached, EOF, exit status via WAIT", async () => {
    const id = nested();
    const output = await stream(session(id, "echo $COLOUR; cat; echo wrong >&2; exit 3"));
    expect(output.status).toBe(200);
    expect(output.headers["content-type"]).toBe("application/recordio");
    expect(output.headers["message-content-type"]).toBe("application/json");
    expect(output.headers["transfer-encoding"]).toBe("chunked");
    const second = await stream({
      type: "ATTACH_CONTAINER_OUTPUT",
      attach_container_output: { container_id: id },
    });
    const input = attachInput(id);
    input.stdin("hello ");
    input.control({ type: "HEARTBEAT", heartbeat: { interval: { nanoseconds: 30_000_000_000 } } });
    input.stdin("there\n");
    await eventually("it comes back", async () => output.seen.stdout.includes("there"));
    input.stdin("");
    const waited = await post(wait(id));
    expect(waited.json.wait_nested_container?.exit_status).toBe(3 << 8);
    input.end();
    expect((await input.answered).status).toBe(200);
    await eventually("the end of both", async () => output.seen.isOver && second.seen.isOver);
    expect(output.seen).toMatchObject({ stdout: "blue\nhello there\n", stderr: "wrong\n" });
    expect(second.seen.stdout).toContain("hello there\n");
    const remove = { type: "REMOVE_NESTED_CONTAINER", remove_nested_container: { container_id: id } };
    expect((await post(remove)).status).toBe(200);
    expect((await post(wait(id))).status).toBe(404);
  });

  it("has a terminal whose size changes", async () => {
    const id = nested();
    const container = { type: "MESOS", tty_info: { window_size: { rows: 33, columns: 111 } } };
    const output = await stream(session(id, "stty size; read line; stty size; read line", { container }));
    await eventually("its size", async () => output.seen.stdout.includes("33 111"));
    const input = attachInput(id);
    input.control({ type: "TTY_INFO", tty_info: { window_size: { rows: 44, columns: 132 } } });
    input.stdin("go\n");
    await eventually("its new size", async () => output.seen.stdout.includes("44 132"));
    input.stdin("\u0003");
    const waited = await post(wait(id));
    expect(waited.json.wait_nested_container?.exit_status).toBeGreaterThan(0);
    input.end();
    await input.answered;
  });

  it("is killed when its client goes, with all that it started", async () => {
    const id = nested();
    const output = await stream(session(id, "setsid sleep 1000 & echo $!; sleep 1000"));
    await eventually("its output", async () => output.seen.stdout.includes("\n"));
    const pid = output.seen.stdout.trim();
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    output.abort();
    await eventually("nothing of it is left", async () => !existsSync(`/proc/${pid}`));
    expect((await post(wait(id))).json.wait_nested_container?.exit_status).toBe(9);
  });

  it("one writer at a time, and the first record says for what", async () => {
    const id = nested();
    const output = await stream(session(id, "cat"));
    const first = attachInput(id);
    first.stdin("a");
    await eventually("the first writes", async () => output.seen.stdout === "a");
    expect((await attachInput(id).answered).status).toBe(409);
    first.end();
    expect((await first.answered).status).toBe(200);
    expect((await attachInput({ value: "none", parent }).answered).status).toBe(404);
    output.abort();
  });
});

describe("nested containers without a session", { timeout: 120_000 }, () => {
  it("are launched once, waited for, killed and removed", async () => {
    const id = nested();
    const launch = {
      type: "LAUNCH_NESTED_CONTAINER",
      launch_nested_container: {
        container_id: id,
        command: { shell: false, value: "sh", arguments: ["sh", "-c", "echo before; sleep 1000"] },
      },
    };
    expect((await post(launch)).status).toBe(200);
    expect((await post(launch)).status).toBe(202);
    const { json: listed } = await post({ type: "GET_CONTAINERS", get_containers: { show_nested: true } });
    const ids = listed.get_containers?.containers?.map(({ container_id }) => container_id);
    expect(ids).toContainEqual(id);
    expect(ids).toContainEqual(parent);
    const remove = { type: "REMOVE_NESTED_CONTAINER", remove_nested_container: { container_id: id } };
    expect((await post(remove)).status).toBe(409);
    const waited = post(wait(id));
    const kill = { type: "KILL_NESTED_CONTAINER", kill_nested_container: { container_id: id, signal: 15 } };
    expect((await post(kill)).status).toBe(200);
    expect((await waited).json.wait_nested_container).toMatchObject({
      exit_status: 15,
      message: "Command terminated with signal SIGTERM",
    });
    const output = await stream({
      type: "ATTACH_CONTAINER_OUTPUT",
      attach_container_output: { container_id: id },
    });
    await eventually("what it said before anybody looked", async () => output.seen.isOver);
    expect(output.seen.stdout).toBe("before\n");
    expect((await post(remove)).status).toBe(200);
  });

  it.each([
    ["no parent", { container_id: { value: "x" }, command: { value: "true" } }, 400],
    [
      "an unknown parent",
      { container_id: { value: "x", parent: { value: "none" } }, command: { value: "true" } },
      404,
    ],
    ["no command", { container_id: { value: "x", parent: { value: "?" } } }, 400],
    [
      "an image",
      { command: { value: "true" }, container: { type: "MESOS", mesos: { image: { type: "DOCKER" } } } },
      400,
    ],
    ["another user", { command: { value: "true", user: "root" } }, 400],
    [
      "a name that is a path",
      { container_id: { value: "../x", parent: { value: "?" } }, command: { value: "true" } },
      400,
    ],
  ] as const)("%s is refused", async (_name, fields, status) => {
    const given = { container_id: nested(), ...fields } as {
      container_id: { value: string; parent?: object };
    };
    if (JSON.stringify(given).includes('"?"')) given.container_id = { ...given.container_id, parent };
    const answer = await post({ type: "LAUNCH_NESTED_CONTAINER", launch_nested_container: given });
    expect([answer.status, answer.body]).toEqual([status, expect.stringMatching(/./)]);
  });
});

describe("snapshots", { timeout: 120_000 }, () => {
  it("say what runs, with every list there", async () => {
    const state = (await post({ type: "GET_STATE" })).json.get_state;
    expect(state?.get_tasks?.launched_tasks?.map(({ task_id }) => task_id.value)).toEqual([task]);
    expect(state?.get_executors?.executors?.[0]?.executor_info.executor_id.value).toBe(task);
    expect(state?.get_frameworks?.frameworks?.[0]?.framework_info.name).toBe("conformance");
    for (const list of ["pending_tasks", "queued_tasks", "terminated_tasks", "completed_tasks"] as const)
      expect(state?.get_tasks?.[list]).toEqual([]);
    expect((await post({ type: "GET_AGENT" })).json.get_agent?.agent_info).toMatchObject({
      hostname: "127.0.0.1",
      id: { value: expect.stringContaining("-S0") },
    });
    const { get_containers: containers } = (await post({ type: "GET_CONTAINERS" })).json;
    expect(containers?.containers?.[0]).toMatchObject({
      container_id: parent,
      executor_id: { value: task },
      resource_statistics: { cpus_limit: expect.any(Number) },
    });
  });

  it("come in protobuf to who asks in it, with the same content", async () => {
    const answer = await request(`${world.agentUrl}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf", accept: "application/x-protobuf" },
      body: Buffer.from(encodeProtobuf("AgentCall", { type: "GET_TASKS" })),
    });
    expect(answer.headers["content-type"]).toBe("application/x-protobuf");
    const decoded = decodeProtobuf("AgentResponse", new Uint8Array(await answer.body.arrayBuffer()));
    expect(decoded.get_tasks?.launched_tasks?.[0]?.task_id.value).toBe(task);
  });

  it("read files by virtual paths", async () => {
    const run = `/frameworks/${scheduler.frameworkId}/executors/${task}/runs/latest`;
    const { list_files: listed } = (await post({ type: "LIST_FILES", list_files: { path: run } })).json;
    expect(listed?.file_infos?.map(({ path }) => path)).toContain(`${run}/stdout`);
    const read = { type: "READ_FILE", read_file: { path: `${run}/stdout`, offset: 0 } };
    expect((await post(read)).json.read_file).toEqual({ size: 0, data: "" });
    expect((await post({ type: "READ_FILE", read_file: { path: "/etc/passwd", offset: 0 } })).status).toBe(
      404,
    );
  });

  it.each([
    [{}, 400],
    [{ type: "NONSENSE" }, 400],
    [{ type: "PRUNE_IMAGES" }, 200],
    [{ type: "ADD_RESOURCE_PROVIDER_CONFIG" }, 501],
    [{ type: "WAIT_NESTED_CONTAINER" }, 400],
  ])("%j is %d", async (call, status) => {
    expect((await post(call)).status).toBe(status);
  });

  it("is not asked with GET", async () => {
    const answer = await world.get("/api/v1");
    expect(answer.status).toBe(405);
  });
});

describe("the agent's own process", () => {
  const get = async (path: string, method: "GET" | "POST" = "GET") => {
    const answer = await request(`${world.agentUrl}${path}`, { method });
    return { status: answer.statusCode, body: await answer.body.text() };
  };

  it("its logging level is set for a while, by call and by endpoint", async () => {
    const level = async (): Promise<unknown> =>
      (await post({ type: "GET_LOGGING_LEVEL" })).json.get_logging_level?.level;
    const set = (nanoseconds: number): object => ({
      type: "SET_LOGGING_LEVEL",
      set_logging_level: { level: 2, duration: { nanoseconds } },
    });
    expect(await level()).toBe(0);
    expect((await post(set(60_000_000_000))).status).toBe(200);
    expect(await level()).toBe(1);
    expect((await post(set(1_000_000))).status).toBe(200);
    await eventually("the usual level", async () => (await level()) === 0);
    expect(await get("/logging/toggle?level=1&duration=5mins", "POST")).toMatchObject({ status: 200 });
    expect(await get("/slave(1)/logging/toggle")).toEqual({ status: 200, body: "1" });
    expect((await get("/logging/toggle?level=0&duration=1secs")).status).toBe(200);
    expect(await level()).toBe(0);
    expect((await get("/logging/toggle?level=9&duration=1secs")).status).toBe(400);
    expect((await post({ type: "SET_LOGGING_LEVEL" })).status).toBe(400);
  });

  it("containers whose launch is not done, the machine's load, and what is answered here", async () => {
    const pending = async (): Promise<readonly unknown[]> =>
      (JSON.parse((await get("/containerizer/debug")).body) as { readonly pending: readonly unknown[] })
        .pending;
    expect(await pending()).toEqual([]);
    const held: ServerResponse[] = [];
    const slow = createServer((_request, response) => held.push(response));
    await once(slow.listen(0, "127.0.0.1"), "listening");
    const { port } = slow.address() as AddressInfo;
    const fetching = await scheduler.launch({
      shell: true,
      value: "true",
      uris: [{ value: `http://127.0.0.1:${port}/file` }],
    });
    await eventually("it is fetched", () => held.length > 0);
    expect(await pending()).toEqual([
      { operation: "containerizer::launch", args: { containerId: expect.any(String) } },
    ]);
    for (const response of held) response.end("x");
    await scheduler.status(fetching, "TASK_FINISHED");
    slow.close();
    expect(await pending()).toEqual([]);
    expect(JSON.parse((await get("/system/stats.json")).body)).toMatchObject({
      cpus_total: expect.any(Number),
      mem_total_bytes: expect.any(Number),
    });
    const help = JSON.parse((await get("/help?format=json")).body) as {
      readonly processes: readonly {
        readonly id: string;
        readonly endpoints: readonly { readonly name: string }[];
      }[];
    };
    expect(help.processes[0]?.id).toBe("slave(1)");
    // Each has a page of its own, which says what it is for.
    for (const { name } of help.processes[0]?.endpoints ?? []) {
      const page = JSON.parse((await get(`/help/slave(1)${name}?format=json`)).body) as unknown;
      expect(page).toEqual({
        id: "slave(1)",
        endpoints: [{ name, text: expect.stringMatching(/^(GET|POST)/) }],
      });
    }
    expect((await get("/help/slave(1)/nothing")).status).toBe(404);
    for (const { name } of help.processes[0]?.endpoints ?? [])
      if (!name.startsWith("/api/v1"))
        expect((await get(name)).status, name).toSatisfy((status) => status !== 404);
  });
});

describe("a task with a terminal of its own", { timeout: 120_000 }, () => {
  it("mesos.md§3.4 is typed into, resized and read from, also after its agent came back; its stdout keeps what it showed", async () => {
    const own = await scheduler.shell(
      'tty; stty size; echo $TERM; while read line; do echo "got $line"; stty size; done; echo closed',
      {
        container: { type: "MESOS", tty_info: { window_size: { rows: 33, columns: 111 } } },
      },
    );
    const { container_status: status } = await scheduler.status(own, "TASK_RUNNING");
    const id = { value: status?.container_id?.value ?? "" };
    const logged = async (): Promise<string> => {
      const path = `/frameworks/${scheduler.frameworkId}/executors/${own}/runs/latest/stdout`;
      return (await world.get(`/files/download?path=${path}`)).body.toString();
    };
    await eventually("its log says what terminal it has", async () => (await logged()).includes("xterm"));
    expect(await logged()).toMatch(/^\/dev\/pts\/\d+\r\n33 111\r\nxterm-256color\r\n$/);

    const attach = { type: "ATTACH_CONTAINER_OUTPUT", attach_container_output: { container_id: id } };
    const output = await stream(attach);
    expect(output.status).toBe(200);
    const input = attachInput(id);
    input.control({ type: "HEARTBEAT", heartbeat: { interval: { nanoseconds: 30_000_000_000 } } });
    input.control({ type: "TTY_INFO", tty_info: { window_size: { rows: 44, columns: 132 } } });
    input.stdin("one\n");
    await eventually("its answer", async () => /got one\r\n\d+ \d+/.test(output.seen.stdout));
    expect((await attachInput(id).answered).status).toBe(409);
    input.end();
    expect((await input.answered).status).toBe(200);

    await world.stopAgent();
    await world.startAgent();
    const again = await stream(attach);
    const second = attachInput(id);
    second.stdin("two\n");
    await eventually("its size from before", async () => /got two\r\n44 132/.test(again.seen.stdout));
    second.stdin("\u0004"); // ends its input
    expect((await scheduler.ended(own)).state).toBe("TASK_FINISHED");
    await eventually("the end of what it shows", async () => again.seen.isOver);
    expect(again.seen.stdout).toMatch(/closed\r\n$/);
    expect(await logged()).toMatch(/got one\r\n[\s\S]*got two\r\n44 132\r\n[\s\S]*closed\r\n$/);
    second.end();
    await second.answered;
  });

  it("mesos.md§3.4 none is attached to what has none, and a size that is none is refused by name", async () => {
    const attach = { type: "ATTACH_CONTAINER_OUTPUT", attach_container_output: { container_id: parent } };
    expect(await post(attach)).toMatchObject({
      status: 400,
      body: expect.stringContaining("no I/O switchboard"),
    });
    const odd = await scheduler.shell("true", {
      container: { type: "MESOS", tty_info: { window_size: { rows: 0, columns: 80 } } },
    });
    expect((await scheduler.ended(odd)).message).toContain("container.tty_info.window_size");
  });
});
