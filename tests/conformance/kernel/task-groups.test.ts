/** Rows 22 and 57 of the Mesos checklist: task groups, and executors of type DEFAULT, on a real master and agent. */
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ExecutorInfo, Offer, TaskInfo } from "#contracts/kernel/messages.gen.ts";
import { eventually } from "../../harness/cluster.ts";
import { pidsOfTask } from "../../harness/services.ts";
import { KernelWorld } from "./agent-world.ts";
import { aTask, SchedulerClient } from "./scheduler-client.ts";

let world: KernelWorld;
let scheduler: SchedulerClient;
let count = 0;
beforeAll(async () => {
  world = await KernelWorld.start();
  scheduler = await SchedulerClient.subscribe(world.masterUrl);
}, 240_000);
afterAll(async () => {
  await scheduler?.teardown();
  await world?.close();
}, 240_000);
beforeEach(() => {
  count += 1;
});

const named = (name: string): string => `${name}-${count}`;

function anExecutor(changes: Partial<ExecutorInfo> = {}): ExecutorInfo {
  const scalar = (name: string, value: number) => ({ name, type: "SCALAR" as const, scalar: { value } });
  return {
    type: "DEFAULT",
    executor_id: { value: named("pod") },
    resources: [scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 10)],
    ...changes,
  };
}

/** What ended tasks give back comes in pieces; a group needs more than one of them. */
const isRoomy = ({ resources = [] }: Offer): boolean =>
  resources.some(({ name, scalar }) => name === "disk" && (scalar?.value ?? 0) >= 100) &&
  resources.some(({ name, scalar }) => name === "cpus" && (scalar?.value ?? 0) >= 1);

/** A task that tells its own id to its processes. */
function member(name: string, offer: Offer, command: string, more: Partial<TaskInfo> = {}): TaskInfo {
  const id = named(name);
  const variable = { name: "MESOS_TASK_ID", type: "VALUE" as const, value: id };
  return aTask(id, offer, {
    more: { command: { shell: true, value: command, environment: { variables: [variable] } }, ...more },
  });
}

const launch = (offer: Offer, tasks: readonly TaskInfo[], executor = anExecutor()): Promise<void> =>
  scheduler.accept([offer], [{ type: "LAUNCH_GROUP", launch_group: { executor, task_group: { tasks } } }], 0);

const volume = (path: string, at: string): NonNullable<TaskInfo["container"]> => ({
  type: "MESOS",
  volumes: [
    {
      mode: "RW",
      container_path: at,
      source: { type: "SANDBOX_PATH", sandbox_path: { type: "PARENT", path } },
    },
  ],
});

async function read(executorId: string, file: string): Promise<string> {
  const path = `/frameworks/${scheduler.frameworkId}/executors/${executorId}/runs/latest/${file}`;
  const { status, body } = await world.get(`/files/download?path=${encodeURIComponent(path)}`);
  return status === 200 ? body.toString() : "";
}

/** A call of the agent's operator API, what it answers as text. */
async function operate(call: object): Promise<string> {
  const answer = await fetch(`${world.agentUrl}/api/v1`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(call),
  });
  return await answer.text();
}

const forever = "exec sleep 100000";

