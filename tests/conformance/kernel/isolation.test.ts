/** Rows 54 and 61 to 64 of the Mesos checklist: what is enforced of a task's share, on real processes. */
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Offer, Resource } from "#contracts/kernel/messages.gen.ts";
import { detectCgroups } from "#kernel/containerizer/index.ts";
import { eventually } from "../../harness/cluster.ts";
import { KernelWorld, type Scheduler } from "./agent-world.ts";

const hasCgroups = process.getuid?.() === 0 && detectCgroups() !== undefined;

let world: KernelWorld;
let scheduler: Scheduler;

beforeAll(async () => {
  world = await KernelWorld.start({
    policy: { enforcesCpus: true, enforcesDisk: true, containerDiskWatchMs: 300 },
  });
  chmodSync(world.dir, 0o711);
  scheduler = await world.subscribe();
}, 120_000);
afterAll(() => world.close());

interface Container {
  readonly executor_id: string;
  readonly statistics: Readonly<Record<string, number>>;
}

async function statisticsOf(task: string): Promise<Readonly<Record<string, number>>> {
  const all = (await world.get("/containers")).json() as readonly Container[];
  return all.find(({ executor_id }) => executor_id === task)?.statistics ?? {};
}

async function sandboxOf(task: string): Promise<string> {
  type Executors = readonly { readonly id: string; readonly directory: string }[];
  type Frameworks = readonly { readonly executors: Executors; readonly completed_executors: Executors }[];
  const { frameworks, completed_frameworks } = (await world.get("/state")).json() as {
    readonly frameworks: Frameworks;
    readonly completed_frameworks: Frameworks;
  };
  const all = [...frameworks, ...completed_frameworks].flatMap(({ executors, completed_executors }) => [
    ...executors,
    ...completed_executors,
  ]);
  return all.find(({ id }) => id === task)?.directory ?? "";
}

const scalar = (name: string, value: number): Resource => ({
  name,
  type: "SCALAR",
  scalar: { value },
  allocation_info: { role: "*" },
});
const hasPorts = ({ resources = [] }: Offer): boolean => resources.some(({ name }) => name === "ports");
const spins = "while :; do :; done";

