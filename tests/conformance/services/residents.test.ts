/** Rows 78 to 81 of Marathon's checklist: services whose instances have persistent volumes, on a real cluster. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";

const disks = mkdtempSync(join(tmpdir(), "keelson-residents-"));
const pathDisk = join(disks, "path");
/** A mount point that everybody may write to. */
const mountDisk = "/dev/shm";

/** The first agent has two disks more. */
function flagsOfAgents(): string {
  const disk = (value: number, source: object): object => ({
    name: "disk",
    type: "SCALAR",
    scalar: { value },
    disk: { source },
  });
  const resources = [
    disk(100, { type: "PATH", path: { root: pathDisk } }),
    disk(64, { type: "MOUNT", mount: { root: mountDisk } }),
  ];
  const file = join(disks, "flags.json");
  writeFileSync(file, JSON.stringify([{ resources }]));
  return file;
}

let cluster: TestCluster;
beforeAll(async () => {
  chmodSync(disks, 0o711);
  cluster = await startCluster({ agents: 2, flags: ["--agent-flags", flagsOfAgents()] });
}, 240_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(disks, { recursive: true, force: true });
});

interface Task {
  readonly id: string;
  readonly state: string;
  readonly slaveId: string;
  readonly localVolumes?: readonly { readonly containerPath: string; readonly persistenceId: string }[];
}
interface App {
  readonly instances: number;
  readonly tasks: readonly Task[];
  readonly deployments: readonly unknown[];
}

const call = (method: string, path: string, body?: object) =>
  ask(`${cluster.info.services.services}${path}`, { method, ...(body === undefined ? {} : { body }) });

const data = { containerPath: "data", mode: "RW", persistent: { size: 10 } };
const resident = (id: string, more: object = {}): object => ({
  id,
  cmd: "echo run >> data/log; cat data/log; exec sleep 100000",
  cpus: 0.01,
  mem: 8,
  container: { type: "MESOS", volumes: [data] },
  ...more,
});

/** The volume is written at an absolute path, where an agent that is root leads to it. */
const atAbsolutePath =
  process.getuid?.() === 0
    ? {
        cmd: "echo run >> /mnt/log; cat data/log; exec sleep 100000",
        container: {
          type: "MESOS",
          volumes: [data, { containerPath: "/mnt", hostPath: "data", mode: "RW" }],
        },
      }
    : {};

async function create(id: string, more: object = {}): Promise<void> {
  expect(await call("POST", "/v2/apps", resident(id, more))).toMatchObject({ status: 201 });
}

const running = ({ tasks }: App): readonly Task[] => tasks.filter(({ state }) => state === "TASK_RUNNING");
const volumesOf = (tasks: readonly Task[]): readonly string[] =>
  tasks.flatMap(({ localVolumes = [] }) => localVolumes.map(({ persistenceId }) => persistenceId)).sort();

/** Runs as often as it wants, none of these tasks among them. */
function settled(id: string, without: readonly Task[] = []): Promise<App> {
  const old = new Set(without.map((task) => task.id));
  return eventually(
    `${id} is as wished`,
    async () => {
      const { app } = (await call("GET", `/v2/apps${id}`)).body as { readonly app: App };
      const tasks = running(app);
      return (
        app.deployments.length === 0 &&
        tasks.length === app.instances &&
        !tasks.some((task) => old.has(task.id)) &&
        app
      );
    },
    60_000,
  );
}

/** How often tasks ran on the volume that this one has, as it saw it itself. */
function runsSeenBy({ id }: Task): Promise<number> {
  return eventually("the task told what it found", async () => {
    const { stdout } = await cluster.cli("task", "log", id, "-n", "1000");
    return stdout.split("\n").filter((line) => line.trim().endsWith("run")).length;
  });
}

/** What is reserved with our labels on all agents. */
async function reserved(): Promise<readonly { readonly name: string }[]> {
  const { body } = await ask(`${cluster.info.services.kernel}/slaves`);
  const { slaves } = body as {
    readonly slaves: readonly {
      readonly reserved_resources_full: Readonly<
        Record<
          string,
          readonly {
            readonly name: string;
            readonly reservations?: readonly { readonly labels?: object }[];
          }[]
        >
      >;
    }[];
  };
  return slaves
    .flatMap((slave) => Object.values(slave.reserved_resources_full).flat())
    .filter(({ reservations = [] }) => JSON.stringify(reservations).includes("marathon_framework_id"));
}

async function remove(id: string): Promise<void> {
  await call("DELETE", `/v2/apps${id}`);
  await eventually(`nothing is reserved after ${id}`, async () => (await reserved()).length === 0, 60_000);
}

