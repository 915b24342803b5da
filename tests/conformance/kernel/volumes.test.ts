/** Rows 68 to 70 of the Mesos checklist: persistent volumes on a real agent's disk. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Offer, Resource } from "#contracts/kernel/messages.gen.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "./kernel-processes.ts";
import {
  create,
  destroy,
  idsOfVolumes,
  launch,
  operationStatuses,
  refining,
  reserve,
  reservedFor,
  scalar,
  slave,
  taskOn,
  unreserve,
  volume,
} from "./reserved-resources.ts";
import { getJson, postJson, type SchedulerClient } from "./scheduler-client.ts";

const disks = mkdtempSync(join(tmpdir(), "keelson-disks-"));
const [dataDir, path] = ["data", "path"].map((name) => join(disks, name)) as [string, string];
/** A mount point that everybody may write to: its volumes of this role are this file's. */
const mount = "/dev/shm";
const onMountOfRole = join(mount, "volumes/roles/web");
const disk = (size: number, more: Partial<Resource> = {}): Resource => scalar("disk", size, more);
const onPath = { source: { type: "PATH", path: { root: path } } } as const;
const onMount = { source: { type: "MOUNT", mount: { root: mount } } } as const;
const options = {
  dataDir,
  resources: JSON.stringify([
    scalar("cpus", 4),
    scalar("mem", 1024),
    disk(500),
    disk(100, { disk: onPath }),
    disk(50, { disk: onMount }),
  ]),
};

let world: KernelProcesses;
let scheduler: SchedulerClient;
beforeAll(async () => {
  chmodSync(disks, 0o711);
  world = await KernelProcesses.start();
  await world.startAgent("a", options);
  scheduler = await world.subscribe({ roles: ["web"], ...refining });
}, 240_000);
afterAll(async () => {
  await world?.close();
  rmSync(disks, { recursive: true, force: true });
}, 240_000);
afterEach(() => eventually("nothing is left of volumes", async () => foldersOfVolumes().length === 0));

const cpus = (value = 0.1): Resource => scalar("cpus", value);
const reserved = (size: number, more: Partial<Resource> = {}): Resource =>
  disk(size, { ...reservedFor("web"), ...more });