describe("isolation", { timeout: 180_000 }, () => {
  it("mesos.md§8#54 25 MB of output are in rotated files, and no line is lost", async () => {
    const lines = 2_600_000;
    const task = await scheduler.shell(`seq -w 1 ${lines} | sed 's/$/ x/'`);
    expect((await scheduler.ended(task)).state).toBe("TASK_FINISHED");
    const sandbox = await sandboxOf(task);
    const files = readdirSync(sandbox).filter((name) => /^stdout(\.\d+)?$/.test(name));
    expect(files.sort()).toEqual(["stdout", "stdout.1", "stdout.2"]);
    const text = ["stdout.2", "stdout.1", "stdout"]
      .map((name) => readFileSync(join(sandbox, name), "utf8"))
      .join("");
    expect(text.length).toBeGreaterThan(25 * 1_000_000);
    const found = text.split("\n").slice(0, -1);
    expect(found.length).toBe(lines);
    expect(found.findIndex((line, index) => Number(line.slice(0, -2)) !== index + 1)).toBe(-1);
  });

  it.skipIf(!hasCgroups)(
    "mesos.md§8#61 a task that spins gets the processors it was given and no more, and is seen to be throttled",
    async () => {
      const task = await scheduler.shell(`${spins} & ${spins}`);
      await scheduler.status(task, "TASK_RUNNING");
      const first = await eventually("it to be throttled", async () => {
        const now = await statisticsOf(task);
        return (now["cpus_nr_throttled"] ?? 0) > 3 ? now : undefined;
      });
      // On a machine that is short of processors it may go without for a while, and then nobody throttles it.
      const later = await eventually("a second of it, in which it was throttled again", async () => {
        const now = await statisticsOf(task);
        const isLater = (now["timestamp"] ?? 0) - (first["timestamp"] ?? 0) > 1;
        return isLater && (now["cpus_nr_throttled"] ?? 0) > (first["cpus_nr_throttled"] ?? 0) && now;
      });
      const seconds = (of: Readonly<Record<string, number>>): number =>
        (of["cpus_user_time_secs"] ?? 0) + (of["cpus_system_time_secs"] ?? 0);
      const used =
        (seconds(later) - seconds(first)) / ((later["timestamp"] ?? 0) - (first["timestamp"] ?? 0));
      // 0.1 of its own and 0.1 of its executor's; periods of 100 ms are not cut where they were looked at.
      expect(later["cpus_limit"]).toBeCloseTo(0.2);
      expect(used).toBeLessThan(0.26);
      await scheduler.kill(task);
      await scheduler.ended(task);
    },
  );

  it.skipIf(!hasCgroups)(
    "mesos.md§8#62 a limit above the request lets a task burst, and one without an end is one",
    async () => {
      const limits = { cpus: { value: 1 }, mem: { value: "Infinity" as unknown as number } };
      // More than was requested, by far.
      const task = await scheduler.shell(
        `x=$(head -c 120000000 /dev/zero | tr '\\0' x); echo held; ${spins}`,
        {
          limits,
        },
      );
      await scheduler.status(task, "TASK_RUNNING");
      const sandbox = await sandboxOf(task);
      await eventually("the memory to be held", async () =>
        readFileSync(join(sandbox, "stdout"), "utf8").includes("held"),
      );
      // The pipe that filled it had three processes; from here on one thread spins, which cannot use more than that.
      const first = await statisticsOf(task);
      const measured = await eventually("its periods", async () => {
        const now = await statisticsOf(task);
        return (now["cpus_nr_periods"] ?? 0) > (first["cpus_nr_periods"] ?? 0) + 20 ? now : undefined;
      });
      expect(measured["cpus_limit"]).toBeCloseTo(1.1);
      // A period that the pipe began may be counted after it; held to its request it were every one.
      expect(measured["cpus_nr_throttled"]).toBeLessThanOrEqual((first["cpus_nr_throttled"] ?? 0) + 2);
      expect(measured["mem_limit_bytes"] ?? Number.POSITIVE_INFINITY).toBeGreaterThan(2 ** 40);
      expect(measured["mem_total_bytes"]).toBeGreaterThan(64 * 1_048_576);
      await scheduler.kill(task);
      await scheduler.ended(task);
      const refused = await scheduler.shell("true", { limits: { cpus: { value: 0.01 } } });
      expect(await scheduler.ended(refused)).toMatchObject({
        state: "TASK_ERROR",
        reason: "REASON_TASK_INVALID",
        message: expect.stringContaining("limits: cpus"),
      });
    },
  );

  it("mesos.md§8#63 a task that writes more than its disk FAILED with CONTAINER_LIMITATION_DISK, its neighbour lives", async () => {
    const resources = [scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 5)];
    const launch = (value: string): Promise<string> =>
      scheduler.launchOn(
        () => ({ command: { shell: true, value }, resources }),
        (offer) => offer.resources?.some(({ name }) => name === "disk") === true,
      );
    const neighbour = await launch("head -c 3000000 /dev/zero > file; sleep 1000");
    const task = await launch("head -c 20000000 /dev/zero > file; sleep 1000");
    expect(await scheduler.ended(task)).toMatchObject({
      state: "TASK_FAILED",
      source: "SOURCE_AGENT",
      reason: "REASON_CONTAINER_LIMITATION_DISK",
      message: expect.stringMatching(/^Disk usage \(.*\) exceeds quota \(5MB\)$/),
      limitation: { resources: [{ name: "disk", scalar: { value: 5 } }] },
    });
    expect(scheduler.statuses(neighbour).map(({ state }) => state)).not.toContain("TASK_FAILED");
    await scheduler.kill(neighbour);
  });

  it("mesos.md§8#64 a port is given to one task of an agent at a time", async () => {
    const held = new Set<number>();
    const tasks: string[] = [];
    const wanted = (port: number): readonly Resource[] => [
      scalar("cpus", 0.1),
      scalar("mem", 32),
      {
        name: "ports",
        type: "RANGES",
        ranges: { range: [{ begin: port, end: port }] },
        allocation_info: { role: "*" },
      },
    ];
    for (let count = 0; count < 4; count += 1) {
      let port = 0;
      const task = await scheduler.launchOn((offer) => {
        const free = (offer.resources ?? []).flatMap(({ name, ranges }) =>
          name === "ports" ? (ranges?.range ?? []) : [],
        );
        for (const { begin, end } of free)
          for (const each of held)
            expect(each < begin || each > end, `${each} was offered while it is held`).toBe(true);
        port = free[0]?.begin ?? 0;
        return { command: { shell: true, value: "sleep 1000" }, resources: wanted(port) };
      }, hasPorts);
      await scheduler.status(task, "TASK_RUNNING");
      expect(held.has(port)).toBe(false);
      held.add(port);
      tasks.push(task);
    }
    expect(held.size).toBe(4);
    // One that is held is not to be had, whoever asks.
    const [first = 0] = held;
    const refused = await scheduler.launchOn(
      () => ({
        command: { shell: true, value: "sleep 1000" },
        resources: wanted(first),
      }),
      hasPorts,
    );
    expect(await scheduler.ended(refused)).toMatchObject({
      state: "TASK_ERROR",
      reason: "REASON_TASK_INVALID",
    });
    for (const task of tasks) await scheduler.kill(task);
  });
});
