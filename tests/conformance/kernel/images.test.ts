/** Row 107 of the Mesos checklist: containers from images of a registry, on real processes. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContainerInfo, TaskInfo, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import type { ImagePullItem } from "#contracts/kernel/own-endpoints.ts";
import { eventually } from "../../harness/cluster.ts";
import { HeldRegistry, largeLayer } from "../../harness/held-registry.ts";
import { Registry } from "../../harness/registry.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";

const isRoot = process.getuid?.() === 0;
let registry: Registry;
let locked: Registry;
let world: KernelWorld;
let scheduler: Scheduler;
let folder: string;
/** Says what it was given and where it is. */
let echo: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "keelson-host-folder-"));
  writeFileSync(join(folder, "note"), "of the machine\n");
  registry = await Registry.start();
  locked = await Registry.start({ isPrivate: true });
  echo = await registry.push("lib/echo:1", [{ start: program('echo "$0 $*"') }], {
    Entrypoint: ["/start"],
    Cmd: ["of", "image"],
    Env: ["PATH=/bin", "COLOUR=blue"],
  });
  world = await KernelWorld.start();
  scheduler = await world.subscribe();
}, 180_000);
afterAll(async () => {
  await world?.close();
  await registry?.close();
  await locked?.close();
  rmSync(folder, { recursive: true, force: true });
});

const program = (text: string) => ({ mode: 0o755, text: `#!/bin/sh\n${text}\n` });
const mesos = (name: string, more: object = {}): ContainerInfo => ({
  type: "MESOS",
  mesos: { image: { type: "DOCKER", docker: { name }, ...more } },
});
const docker = (image: string, more: object = {}, others: object = {}): ContainerInfo => ({
  type: "DOCKER",
  docker: { image, ...more },
  ...others,
});
const own = { shell: false };
const shell = (value: string) => ({ shell: true, value });

function sandboxFile(task: string, name: string): string {
  const work = join(world.dir, "agent-0", "work", "slaves");
  const [path] = readdirSync(work, { recursive: true, encoding: "utf8" }).filter(
    (each) => each.includes(`/executors/${task}/runs/`) && each.endsWith(`/${name}`),
  );
  return path === undefined ? "" : readFileSync(join(work, path), "utf8");
}

async function run(
  container: ContainerInfo,
  command: object,
  more: Partial<TaskInfo> = {},
): Promise<{ readonly status: TaskStatus; readonly stdout: string }> {
  const task = await scheduler.launch(command, { container, ...more });
  const status = await scheduler.ended(task);
  return { status, stdout: sandboxFile(task, "stdout") };
}

async function said(container: ContainerInfo, command: object): Promise<string> {
  const { status, stdout } = await run(container, command);
  expect([status.state, status.message]).toEqual(["TASK_FINISHED", "Command exited with status 0"]);
  return stdout;
}

async function prune(excluded: readonly string[]): Promise<void> {
  const images = excluded.map((name) => ({ type: "DOCKER", docker: { name } }));
  const answer = await fetch(`${world.agentUrl}/api/v1`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ type: "PRUNE_IMAGES", prune_images: { excluded_images: images } }),
  });
  expect(answer.status).toBe(200);
}

const unpacked = (): number => readdirSync(join(world.dir, "agent-0", "images", "unpacked")).length;

