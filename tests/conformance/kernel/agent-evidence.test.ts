/** What is left of ended tasks: cause and output, until the budget takes the files, also over a restart of the agent. */
import { chmodSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agentStreamPaths } from "#contracts/kernel/agent-streams.ts";
import type { TaskEvidence } from "#contracts/kernel/own-endpoints.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";

const budget = 400_000;
const policy = { evidenceBytesMax: budget };
let world: KernelWorld;
let scheduler: Scheduler;

beforeAll(async () => {
  world = await KernelWorld.start({ policy });
  chmodSync(world.dir, 0o711);
  scheduler = await world.subscribe();
});
afterAll(() => world.close());

interface Evidence {
  readonly items: readonly TaskEvidence[];
  readonly usedBytes: number;
  readonly budgetBytes: number;
}

const evidence = async (query: string): Promise<Evidence> =>
  (await world.get(`/keelson/v1/evidence?${query}`)).json() as Evidence;

describe("ended tasks", { timeout: 120_000 }, () => {
  it("ux.md§6#7 keep cause and output over a restart of the agent, and say when their files went", async () => {
    const failed = await scheduler.shell("echo why; head -c 100000 /dev/zero > data; exit 7");
    await scheduler.ended(failed);
    const killed = await scheduler.shell("kill -SEGV $$");
    await scheduler.ended(killed);
    expect((await evidence(`task=${failed}`)).items).toMatchObject([
      { state: "TASK_FAILED", isEnded: true, exitCode: 7, isOutOfMemory: false },
    ]);
    expect((await evidence(`task=${killed}`)).items).toMatchObject([{ signal: "SIGSEGV" }]);

    await world.stopAgent();
    await world.startAgent({ policy });
    const works = await scheduler.shell("head -c 350000 /dev/zero > data");
    await scheduler.ended(works);
    const [gone] = await eventually("the budget to be kept", async () => {
      const { items } = await evidence(`task=${works}`);
      return items[0]?.filesRemovedAt === undefined ? undefined : items;
    });
    // The one that failed is older and smaller; it stays all the same.
    const [kept] = (await evidence(`task=${failed}`)).items;
    expect(kept).toMatchObject({ exitCode: 7, message: "Command exited with status 7" });
    expect(kept?.filesRemovedAt).toBeUndefined();
    const log = await world.get(agentStreamPaths.log(failed));
    expect(log.body.toString()).toContain('"text":"why\\n"');

    const answer = await world.get(agentStreamPaths.log(works));
    expect(answer.status).toBe(404);
    expect(answer.json()).toMatchObject({ code: "NotFound", details: { removedAt: gone?.filesRemovedAt } });
    expect((await world.get(`/files/browse?path=${encodeURIComponent(gone?.directory ?? "")}`)).status).toBe(
      404,
    );
    const { usedBytes, budgetBytes } = await evidence("");
    expect(budgetBytes).toBe(budget);
    expect(usedBytes).toBeGreaterThan(100_000);
    expect(usedBytes).toBeLessThanOrEqual(budget);
  });

  it("are listed newest first, filtered, live ones among them", async () => {
    const lives = await scheduler.shell("sleep 60");
    await scheduler.status(lives, "TASK_RUNNING");
    expect((await evidence("filter=isEnded:false")).items.map(({ id }) => id)).toEqual([lives]);
    const failed = (await evidence("filter=state:TASK_FAILED")).items;
    expect(failed.length).toBe(2);
    expect(failed[0]?.endedAt).toBeGreaterThanOrEqual(failed[1]?.endedAt ?? 0);
    await scheduler.kill(lives, 0);
  });
});

describe("mesos.md§8#114 sandbox GC", { timeout: 120_000 }, () => {
  it.each([
    // Without a headroom the disk of whoever runs this is never too full.
    ["after gc_delay", { gcDelayMs: 1_500, gcHeadroom: -1, diskWatchMs: 100 }],
    // A headroom of everything: the disk is always too full.
    ["under disk pressure at once", { gcHeadroom: 1, diskWatchMs: 100 }],
  ])("%s the files are gone, and the files API says 404", async (_name, gcPolicy) => {
    const small = await KernelWorld.start({ policy: gcPolicy });
    try {
      chmodSync(small.dir, 0o711);
      const client = await small.subscribe();
      const task = await client.shell("echo out");
      const ended = await client.ended(task);
      const path = `/frameworks/${client.frameworkId}/executors/${task}/runs/latest/stdout`;
      const read = () => small.get(`/files/read?path=${encodeURIComponent(path)}&offset=0`);
      await eventually("the files are gone", async () => (await read()).status === 404);
      if ("gcDelayMs" in gcPolicy)
        expect(Date.now() / 1000 - (ended.timestamp ?? 0)).toBeGreaterThanOrEqual(1.5);
      // The files go first, the record of it follows.
      const own = await eventually("it is told when they went", async () => {
        const answer = await small.get(agentStreamPaths.log(task));
        return answer.status === 404 && answer;
      });
      expect(own.json()).toMatchObject({ code: "NotFound", details: { removedAt: expect.any(Number) } });
    } finally {
      await small.close();
    }
  });
});