it("marathon.md§24#78 data survives a kill, a restart and an upgrade, in the same place", async () => {
  await create("/keeps", atAbsolutePath);
  const first = await settled("/keeps");
  const [task] = running(first) as [Task];
  expect(task.localVolumes).toMatchObject([
    { containerPath: "data", persistenceId: expect.stringMatching(/^keeps#data#/) },
  ]);
  expect(await runsSeenBy(task)).toBe(1);
  const labels = JSON.stringify(await reserved());
  expect(labels).toContain(task.id.replace(/\._app\.\d+$/, ""));
  const changes: readonly (readonly [number, () => Promise<unknown>])[] = [
    [2, () => call("DELETE", `/v2/apps/keeps/tasks/${task.id}`)],
    [3, () => call("POST", "/v2/apps/keeps/restart")],
    [4, () => call("PUT", "/v2/apps/keeps", { env: { COLOUR: "blue" } })],
  ];
  let before = first;
  for (const [runs, change] of changes) {
    await change();
    const after = await settled("/keeps", running(before));
    const [again] = running(after) as [Task];
    expect(await runsSeenBy(again)).toBe(runs);
    expect([again.slaveId, volumesOf([again])]).toEqual([task.slaveId, volumesOf([task])]);
    before = after;
  }
  await remove("/keeps");
}, 180_000);

it("an instance is given up with its volumes from the command line, and one that is not there is named", async () => {
  await create("/gives-up");
  const before = await settled("/gives-up");
  const [task] = running(before) as [Task];
  const instance = task.id.replace(/\._app\.\d+$/, "");
  const unknown = await cluster.cli("service", "wipe", "gives-up", "gives-up.instance-none");
  expect(unknown).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("has no instance gives-up.instance-none"),
  });
  const wiped = await cluster.cli("service", "wipe", "gives-up", instance);
  expect(wiped).toMatchObject({ code: 0, stdout: expect.stringContaining(instance) });
  const [anew] = running(await settled("/gives-up", [task])) as [Task];
  expect(volumesOf([anew])).not.toEqual(volumesOf([task]));
  expect(await runsSeenBy(anew)).toBe(1);
  await remove("/gives-up");
});

it("marathon.md§24#79 scaling down keeps the volumes, and scaling up takes the same ones", async () => {
  await create("/scales", { instances: 2 });
  const both = volumesOf(running(await settled("/scales")));
  expect(new Set(both).size).toBe(2);
  await call("PUT", "/v2/apps/scales", { instances: 1 });
  const less = await settled("/scales");
  expect(volumesOf(less.tasks)).toEqual(both);
  expect(volumesOf(running(less))).toHaveLength(1);
  await call("PUT", "/v2/apps/scales", { instances: 2 });
  const more = await settled("/scales");
  expect(volumesOf(running(more))).toEqual(both);
  await remove("/scales");
}, 180_000);

it("marathon.md§24#80 an app that is deleted gives its reservation back, a stopped instance's too", async () => {
  await create("/goes", { instances: 2 });
  await settled("/goes");
  await call("PUT", "/v2/apps/goes", { instances: 1 });
  await settled("/goes");
  expect((await reserved()).some(({ name }) => name === "cpus")).toBe(true);
  await remove("/goes");
}, 180_000);

it("marathon.md§24#81 what is reserved can't be changed, and volumes have rules", async () => {
  await create("/fixed", { instances: 0 });
  const changes: readonly (readonly [string, object])[] = [
    ["/cpus", { cpus: 0.02 }],
    ["/mem", { mem: 9 }],
    ["/disk", { disk: 1 }],
    ["/requirePorts", { requirePorts: true }],
    ["/portDefinitions", { portDefinitions: [] }],
    [
      "/container/volumes",
      { container: { volumes: [{ containerPath: "data", mode: "RW", persistent: { size: 20 } }] } },
    ],
  ];
  for (const [path, change] of changes) {
    const { status, body } = await call("PUT", "/v2/apps/fixed", change);
    expect(status, path).toBe(422);
    expect(JSON.stringify(body)).toContain(`"path":"${path}"`);
  }
  expect((await call("PUT", "/v2/apps/fixed", { env: { A: "b" } })).status).toBe(200);
  const refusals: readonly (readonly [string, object])[] = [
    [
      "/upgradeStrategy/maximumOverCapacity",
      { upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 } },
    ],
    ["/unreachableStrategy", { unreachableStrategy: { inactiveAfterSeconds: 1, expungeAfterSeconds: 2 } }],
    ["/acceptedResourceRoles", { acceptedResourceRoles: ["slave_public"] }],
    [
      "/container/volumes(0)/containerPath",
      { container: { volumes: [{ containerPath: "a/b", mode: "RW", persistent: { size: 1 } }] } },
    ],
    [
      "/container/volumes(0)/persistent/size",
      { container: { volumes: [{ containerPath: "a", mode: "RW", persistent: { size: 0 } }] } },
    ],
  ];
  for (const [path, more] of refusals) {
    const { status, body } = await call("POST", "/v2/apps", resident("/refused", more));
    expect(status, path).toBe(422);
    expect(JSON.stringify(body)).toContain(path);
  }
  const shown = (await call("GET", "/v2/apps/fixed")).body as { readonly app: object };
  expect(shown.app).toMatchObject({
    residency: { relaunchEscalationTimeoutSeconds: 3600, taskLostBehavior: "WAIT_FOREVER" },
    upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
    unreachableStrategy: "disabled",
    container: {
      type: "MESOS",
      volumes: [{ containerPath: "data", persistent: { type: "root", size: 10 } }],
    },
  });
  await remove("/fixed");
}, 240_000);