describe.skipIf(!isRoot)("containers from images", { timeout: 180_000 }, () => {
  it("mesos.md§8#107 an image of a local registry runs its entry point, with its files, without those that a layer took away", async () => {
    const start = 'echo "$COLOUR $1 $2"; pwd; cat /data/*; ls /opt/all; ls -d /work /var 2>/dev/null; true';
    const image = await registry.push(
      "lib/web:1",
      [
        { "data/kept": "kept\n", "data/gone": "gone\n", "opt/all/one": "1", start: program(start) },
        { "data/.wh.gone": "", "opt/all/.wh..wh..opq": "", "opt/all/two": "2" },
      ],
      {
        Entrypoint: ["/start", "a"],
        Cmd: ["b"],
        Env: ["COLOUR=blue", "PATH=/bin"],
        WorkingDir: "/data",
      },
    );
    expect(await said(mesos(image), own)).toBe("blue a b\n/data\nkept\ntwo\n");
  });

  it("mesos.md§8#107 an image of a private registry is had with the credentials that come with it, and with none other", async () => {
    const image = await locked.push("lib/secret:1", [{ start: program("echo in") }], {
      Entrypoint: ["/start"],
    });
    const wrong = Buffer.from(locked.credentials.replace(/"auth":"[^"]*"/, '"auth":"eDp5"'));
    const withConfig = (config: Buffer): ContainerInfo =>
      mesos(image, {
        docker: { name: image, config: { type: "VALUE", value: { data: config.toString("base64") } } },
      });
    const refused = async (container: ContainerInfo): Promise<void> => {
      const { status } = await run(container, own);
      expect(status).toMatchObject({ state: "TASK_FAILED", reason: "REASON_CONTAINER_LAUNCH_FAILED" });
      expect(status.message).toContain(`Failed to pull image ${image}`);
      expect(status.message).toMatch(/unauthorized|authentication required/);
    };
    await refused(mesos(image));
    await refused(withConfig(wrong));
    expect(await said(withConfig(Buffer.from(locked.credentials)), own)).toBe("in\n");
    // What one task could fetch is not there for another that can't.
    await refused(mesos(image));
    const state = JSON.stringify((await world.get("/state")).json());
    expect(state).toContain(image);
    expect(state).not.toContain(Buffer.from(locked.credentials).toString("base64"));
  });

  it("what is given to an image is given to its entry point, or instead of it", async () => {
    const given = ["x", "y"];
    expect(await said(mesos(echo), { ...own, arguments: given })).toBe("/start x y\n");
    expect(await said(mesos(echo), { ...own, value: "echo", arguments: ["echo", "z"] })).toBe("z\n");
    expect(await said(mesos(echo), shell("echo $COLOUR"))).toBe("blue\n");
    expect(await said(docker(echo), { ...own, value: "v", arguments: given })).toBe("/start v x y\n");
    expect(await said(docker(echo), own)).toBe("/start of image\n");
    expect(await said(docker(echo), shell("echo $0"))).toBe("sh\n");
    const entrypoint = { parameters: [{ key: "entrypoint", value: "/bin/echo" }] };
    expect(await said(docker(echo, entrypoint), { ...own, arguments: given })).toBe("x y\n");
  });

  it("a Mesos container finds its sandbox, and is the user that was named", async () => {
    const command = {
      ...shell('id -u; pwd; echo "$MESOS_SANDBOX"; echo kept > file; echo out > /dev/stdout'),
      user: "nobody",
    };
    const { status, stdout } = await run(mesos(echo), command);
    expect([status.message, stdout]).toEqual([
      "Command exited with status 0",
      "65534\n/mnt/mesos/sandbox\n/mnt/mesos/sandbox\nout\n",
    ]);
    expect(sandboxFile(status.task_id.value, "file")).toBe("kept\n");
  });

  it("a Docker container has processes, host name, environment, user and folders of its own, and few rights", async () => {
    const parameters = [
      { key: "env", value: "SHAPE=round" },
      { key: "workdir", value: "/tmp" },
      { key: "hostname", value: "box" },
      { key: "volume", value: `${folder}:/host:ro` },
    ];
    const text =
      "id -u; pwd; hostname; echo $SHAPE $$; cat /host/note; touch /host/x 2>/dev/null || echo fixed; hostname other 2>/dev/null || echo small; echo x 2>/dev/null >/proc/sys/kernel/hostname && echo open; echo ${MESOS_CONTAINER_NAME%%-*}";
    expect(await said(docker(echo, { parameters }), shell(text))).toBe(
      "0\n/tmp\nbox\nround 1\nof the machine\nfixed\nsmall\nmesos\n",
    );
    const user = { parameters: [{ key: "user", value: "guest" }] };
    expect(await said(docker(echo, user), shell("id -u; id -un"))).toBe("4321\nguest\n");
    const volumes = { volumes: [{ mode: "RW", container_path: "/host", host_path: folder }] };
    expect(await said(docker(echo, {}, volumes), shell("cat /host/note"))).toBe("of the machine\n");
    const privileged = docker(echo, { privileged: true });
    expect(await said(privileged, shell("hostname other && hostname"))).toBe("other\n");
  });

  it("a folder that shares mounts with the machine has those of the container on the machine too", async () => {
    const place = mkdtempSync(join(tmpdir(), "keelson-shared-"));
    execFileSync("mount", ["-t", "tmpfs", "keelson", place]);
    try {
      execFileSync("mount", ["--make-shared", place]);
      const parameters = [{ key: "volume", value: `${place}:/place:rshared` }];
      const script = "mkdir /place/in && mount -t tmpfs in /place/in && echo there > /place/in/x";
      await said(docker(echo, { privileged: true, parameters }), shell(script));
      expect(readFileSync(join(place, "in/x"), "utf8")).toBe("there\n");
    } finally {
      execFileSync("umount", ["-R", place]);
      rmSync(place, { recursive: true });
    }
  });

  it("what cannot be given to a Docker container is refused by its name", async () => {
    const refused = async (more: object): Promise<string> =>
      (await run(docker(echo, more), own)).status.message ?? "";
    expect(await refused({ parameters: [{ key: "init", value: "true" }] })).toContain("parameters init");
    expect(await refused({ parameters: [{ key: "volume", value: "data:/data" }] })).toContain(
      "without the parameter volume-driver",
    );
  });

  it("an image that the registry doesn't have fails its task with what the registry said", async () => {
    const name = `${registry.host}/lib/nothing:1`;
    const { status } = await run(mesos(name), own);
    expect(status).toMatchObject({ state: "TASK_FAILED", reason: "REASON_CONTAINER_LAUNCH_FAILED" });
    expect(status.message).toMatch(new RegExp(`Failed to pull image ${name}: .*(manifest|name) unknown`));
    const bad = await run(mesos("UPPER/case"), own);
    expect(bad.status.message).toContain("UPPER/case");
  });

  it("an image that is there is not asked for again, unless the task wants it so; a new one under the name is taken then", async () => {
    const name = "lib/news:latest";
    const image = await registry.push(name, [{ start: program("echo old") }], { Entrypoint: ["/start"] });
    expect(await said(mesos(image), own)).toBe("old\n");
    const asked = registry.pulls("lib/news");
    await registry.push(name, [{ start: program("echo new") }], { Entrypoint: ["/start"] });
    const pushed = registry.pulls("lib/news");
    expect(asked).toBeGreaterThan(0);
    expect(await said(mesos(image), own)).toBe("old\n");
    expect(registry.pulls("lib/news")).toBe(pushed);
    expect(await said(mesos(image, { cached: false }), own)).toBe("new\n");
    expect(await said(docker(image, { force_pull_image: true }), own)).toBe("new\n");
  });

  it("many tasks of one image pull it once", async () => {
    const image = await registry.push("lib/many:1", [{ start: program("echo one of many") }], {
      Entrypoint: ["/start"],
    });
    const before = registry.pulls("lib/many");
    await said(mesos(image), own);
    const once = registry.pulls("lib/many") - before;
    await prune([]);
    const tasks = await Promise.all([1, 2, 3, 4].map(() => run(mesos(image), own)));
    expect(tasks.map(({ stdout }) => stdout)).toEqual(Array.from(tasks, () => "one of many\n"));
    expect(registry.pulls("lib/many") - before).toBe(2 * once);
  });

  it("while an image of several machines comes, its agent tells how much of it is there, to whom it comes", async () => {
    const held = await HeldRegistry.start(registry.host);
    try {
      await registry.push("lib/large:1", [largeLayer()], { Entrypoint: ["/bin/true"] });
      const image = `${held.host}/lib/large:many`;
      const tasks = [
        await scheduler.launch(own, { container: mesos(image) }),
        await scheduler.launch(own, { container: docker(image) }),
      ];
      const told = async (): Promise<readonly ImagePullItem[]> =>
        ((await fetch(`${world.agentUrl}/keelson/v1/image-pulls`)).json() as Promise<{ items: [] }>).then(
          ({ items }) => items,
        );
      const items = await eventually(
        "some of it is there",
        async () => {
          const all = await told();
          const isComing = ({ doneBytes, totalBytes = 0 }: ImagePullItem): boolean =>
            doneBytes > 0 && doneBytes < totalBytes && totalBytes > 6_000_000;
          return all.length === 2 && all.every(isComing) && all;
        },
        60_000,
      );
      expect(items.map(({ taskId }) => taskId).sort()).toEqual([...tasks].sort());
      expect(items[0]).toMatchObject({ image, phase: "fetching", totalBytes: items[1]?.totalBytes });
      const debug = (await (await fetch(`${world.agentUrl}/containerizer/debug`)).json()) as {
        readonly pending: readonly { readonly args: object }[];
      };
      expect(debug.pending.map(({ args }) => args)).toEqual(
        Array.from(tasks, () => ({
          containerId: expect.any(String),
          image,
          pull: "fetching",
          pulledBytes: expect.stringMatching(/^[1-9]\d+$/),
          imageBytes: String(items[0]?.totalBytes),
        })),
      );
      held.release();
      for (const task of tasks) expect((await scheduler.ended(task)).state).toBe("TASK_FINISHED");
      expect(await told()).toEqual([]);
    } finally {
      held.close();
    }
  });

  it("mesos.md§8#107 with a terminal, a size of its shared memory, or no network: as without an image", async () => {
    const tty = { tty_info: { window_size: { rows: 33, columns: 111 } } };
    const shown = await said({ ...mesos(echo), ...tty }, shell("tty; stty size"));
    expect(shown).toMatch(/^\/dev\/pts\/\d+\r\n33 111\r\n$/);
    expect(await said({ ...docker(echo), ...tty }, shell("tty; stty size"))).toBe(shown);

    const size = "df -m /dev/shm | tail -1 | tr -s ' '";
    const linux = { linux_info: { ipc_mode: "PRIVATE" as const, shm_size: 17 } };
    expect(await said({ ...mesos(echo), ...linux }, shell(size))).toMatch(/^shm 17 /);
    expect(await said(mesos(echo), shell(size))).toMatch(/^shm 64 /);

    const lonely = docker(echo, { network: "NONE" });
    expect(
      await said(lonely, shell("cat /proc/net/dev | grep -c :; ping -c 1 127.0.0.1 | grep -c seq=")),
    ).toBe("1\n1\n");
    const { status } = await run(
      docker(echo, { network: "NONE", port_mappings: [{ host_port: 31000, container_port: 80 }] }),
      own,
    );
    expect(status.message).toContain("container.docker.port_mappings: with the network NONE");
  });

  it("commands in a container and checks by command are in its files; it outlives its agent, and is killed after", async () => {
    const check: TaskInfo["health_check"] = {
      type: "COMMAND",
      command: { value: "test -e /start && test ! -e /var && cat state" },
      delay_seconds: 0,
      interval_seconds: 0.2,
    };
    const task = await scheduler.launch(shell("echo well > state; while :; do sleep 1; done"), {
      container: docker(echo),
      health_check: check,
    });
    await scheduler.until("a healthy task", () =>
      scheduler.statuses(task).find(({ healthy }) => healthy === true),
    );
    await world.stopAgent();
    await world.startAgent();
    const known = scheduler.statuses(task).length;
    // Nothing of it is told anew: it runs on, and its image is in use.
    await prune([]);
    expect(unpacked()).toBe(1);
    await scheduler.kill(task, 1);
    expect((await scheduler.ended(task)).state).toBe("TASK_KILLED");
    expect(
      scheduler
        .statuses(task)
        .slice(known)
        .map(({ state }) => state),
    ).not.toContain("TASK_FAILED");
    await eventually(
      "what it wrote is gone",
      () => readdirSync(join(world.dir, "agent-0", "containers")).length === 0,
      60_000,
    );
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(world.dir);
    await prune([echo]);
    expect(unpacked()).toBe(1);
    await prune([]);
    expect(unpacked()).toBe(0);
    expect(existsSync(join(world.dir, "agent-0", "images", "pulls"))).toBe(true);
  });
});