/** Volumes of the agent's own disk, those too whose removal is under way. */
function foldersOfVolumes(): readonly string[] {
  const folder = join(dataDir, "work/volumes/roles/web");
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** An offer of the agent that holds exactly these volumes. */
const offerWith = (...ids: readonly string[]): Promise<Offer> =>
  scheduler.offer(
    (offer) => JSON.stringify([...idsOfVolumes(offer)].sort()) === JSON.stringify([...ids].sort()),
  );

async function run(id: string, offer: Offer, command: string, resources: readonly Resource[]): Promise<void> {
  await scheduler.accept([offer], [launch(taskOn(id, offer, command, [cpus(), ...resources]))], 0);
  await scheduler.status(id, "TASK_FINISHED");
}

async function end(taskId: string): Promise<void> {
  await scheduler.kill(taskId);
  await scheduler.status(taskId, "TASK_KILLED");
}

/** A file below the sandbox of a task that runs, as people read it. */
async function fileOf(taskId: string, name: string): Promise<string> {
  const sandbox = `/frameworks/${scheduler.frameworkId}/executors/${taskId}/runs/latest`;
  const asked = new URLSearchParams({ path: `${sandbox}/${name}`, offset: "0" });
  return (await getJson<{ readonly data: string }>(`${world.agentUrl("a")}/files/read?${asked}`)).data;
}

describe("persistent volumes", () => {
  it("mesos.md§8#68 keep their data through tasks and the agent's death, are not destroyed in use, and end wiped", async () => {
    const data = volume("web", "data", 100);
    const first = await offerWith();
    await scheduler.accept([first], [reserve(reserved(100)), create(data)], 0);
    await run("writes", await offerWith("data"), "echo kept > data/file", [data]);
    await world.killAgent("a");
    await world.startAgent("a", options);
    const offer = await offerWith("data");
    const command = "cat data/file data/file > twice && mv twice data/ && exec sleep 1000";
    await scheduler.accept([offer], [launch(taskOn("reads", offer, command, [cpus(), data]))], 0);
    await scheduler.status("reads", "TASK_RUNNING");
    await eventually("the volume is read below the sandbox", async () => {
      const text = await fileOf("reads", "data/twice").catch(() => "");
      return text === "kept\nkept\n";
    });
    const { id } = await slave(world, "a");
    const destroying = {
      type: "DESTROY_VOLUMES",
      destroy_volumes: { agent_id: { value: id }, volumes: [data] },
    };
    expect(await postJson(`${world.masterUrl}/api/v1`, destroying)).toMatchObject({
      status: 400,
      text: expect.stringContaining("in use by task reads"),
    });
    const other = await offerWith();
    await scheduler.accept([other], [{ ...destroy(data), id: { value: "in use" } }], 0);
    const refused = await scheduler.until("the refusal", () =>
      operationStatuses(scheduler).find(({ operation_id: of }) => of?.value === "in use"),
    );
    expect(refused).toMatchObject({ state: "OPERATION_ERROR", message: expect.stringContaining("in use") });
    await end("reads");
    expect(foldersOfVolumes()).toEqual(["data"]);
    await scheduler.accept([await offerWith("data")], [destroy(data), create(data)], 0);
    await run("starts anew", await offerWith("data"), 'test -z "$(ls -A data)"', [data]);
    await scheduler.accept([await offerWith("data")], [destroy(data), unreserve(reserved(100))], 0);
    expect((await slave(world, "a")).reserved_resources_full).toEqual({});
  });

  it("mesos.md§8#68 of a PATH and of a whole MOUNT disk are below their roots, which stay", async () => {
    const at = (source: object, container_path: string): NonNullable<Resource["disk"]> => ({
      ...source,
      persistence: { id: container_path.replace("/", "-") },
      volume: { container_path, mode: "RW" },
    });
    const kept = [reserved(100, { disk: onPath }), reserved(50, { disk: onMount })];
    const volumes = [
      reserved(30, { disk: at(onPath, "on-path") }),
      reserved(50, { disk: at(onMount, "on/mount") }),
    ];
    const [, whole] = volumes as [Resource, Resource];
    const part = { ...whole, scalar: { value: 20 }, disk: at(onMount, "part") };
    // A MOUNT disk is taken whole or not at all.
    const offer = await offerWith();
    await scheduler.accept(
      [offer],
      [
        reserve(...kept),
        { ...create(part), id: { value: "part" } },
        create(...volumes),
        launch(
          taskOn("both", offer, "echo a > on-path/file && echo b > on/mount/file", [cpus(), ...volumes]),
        ),
      ],
      0,
    );
    await scheduler.status("both", "TASK_FINISHED");
    expect(operationStatuses(scheduler).find(({ operation_id: of }) => of?.value === "part")?.state).toBe(
      "OPERATION_ERROR",
    );
    expect(readdirSync(join(path, "volumes/roles/web"))).toEqual(["on-path"]);
    expect(readdirSync(onMountOfRole)).toEqual(["on-mount"]);
    await scheduler.accept(
      [await offerWith("on-path", "on-mount")],
      [destroy(...volumes), unreserve(...kept)],
      0,
    );
    await eventually(
      "both disks are empty",
      async () => existsSync(path) && readdirSync(path).length === 0 && !existsSync(onMountOfRole),
    );
  });

  it("mesos.md§8#69 that are shared are used by two tasks at once", async () => {
    const shared = volume("web", "shared", 50, { shared: {} });
    const offer = await offerWith();
    const wait = (name: string): string => `until test -e data/${name}; do sleep 0.05; done`;
    const command = (own: string, other: string): string =>
      `touch data/${own}; ${wait(other)}; exec sleep 1000`;
    const both = (["one", "two"] as const).map((name, index) =>
      taskOn(name, offer, command(name, index === 0 ? "two" : "one"), [cpus(), shared]),
    );
    await scheduler.accept([offer], [reserve(reserved(50)), create(shared), launch(...both)], 0);
    for (const { task_id: id } of both) await scheduler.status(id.value, "TASK_RUNNING");
    // It is offered while it is used; a third task sees what the first two wrote.
    await run("three", await offerWith("shared"), `${wait("one")}; ${wait("two")}`, [shared]);
    await end("one");
    await end("two");
    await scheduler.accept([await offerWith("shared")], [destroy(shared), unreserve(reserved(50))], 0);
  });

  it("mesos.md§8#70 grow and shrink, and keep what is in them", async () => {
    const sized = (size: number): Resource => volume("web", "sized", size);
    await scheduler.accept([await offerWith()], [reserve(reserved(100)), create(sized(40))], 0);
    await run("fills", await offerWith("sized"), "echo kept > data/file", [sized(40)]);
    const sizeIn = ({ resources = [] }: Offer): number | undefined =>
      resources.find((each) => each.disk?.persistence?.id === "sized")?.scalar?.value;
    const grow = {
      type: "GROW_VOLUME",
      grow_volume: { volume: sized(40), addition: reserved(60) },
    } as const;
    await scheduler.accept([await offerWith("sized")], [grow], 0);
    const grown = await offerWith("sized");
    expect(sizeIn(grown)).toBe(100);
    await run("after growth", grown, "grep -q kept data/file", [sized(100)]);
    const shrink = {
      type: "SHRINK_VOLUME",
      shrink_volume: { volume: sized(100), subtract: { value: 90 } },
    } as const;
    await scheduler.accept([await offerWith("sized")], [shrink], 0);
    const shrunk = await offerWith("sized");
    expect(sizeIn(shrunk)).toBe(10);
    await run("after shrinking", shrunk, "grep -q kept data/file", [sized(10)]);
    await scheduler.accept([await offerWith("sized")], [destroy(sized(10)), unreserve(reserved(100))], 0);
  });
});
