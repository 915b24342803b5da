/** Standalone containers of the agent's operator API, as real processes, over a restart of the agent. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentResponse } from "#contracts/kernel/messages.gen.ts";
import { detectCgroups } from "#kernel/containerizer/index.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelWorld } from "./agent-world.ts";
import { postJson } from "./scheduler-client.ts";

const hasCgroups = process.getuid?.() === 0 && detectCgroups() !== undefined;
let world: KernelWorld;
beforeAll(async () => {
  world = await KernelWorld.start();
}, 120_000);
afterAll(() => world?.close());

async function post(type: string, fields: object, id: string) {
  const { status, text } = await postJson(`${world.agentUrl}/api/v1`, {
    type,
    [type.toLowerCase()]: { container_id: { value: id }, ...fields },
  });
  return { status, text, json: text.startsWith("{") ? (JSON.parse(text) as AgentResponse) : undefined };
}
const launch = (id: string, command: string, more: object = {}) =>
  post("LAUNCH_CONTAINER", { command: { shell: true, value: command }, ...more }, id);
const wait = async (id: string) => (await post("WAIT_CONTAINER", {}, id)).json?.wait_container;
const sandbox = (id: string): string => join(world.dir, "agent-0", "work", "containers", id);
async function listed(fields: object) {
  const answer = await postJson(`${world.agentUrl}/api/v1`, {
    type: "GET_CONTAINERS",
    get_containers: fields,
  });
  const { get_containers: found } = JSON.parse(answer.text) as AgentResponse;
  return found?.containers?.map(({ container_id: id }) => id.value) ?? [];
}

describe("standalone containers", { timeout: 60_000 }, () => {
  it("are launched once, found, read, waited for and removed", async () => {
    expect((await launch("one", "echo hello; sleep 1000")).status).toBe(200);
    expect((await launch("one", "true")).status).toBe(202);
    expect(await listed({})).toEqual([]);
    expect(await listed({ show_standalone: true })).toEqual(["one"]);
    expect((await post("REMOVE_CONTAINER", {}, "one")).status).toBe(409);
    const path = encodeURIComponent(`${sandbox("one")}/stdout`);
    await eventually("what it says", async () => {
      const { status, body } = await world.get(`/files/read?path=${path}&offset=0`);
      return status === 200 && body.toString().includes("hello");
    });
    const waited = wait("one");
    expect((await post("KILL_CONTAINER", { signal: 15 }, "one")).status).toBe(200);
    expect(await waited).toMatchObject({ exit_status: 15 });
    expect(await wait("one")).toMatchObject({ exit_status: 15 });
    expect((await post("REMOVE_CONTAINER", {}, "one")).status).toBe(200);
    await eventually("its sandbox is gone", async () => !existsSync(sandbox("one")));
    for (const type of ["WAIT_CONTAINER", "KILL_CONTAINER"])
      expect((await post(type, {}, "one")).status).toBe(404);
    expect((await post("REMOVE_CONTAINER", {}, "one")).status).toBe(200);
  });

  it("outlive the agent, and one that ended meanwhile has its end", async () => {
    expect((await launch("long", "while [ ! -e stop ]; do sleep 0.05; done; exit 7")).status).toBe(200);
    expect((await launch("short", "while [ ! -e stop ]; do sleep 0.05; done; exit 9")).status).toBe(200);
    await world.stopAgent();
    const stop = (id: string): void => {
      const pid = /^main (\d+)/m.exec(
        readFileSync(join(world.dir, "agent-0", "containers", id, "pid"), "utf8"),
      )?.[1];
      process.kill(Number(pid), "SIGINT");
    };
    stop("short");
    await eventually("it ended", async () =>
      existsSync(join(world.dir, "agent-0", "containers", "short", "exit")),
    );
    await world.startAgent();
    expect(await wait("short")).toMatchObject({ exit_status: 2 });
    expect(await listed({ show_standalone: true })).toEqual(["long"]);
    const waited = wait("long");
    expect((await post("KILL_CONTAINER", {}, "long")).status).toBe(200);
    expect(await waited).toMatchObject({ exit_status: 9 });
    for (const id of ["long", "short"]) expect((await post("REMOVE_CONTAINER", {}, id)).status).toBe(200);
  });

  it.skipIf(!hasCgroups)("are held to the memory that they were given, and say so", async () => {
    const mem = { name: "mem", type: "SCALAR", scalar: { value: 32 } };
    const eats = "head -c 200000000 /dev/zero | tail";
    expect((await launch("greedy", eats, { resources: [mem] })).status).toBe(200);
    expect(await wait("greedy")).toMatchObject({
      reason: "REASON_CONTAINER_LIMITATION_MEMORY",
      limitation: { resources: [{ name: "mem" }] },
    });
    expect((await post("REMOVE_CONTAINER", {}, "greedy")).status).toBe(200);
  });

  it("that can't be are refused with the field named, or with what went wrong", async () => {
    const image = { container: { type: "MESOS", mesos: { image: { type: "DOCKER" } } } };
    expect(await launch("x", "true", image)).toMatchObject({
      status: 400,
      text: expect.stringContaining("image"),
    });
    expect((await launch("../x", "true")).status).toBe(400);
    expect((await post("LAUNCH_CONTAINER", {}, "x")).status).toBe(400);
    const absent = { command: { shell: false, value: "/no/such/program" } };
    expect(await post("LAUNCH_CONTAINER", absent, "x")).toMatchObject({
      status: 500,
      text: expect.stringContaining("No such file"),
    });
    expect((await post("KILL_CONTAINER", { signal: 64 }, "x")).status).toBe(400);
    expect(await listed({ show_standalone: true })).toEqual([]);
  });
});
