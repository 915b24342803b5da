/** Row 107 of the Mesos checklist: containers from images of a registry, on real processes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContainerInfo, TaskStatus } from "#contracts/kernel/messages.gen.ts";
import { Registry } from "../../harness/registry.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";

const isRoot = process.getuid?.() === 0;
let registry: Registry;
let locked: Registry;
let world: KernelWorld;
let scheduler: Scheduler;
beforeAll(async () => {
  registry = await Registry.start();
  locked = await Registry.start({ isPrivate: true });
  world = await KernelWorld.start();
  scheduler = await world.subscribe();
}, 180_000);
afterAll(async () => {
  await world?.close();
  await registry?.close();
  await locked?.close();
});

const mesos = (name: string, more: object = {}): ContainerInfo => ({
  type: "MESOS",
  mesos: { image: { type: "DOCKER", docker: { name }, ...more } },
});

async function stdout(task: string): Promise<string> {
  const work = join(world.dir, "agent-0", "work");
  const path = readdirSync(work, { recursive: true, encoding: "utf8" }).find(
    (each) =>
      each.includes(`/executors/${task}/runs/`) && !each.includes("/latest/") && each.endsWith("/stdout"),
  );
  return path === undefined ? "" : readFileSync(join(work, path), "utf8");
}

async function run(
  container: ContainerInfo,
  command: object,
): Promise<{ readonly status: TaskStatus; readonly stdout: string }> {
  const task = await scheduler.launch(command, { container });
  const status = await scheduler.ended(task);
  return { status, stdout: await stdout(task) };
}

const own = { shell: false };

describe.skipIf(!isRoot)("containers from images", { timeout: 180_000 }, () => {
  it("mesos.md§8#107 an image of a local registry runs its entry point, with its files, without those that a layer took away", async () => {
    const image = await registry.push(
      "lib/web:1",
      [
        {
          "data/kept": "kept\n",
          "data/gone": "gone\n",
          "opt/all/one": "1",
          start: {
            mode: 0o755,
            text: '#!/bin/sh\necho "$COLOUR $1 $2"; pwd; cat /data/*; ls /opt/all; cat /proc/self/mounts | head -1 >/dev/null; test -e /work && echo host; true\n',
          },
        },
        { "data/.wh.gone": "", "opt/all/.wh..wh..opq": "", "opt/all/two": "2" },
      ],
      { Entrypoint: ["/start", "a"], Cmd: ["b"], Env: ["COLOUR=blue", "PATH=/bin"], WorkingDir: "/data" },
    );
    const { status, stdout } = await run(mesos(image), own);
    expect({ state: status.state, message: status.message, stdout }).toEqual({
      state: "TASK_FINISHED",
      message: "Command exited with status 0",
      stdout: "blue a b\n/data\nkept\ntwo\n",
    });
  });
});
