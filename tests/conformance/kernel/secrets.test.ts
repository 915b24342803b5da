/** Secrets of tasks: they reach the task, and nothing and nobody else. */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLogCapture, createLogger } from "#foundation/telemetry/index.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";
import { postJson, send } from "./scheduler-client.ts";

const canary = `canary-${randomUUID()}`;
const fileCanary = `canary-${randomUUID()}\nof two lines`;
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
const needles = [canary, fileCanary, base64(canary), base64(fileCanary).slice(0, 40)];
const value = (text: string): object => ({ type: "VALUE", value: { data: base64(text) } });

let world: KernelWorld;
let scheduler: Scheduler;
const log = createLogCapture();
beforeAll(async () => {
  world = await KernelWorld.start({ log: createLogger("agent", { sink: log.sink, level: "debug" }) });
  scheduler = await world.subscribe({ user: "" });
}, 240_000);
afterAll(() => world.close());

const show = [
  'printf %s "$TOKEN" | sha256sum',
  "sha256sum < conf/key",
  "stat -Lc '%a %u' conf/key",
  'echo "uid $(id -u)"',
  "sleep 600",
].join("; ");
const launch = (): Promise<string> =>
  scheduler.launch(
    {
      shell: true,
      value: show,
      environment: {
        variables: [
          { name: "PLAIN", value: "seen" },
          { name: "TOKEN", type: "SECRET", secret: value(canary) },
        ],
      },
    },
    {
      container: {
        type: "MESOS",
        volumes: [
          { mode: "RO", container_path: "conf/key", source: { type: "SECRET", secret: value(fileCanary) } },
        ],
      } as never,
    },
  );

/** Every file below a folder that has one of the canaries in it. */
function filesWith(dir: string): readonly string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return filesWith(path);
    if (!entry.isFile() || statSync(path).size > 100_000_000) return [];
    const text = readFileSync(path, "latin1");
    return needles.some((needle) => text.includes(needle)) ? [path] : [];
  });
}

describe("secrets", () => {
  it.each([
    [
      "a reference",
      {
        environment: {
          variables: [{ name: "T", type: "SECRET", secret: { type: "REFERENCE", reference: { name: "x" } } }],
        },
      },
      [],
      "REFERENCE",
    ],
    ["no value", { environment: { variables: [{ name: "T", type: "SECRET" }] } }, [], "no value"],
    [
      "a file outside",
      {},
      [{ mode: "RO", container_path: "../key", source: { type: "SECRET", secret: value("x") } }],
      "container.volumes ../key",
    ],
    [
      "an absolute path",
      {},
      [{ mode: "RO", container_path: "/etc/key", source: { type: "SECRET", secret: value("x") } }],
      "absolute",
    ],
  ])("%s is refused by name", async (_name, command, volumes, told) => {
    const id = await scheduler.launch(
      { shell: true, value: "true", ...command },
      volumes.length === 0 ? {} : ({ container: { type: "MESOS", volumes } } as never),
    );
    const status = await scheduler.ended(id);
    expect(status.state).toBe("TASK_ERROR");
    expect(status.message).toContain(told);
  });

  it("mesos.md§8#106 a value reaches the task, and is in no state, log, stream or checkpoint", async () => {
    let told = "";
    const stream = new AbortController();
    const following = fetch(`${world.masterUrl}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "SUBSCRIBE" }),
      signal: stream.signal,
    }).then(async ({ body }) => {
      for await (const piece of body as unknown as AsyncIterable<Uint8Array>)
        told += Buffer.from(piece).toString();
    });
    following.catch(() => undefined);
    await eventually("the stream begins", () => told.includes("SUBSCRIBED"));
    const id = await launch();
    const status = await scheduler.status(id, "TASK_RUNNING");
    const output = await eventually("the task has looked", async () => {
      const { status: code, body } = await world.get(`/keelson/v1/files/${id}?path=stdout`);
      const text = body.toString();
      return code === 200 && text.includes("uid ") ? text : undefined;
    });
    expect(output).toContain(`${sha(canary)}  -`);
    expect(output).toContain(`${sha(fileCanary)}  -`);
    const uid = /uid (\d+)/.exec(output)?.[1] ?? "";
    expect(output).toContain(`600 ${uid}`);

    const answers: string[] = [JSON.stringify(scheduler.events), JSON.stringify(status)];
    for (const path of ["/state", "/tasks", "/frameworks", "/state-summary", "/keelson/v1/tasks"])
      answers.push((await send(world.masterUrl + path, { method: "GET" })).text);
    for (const path of ["/state", "/containers", "/flags", "/files/debug"])
      answers.push((await world.get(path)).body.toString());
    for (const url of [world.masterUrl, world.agentUrl])
      for (const type of ["GET_STATE", "GET_TASKS", "GET_EXECUTORS", "GET_FRAMEWORKS", "GET_CONTAINERS"])
        answers.push((await postJson(`${url}/api/v1`, { type, get_containers: {} })).text);
    await eventually("the task is told of", () => told.includes(id));
    answers.push(told, JSON.stringify(log.records));
    for (const answer of answers) expect(needles.filter((needle) => answer.includes(needle))).toEqual([]);
    expect(answers.join("")).toContain("conf/key");
    expect(filesWith(world.dir)).toEqual([]);
    // The files API follows no link out of a sandbox.
    const file = await world.get(`/keelson/v1/files/${id}?path=conf/key`);
    expect(file.status).toBeGreaterThanOrEqual(400);

    const containerId = status.container_status?.container_id?.value ?? "";
    const memory = `/dev/shm/keelson-secrets-${process.getuid?.()}/${containerId}`;
    expect(existsSync(memory)).toBe(existsSync("/dev/shm"));
    await world.stopAgent();
    expect(filesWith(world.dir)).toEqual([]);
    await world.startAgent();
    await scheduler.kill(id);
    await scheduler.ended(id);
    await eventually("the file is gone", () => !existsSync(memory));
    stream.abort();
  }, 240_000);
});