/** Every file of this name below the volumes of a disk that a service of this name has. */
const filesOn = (disk: string, service: string, name: string): readonly string[] =>
  readdirSync(disk, { recursive: true, encoding: "utf8" })
    .filter((file) => file.includes(`/${service}#`) && file.endsWith(`/${name}`))
    .map((file) => readFileSync(join(disk, file), "utf8"));

it("marathon.md§24#78 of types path and mount: data is kept on these disks, and gone from them with the app", async () => {
  await create("/disks", {
    cmd: "for each in part whole; do echo run >> $each/log; done; exec sleep 100000",
    container: {
      type: "MESOS",
      volumes: [
        {
          containerPath: "part",
          mode: "RW",
          persistent: { type: "path", size: 10, constraints: [["path", "LIKE", `${disks}/.*`]] },
        },
        { containerPath: "whole", mode: "RW", persistent: { type: "mount", size: 20, maxSize: 64 } },
      ],
    },
  });
  const first = await settled("/disks");
  expect(JSON.stringify(await reserved())).toContain('"scalar":{"value":64}');
  await call("DELETE", `/v2/apps/disks/tasks/${running(first)[0]?.id}`);
  const again = await settled("/disks", running(first));
  expect(volumesOf(again.tasks)).toEqual(volumesOf(first.tasks));
  for (const disk of [pathDisk, mountDisk])
    await eventually(
      "both runs wrote to it",
      async () => filesOn(disk, "disks", "log").join() === "run\nrun\n",
    );
  // The disk is taken whole: nobody else gets a part of it.
  await create("/waits", { container: { volumes: [{ ...data, persistent: { type: "mount", size: 1 } }] } });
  await eventually("the other waits for a disk", async () => {
    const { stdout } = await cluster.cli("why", "/waits");
    return stdout.includes("no node has a free disk for the volumes (mount 1 MiB)");
  });
  await call("DELETE", "/v2/apps/waits?force=true");
  await remove("/disks");
  for (const disk of [pathDisk, mountDisk])
    await eventually("the disk is empty", async () => filesOn(disk, "disks", "log").length === 0);
}, 180_000);

it("marathon.md§24#83 containers of a pod share a persistent volume, which outlives them", async () => {
  const container = (name: string, shell: string): object => ({
    name,
    resources: { cpus: 0.01, mem: 8 },
    exec: { command: { shell: `${shell}; exec sleep 100000` } },
    volumeMounts: [{ name: "data", mountPath: `in-${name}` }],
  });
  const pod = {
    id: "/pod-disks",
    containers: [
      container("writes", "echo run >> in-writes/log"),
      container("reads", "until test -s in-reads/log; do sleep 0.1; done; cat in-reads/log >> in-reads/read"),
    ],
    volumes: [{ name: "data", persistent: { type: "path", size: 10 } }],
  };
  expect(await call("POST", "/v2/pods", pod)).toMatchObject({ status: 201 });
  interface PodInstance {
    readonly id: string;
    readonly localVolumes: readonly { readonly persistenceId: string }[];
  }
  const stable = (reads: number): Promise<PodInstance> =>
    eventually(
      "the pod is stable, and read",
      async () => {
        const { body } = await call("GET", "/v2/pods/pod-disks::status");
        const { status, instances } = body as { status: string; instances: readonly PodInstance[] };
        const read = filesOn(pathDisk, "pod-disks", "read").join("");
        return status === "STABLE" && read.split("run").length - 1 >= reads && instances[0];
      },
      60_000,
    );
  const first = await stable(1);
  await call("DELETE", `/v2/pods/pod-disks::instances/${first.id}`);
  const again = await stable(3);
  expect(again).toMatchObject({ id: first.id, localVolumes: first.localVolumes });
  expect(first.localVolumes).toMatchObject([{ persistenceId: expect.stringMatching(/^pod-disks#data#/) }]);
  expect(filesOn(pathDisk, "pod-disks", "log")).toEqual(["run\nrun\n"]);
  await call("DELETE", "/v2/pods/pod-disks?force=true");
  await eventually("nothing is reserved for the pod", async () => (await reserved()).length === 0, 60_000);
  await eventually("the disk is empty", async () => filesOn(pathDisk, "pod-disks", "log").length === 0);
}, 180_000);