describe("a task group", { timeout: 90_000 }, () => {
  it("mesos.md§8#22 is launched whole or not at all, and the kill of one member kills it", async () => {
    const bad = await scheduler.offer(isRoomy);
    const tooLarge = aTask(named("large"), bad, { cpus: 1_000 });
    await launch(bad, [member("fine", bad, forever), tooLarge]);
    for (const id of ["fine", "large"]) {
      expect(await scheduler.status(named(id), "TASK_ERROR")).toMatchObject({
        reason: "REASON_TASK_GROUP_INVALID",
        source: "SOURCE_MASTER",
      });
    }
    expect(pidsOfTask(named("fine"))).toEqual([]);

    const offer = await scheduler.offer(isRoomy);
    await launch(offer, [member("a", offer, forever), member("b", offer, forever)]);
    for (const id of ["a", "b"]) await scheduler.status(named(id), "TASK_RUNNING");
    expect(scheduler.statuses(named("a")).map(({ state }) => state)).toEqual([
      "TASK_STARTING",
      "TASK_RUNNING",
    ]);
    await scheduler.kill(named("a"), offer.agent_id.value);
    for (const id of ["a", "b"]) await scheduler.status(named(id), "TASK_KILLED");
    const failure = await scheduler.until("the end of the executor", () =>
      scheduler.events.find(({ failure: told }) => told?.executor_id?.value === named("pod")),
    );
    expect(failure.failure).toMatchObject({ status: 0, agent_id: offer.agent_id });
  });

  it("mesos.md§8#57 shares network and volumes, each task with a sandbox of its own; one failure ends its group, and only that", async () => {
    const offer = await scheduler.offer(isRoomy);
    const executor = anExecutor();
    const writer = member("writer", offer, `echo shared > mine/word; echo own > own; ${forever}`, {
      container: volume("volumes/data", "mine"),
    });
    const reader = member(
      "reader",
      offer,
      `until test -s theirs/word; do sleep 0.05; done; cat theirs/word; test -e own || echo alone; ${forever}`,
      { container: volume("volumes/data", "theirs") },
    );
    await launch(offer, [writer, reader], executor);
    const running = await scheduler.status(named("reader"), "TASK_RUNNING");
    expect(running).toMatchObject({
      executor_id: { value: named("pod") },
      container_status: {
        container_id: { value: expect.any(String), parent: { value: expect.any(String) } },
      },
    });
    // By the task's id in the executor's sandbox, and by the volume's own place.
    const output = await eventually("the reader heard of the word", async () => {
      const text = await read(named("pod"), `tasks/${named("reader")}/stdout`);
      return text.includes("alone") && text;
    });
    expect(output).toBe("shared\nalone\n");
    expect(await read(named("pod"), "volumes/data/word")).toBe("shared\n");
    expect(await read(named("pod"), `tasks/${named("reader")}/theirs/word`)).toBe("shared\n");
    const { status: attached, json: places } = await world.get("/files/debug");
    expect(attached).toBe(200);
    const latest = `/frameworks/${scheduler.frameworkId}/executors/${named("pod")}/runs/latest`;
    expect(places()).toMatchObject({
      [`${latest}/tasks/${named("reader")}`]: expect.stringContaining("/containers/"),
    });

    // One more command in a task's container, as debuggers start one; within it, not beside it.
    const container = running.container_status?.container_id;
    const said = await operate({
      type: "LAUNCH_NESTED_CONTAINER_SESSION",
      launch_nested_container_session: {
        container_id: { value: named("session"), parent: container },
        command: { shell: true, value: "cat theirs/word" },
      },
    });
    expect(said).toContain(Buffer.from("shared\n").toString("base64"));
    const asked = await operate({ type: "GET_CONTAINERS", get_containers: { show_nested: true } });
    expect(JSON.parse(asked).get_containers.containers).toContainEqual(
      expect.objectContaining({ container_id: container, executor_id: { value: named("pod") } }),
    );

    // The same interfaces and ports: what one listens on the other reaches, and both see the machine's.
    const [one, other] = ["writer", "reader"].map((id) => pidsOfTask(named(id))[0]);
    expect(networkOf(one)).toBe(networkOf(other));

    // A second group on the same executor, with a task that fails: the first group goes on.
    const more = await scheduler.offer(isRoomy);
    await launch(
      more,
      [member("failing", more, "sleep 0.2; exit 7"), member("beside", more, forever)],
      executor,
    );
    expect(await scheduler.status(named("failing"), "TASK_FAILED")).toMatchObject({
      message: "Command exited with status 7",
    });
    await scheduler.status(named("beside"), "TASK_KILLED");
    expect(pidsOfTask(named("writer")).length).toBeGreaterThan(0);
    expect(scheduler.statuses(named("writer")).at(-1)?.state).toBe("TASK_RUNNING");

    // A member that finishes ends nobody.
    const last = await scheduler.offer(isRoomy);
    await launch(last, [member("short", last, "true"), member("long", last, forever)], executor);
    await scheduler.status(named("short"), "TASK_FINISHED");
    await scheduler.status(named("long"), "TASK_RUNNING");
    await scheduler.kill(named("long"));
    await scheduler.status(named("long"), "TASK_KILLED");
    await scheduler.kill(named("writer"));
    for (const id of ["writer", "reader"]) await scheduler.status(named(id), "TASK_KILLED");
    expect(pidsOfTask(named("reader"))).toEqual([]);
  });

  it.skipIf(process.getuid?.() !== 0)(
    "mesos.md§6 whose executor has ipc_mode PRIVATE shares memory that is nobody else's, and leaves none of it",
    async () => {
      const offer = await scheduler.offer(isRoomy);
      const executor = anExecutor({
        container: { type: "MESOS", linux_info: { ipc_mode: "PRIVATE", shm_size: 9 } },
      });
      const shared: TaskInfo["container"] = { type: "MESOS", linux_info: { ipc_mode: "SHARE_PARENT" } };
      const own: TaskInfo["container"] = { type: "MESOS", linux_info: { ipc_mode: "PRIVATE" } };
      const look = `readlink /proc/self/ns/ipc; test -e /dev/shm/word && echo there; echo looked; ${forever}`;
      const until = `until test -e /dev/shm/word; do sleep 0.05; done; df -m /dev/shm | tail -1; ${look}`;
      await launch(
        offer,
        [
          member("writer", offer, `echo word > /dev/shm/word; ${look}`, { container: shared }),
          member("reader", offer, until),
          member("apart", offer, look, { container: own }),
        ],
        executor,
      );
      const said = (id: string): Promise<string> =>
        eventually(`what ${id} saw`, async () => {
          const text = await read(named("pod"), `tasks/${named(id)}/stdout`);
          return text.includes("looked") && text;
        });
      const [writer, reader, apart] = [await said("writer"), await said("reader"), await said("apart")];
      expect(reader).toMatch(/shm +9 /);
      expect(reader).toContain(writer);
      expect(apart).not.toContain("there");
      expect(writer).not.toContain(readlinkSync("/proc/self/ns/ipc"));
      expect(existsSync("/dev/shm/word")).toBe(false);
      await scheduler.kill(named("writer"));
      for (const id of ["writer", "reader", "apart"]) await scheduler.status(named(id), "TASK_KILLED");
      await eventually(
        "nothing of it is mounted",
        async () => !readFileSync("/proc/self/mounts", "utf8").includes(world.dir),
      );
    },
  );

  it("outlives a restart of its agent", async () => {
    const offer = await scheduler.offer(isRoomy);
    await launch(offer, [member("a", offer, forever), member("b", offer, forever)]);
    for (const id of ["a", "b"]) await scheduler.status(named(id), "TASK_RUNNING");
    const before = pidsOfTask(named("a"));
    await world.stopAgent();
    await world.startAgent();
    expect(pidsOfTask(named("a"))).toEqual(before);
    await scheduler.kill(named("b"), offer.agent_id.value);
    for (const id of ["a", "b"]) await scheduler.status(named(id), "TASK_KILLED");
    expect(pidsOfTask(named("a"))).toEqual([]);
  });
});

function networkOf(pid: number | undefined): string {
  return readlinkSync(`/proc/${pid}/ns/net`);
}
