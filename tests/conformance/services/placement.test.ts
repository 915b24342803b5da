/** Where instances go, which of them are killed, how long failures wait: on five labelled agents, and one far away. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type RunningServices, start } from "#frameworks/services/main.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "../kernel/kernel-processes.ts";

/** Host, its rack and the number of its kernel, and the zone of the region `home`. */
const agents = [
  ["a", "rack:r1;kernel:4.19", "z1"],
  ["b", "rack:r1;kernel:5.10", "z1"],
  ["c", "rack:r2;kernel:5.10", "z2"],
  ["d", "rack:r2;kernel:6", "z2"],
  ["e", "kernel:6.1", "z2"],
] as const;
const rackOf: Readonly<Record<string, string | undefined>> = { a: "r1", b: "r1", c: "r2", d: "r2" };

const inRegion = (region: string, zone: string) => ({
  fault_domain: { region: { name: region }, zone: { name: zone } },
});
/** So long before a window of maintenance agents are spared here. */
const drainingMs = 600_000;

let kernel: KernelProcesses;
let services: RunningServices;
const dataDir = mkdtempSync(join(tmpdir(), "keelson-placement-"));

beforeAll(async () => {
  kernel = await KernelProcesses.start({}, { domain: inRegion("home", "z1") });
  for (const [name, attributes, zone] of agents)
    await kernel.startAgent(name, { attributes, domain: inRegion("home", zone) });
  await kernel.startAgent("far", { attributes: "rack:r1;kernel:5.10", domain: inRegion("away", "z9") });
  services = await start({
    host: "127.0.0.1",
    port: 0,
    dataDir,
    masterUrl: kernel.masterUrl,
    policy: { envVarsPrefix: "OURS_", reviveRepeatMs: 1_000, drainingMs },
  });
}, 120_000);
afterAll(async () => {
  await call("DELETE", "/v2/groups?force=true");
  await eventually("nothing runs", async () => (await call("GET", "/v2/tasks")).body.tasks?.length === 0);
  await services.close();
  await kernel.close();
  rmSync(dataDir, { recursive: true, force: true });
}, 120_000);
afterEach(async () => {
  await call("DELETE", "/v2/groups?force=true");
  await eventually("nothing is left", async () => {
    const [apps, tasks] = [await call("GET", "/v2/apps"), await call("GET", "/v2/tasks")];
    return apps.body.apps?.length === 0 && tasks.body.tasks?.length === 0;
  });
  await idle();
}, 240_000);

interface Task {
  readonly id: string;
  readonly host: string;
  readonly state: string;
  readonly version: string;
  readonly ports: readonly number[];
}
interface Counts {
  readonly stats: {
    readonly counts: { readonly running: number };
    readonly lifeTime: { readonly averageSeconds: number; readonly medianSeconds: number };
  };
}

interface QueueEntry {
  readonly app?: { readonly id: string };
  readonly count: number;
  readonly delay: { readonly timeLeftSeconds: number };
  readonly processedOffersSummary: {
    readonly unusedOffersCount: number;
    readonly rejectSummaryLastOffers: readonly { readonly reason: string; readonly declined: number }[];
  };
  readonly lastUnusedOffers?: readonly {
    readonly offer: { readonly hostname: string };
    readonly reason: readonly string[];
  }[];
}

/** What the answers read here may hold. */
interface Answer {
  readonly tasks?: readonly Task[];
  readonly apps?: readonly unknown[];
  readonly app?: {
    readonly tasksStats?: {
      readonly withLatestConfig?: Counts;
      readonly withOutdatedConfig?: Counts;
      readonly totalSummary?: Counts;
    };
  };
  readonly queue?: readonly QueueEntry[];
  readonly version?: string;
  /** Of a list. */
  readonly length?: number;
}

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: Answer }> {
  const { status, body: answer } = await ask(`${services.info.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  return { status, body: (answer ?? {}) as Answer };
}

const small = { cmd: "exec sleep 100000", cpus: 0.01, mem: 4 };

async function create(id: string, fields: object): Promise<void> {
  const { status, body } = await call("POST", "/v2/apps", { id, ...small, ...fields });
  expect({ status, body: status === 201 ? {} : body }).toEqual({ status: 201, body: {} });
}

async function tasksOf(id: string): Promise<readonly Task[]> {
  return (await call("GET", `/v2/apps${id}/tasks`)).body.tasks ?? [];
}

const running = (id: string, count: number): Promise<readonly Task[]> =>
  eventually(
    `${count} instances of ${id} run`,
    async () => {
      const tasks = (await tasksOf(id)).filter(({ state }) => state === "TASK_RUNNING");
      return tasks.length === count && tasks;
    },
    60_000,
  );

/** The queue's entry once it went through every agent and left `count` instances waiting. */
const waiting = (id: string, count: number): Promise<QueueEntry> =>
  eventually(
    `${count} instances of ${id} wait`,
    async () => {
      const { body } = await call("GET", "/v2/queue?embed=lastUnusedOffers");
      const entry = body.queue?.find(({ app }) => app?.id === id);
      const unused = entry?.processedOffersSummary.unusedOffersCount ?? 0;
      return entry?.count === count && unused > 0 && entry;
    },
    60_000,
  );

const idle = (): Promise<true> =>
  eventually(
    "no deployment is left",
    async () => (await call("GET", "/v2/deployments")).body.length === 0,
    60_000,
  );

const hostsOf = (tasks: readonly Task[]): readonly string[] =>
  tasks.map(({ host }) => host.replace(".test", "")).sort();

function counts(values: readonly (string | undefined)[]): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const value of values) found[value ?? "none"] = (found[value ?? "none"] ?? 0) + 1;
  return found;
}

describe("constraints", () => {
  it.each([
    ["UNIQUE", [["hostname", "UNIQUE"]], 7, 5, (hosts: readonly string[]) => new Set(hosts).size === 5],
    [
      "UNIQUE of an attribute",
      [["rack", "UNIQUE"]],
      3,
      2,
      (hosts: readonly string[]) => new Set(hosts.map((host) => rackOf[host])).size === 2,
    ],
    [
      "CLUSTER",
      [["rack", "CLUSTER", "r2"]],
      3,
      3,
      (hosts: readonly string[]) => hosts.every((host) => rackOf[host] === "r2"),
    ],
    [
      "CLUSTER without a value",
      [["rack", "CLUSTER"]],
      4,
      4,
      (hosts: readonly string[]) => new Set(hosts.map((host) => rackOf[host])).size === 1,
    ],
    [
      "LIKE",
      [["hostname", "LIKE", "[ab]\\.test"]],
      4,
      4,
      (hosts: readonly string[]) => hosts.every((host) => "ab".includes(host)),
    ],
    [
      "UNLIKE, which an agent without the attribute matches",
      [["rack", "UNLIKE", "r[12]"]],
      2,
      2,
      (hosts: readonly string[]) => hosts.every((host) => host === "e"),
    ],
    [
      "MAX_PER",
      [["rack", "MAX_PER", "2"]],
      6,
      4,
      (hosts: readonly string[]) =>
        Object.values(counts(hosts.map((host) => rackOf[host]))).every((count) => count === 2),
    ],
    [
      "IS with a text",
      [["rack", "IS", "r1"]],
      2,
      2,
      (hosts: readonly string[]) => hosts.every((host) => rackOf[host] === "r1"),
    ],
    [
      "IS with a number",
      [["kernel", "IS", "6.000"]],
      2,
      2,
      (hosts: readonly string[]) => hosts.every((host) => host === "d"),
    ],
    [
      "two together",
      [
        ["rack", "LIKE", "r.*"],
        ["hostname", "UNIQUE"],
      ],
      5,
      4,
      (hosts: readonly string[]) => !hosts.includes("e") && new Set(hosts).size === 4,
    ],
  ] as const)("marathon.md§24#52 %s", async (_name, constraints, wanted, placed, holds) => {
    await create("/placed", { constraints, instances: wanted });
    const hosts = hostsOf(await running("/placed", placed));
    expect({ hosts, holds: holds(hosts) }).toEqual({ hosts, holds: true });
    if (placed === wanted) return;
    const entry = await waiting("/placed", wanted - placed);
    const summary = entry.processedOffersSummary.rejectSummaryLastOffers;
    const reason = summary.find(({ declined }) => declined > 0);
    expect(reason).toMatchObject({ reason: "UnfulfilledConstraint" });
    expect((await tasksOf("/placed")).length).toBe(placed);
  });

  it("marathon.md§24#52 GROUP_BY spreads evenly", async () => {
    await create("/placed", { constraints: [["rack", "GROUP_BY", "2"]], instances: 6 });
    const racks = hostsOf(await running("/placed", 6)).map((host) => rackOf[host]);
    expect(counts(racks)).toEqual({ r1: 3, r2: 3 });
  });

  it("marathon.md§24#54 scaling down under GROUP_BY keeps the balance", async () => {
    await create("/placed", { constraints: [["rack", "GROUP_BY", "2"]], instances: 6 });
    await running("/placed", 6);
    for (const instances of [4, 3, 2]) {
      expect((await call("PATCH", "/v2/apps/placed", { instances })).status).toBe(200);
      const racks = counts(hostsOf(await running("/placed", instances)).map((host) => rackOf[host]));
      expect(Math.abs((racks["r1"] ?? 0) - (racks["r2"] ?? 0))).toBeLessThanOrEqual(1);
    }
  });

  it("marathon.md§24#53 an upgrade under UNIQUE in a full house completes: earlier versions do not count", async () => {
    await create("/placed", { constraints: [["hostname", "UNIQUE"]], instances: 5 });
    await running("/placed", 5);
    const { status, body } = await call("PATCH", "/v2/apps/placed", { env: { VERSION: "2" } });
    expect(status).toBe(200);
    await idle();
    const tasks = (await call("GET", "/v2/apps/placed/tasks")).body.tasks ?? [];
    expect(tasks.map(({ version }) => version)).toEqual(Array(5).fill(body.version));
    expect(new Set(tasks.map(({ host }) => host)).size).toBe(5);
  });
});

describe("regions and zones", () => {
  it.each([
    ["which no constraint names: those of the master's region", [["hostname", "UNIQUE"]], 6, "a b c d e"],
    [
      "any region",
      [
        ["hostname", "UNIQUE"],
        ["@region", "LIKE", ".*"],
      ],
      6,
      "a b c d e far",
    ],
    ["one region", [["@region", "IS", "away"]], 2, "far far"],
    [
      "one zone",
      [
        ["hostname", "UNIQUE"],
        ["@zone", "CLUSTER", "z2"],
      ],
      3,
      "c d e",
    ],
  ] as const)("marathon.md§24#56 %s", async (_name, constraints, wanted, expected) => {
    await create("/placed", { constraints, instances: wanted });
    const placed = expected.split(" ").length;
    expect(hostsOf(await running("/placed", placed)).join(" ")).toBe(expected);
    if (placed === wanted) return;
    // The far one was offered, and was not used.
    const far = await eventually("it was offered", async () =>
      (await waiting("/placed", wanted - placed)).lastUnusedOffers?.find(
        ({ offer }) => offer.hostname === "far.test",
      ),
    );
    expect(far.reason).toEqual(["UnfulfilledConstraint"]);
    expect((await tasksOf("/placed")).length).toBe(placed);
  });

  it("marathon.md§24#56 zones of all regions are one field", async () => {
    await create("/placed", { constraints: [["@zone", "GROUP_BY", "3"]], instances: 6 });
    const zones = new Map<string, string>(agents.map(([name, , zone]) => [name, zone]));
    const found = hostsOf(await running("/placed", 6)).map((host) => zones.get(host) ?? host);
    expect(counts(found)).toEqual({ z1: 2, z2: 2, far: 2 });
  });
});

describe("maintenance", () => {
  afterEach(() => schedule({}));

  async function schedule(windows: Readonly<Record<string, number>>): Promise<void> {
    const { status } = await ask(`${kernel.masterUrl}/maintenance/schedule`, {
      method: "POST",
      body: {
        windows: Object.entries(windows).map(([name, startsInMs]) => ({
          machine_ids: [{ hostname: `${name}.test`, ip: "127.0.0.1" }],
          unavailability: {
            start: { nanoseconds: (Date.now() + startsInMs) * 1e6 },
            duration: { nanoseconds: 3_600e9 },
          },
        })),
      },
    });
    expect(status).toBe(200);
  }

  it.each([
    ["is going on", -60_000],
    ["begins within draining_seconds", drainingMs / 2],
  ])(
    "marathon.md§24#97 that %s keeps new instances off, which /v2/queue tells",
    async (_when, startsInMs) => {
      await create("/stays", { constraints: [["hostname", "CLUSTER", "d.test"]] });
      const [stays] = await running("/stays", 1);
      await schedule({ d: startsInMs, e: startsInMs });
      await create("/placed", { constraints: [["hostname", "LIKE", "[de]\\.test"]], instances: 2 });
      const unused = await eventually("both were offered", async () => {
        const offers = (await waiting("/placed", 2)).lastUnusedOffers ?? [];
        const reasons = new Map(offers.map(({ offer, reason }) => [offer.hostname, reason]));
        return reasons.has("d.test") && reasons.has("e.test") && reasons.has("a.test") && reasons;
      });
      expect(unused.get("d.test")).toEqual(["UnfulfilledConstraint", "AgentMaintenance"]);
      expect(unused.get("e.test")).toEqual(["UnfulfilledConstraint", "AgentMaintenance"]);
      expect(unused.get("a.test")).toEqual(["UnfulfilledConstraint"]);
      // What runs there is left alone.
      expect(await tasksOf("/stays")).toMatchObject([{ id: stays?.id, state: "TASK_RUNNING" }]);
      await schedule({ d: startsInMs });
      expect(hostsOf(await running("/placed", 2))).toEqual(["e", "e"]);
    },
  );

  it("marathon.md§24#97 that begins later does not", async () => {
    await schedule({ d: drainingMs * 2 });
    await create("/placed", { constraints: [["hostname", "CLUSTER", "d.test"]] });
    await running("/placed", 1);
  });
});

describe("kills", () => {
  it.each([
    ["YOUNGEST_FIRST", "young"],
    ["OLDEST_FIRST", "old"],
  ])("marathon.md§24#55 %s kills the %s ones when scaled down", async (killSelection, which) => {
    await create("/placed", { killSelection, instances: 2 });
    const old = (await running("/placed", 2)).map(({ id }) => id);
    await call("PATCH", "/v2/apps/placed", { instances: 4 });
    const all = (await running("/placed", 4)).map(({ id }) => id);
    const young = all.filter((id) => !old.includes(id));
    await idle();
    await call("PATCH", "/v2/apps/placed", { instances: 2 });
    const left = (await running("/placed", 2)).map(({ id }) => id).sort();
    expect(left).toEqual([...(which === "young" ? old : young)].sort());
  });

  it("marathon.md§24#27 by host ends only that host's tasks", async () => {
    await create("/placed", { constraints: [["hostname", "MAX_PER", "2"]], instances: 10 });
    const before = await running("/placed", 10);
    const gone = before
      .filter(({ host }) => host === "c.test")
      .map(({ id }) => id)
      .sort();
    const { status, body } = await call("DELETE", "/v2/apps/placed/tasks?host=c.test");
    expect(status).toBe(200);
    expect((body.tasks as readonly Task[]).map(({ id }) => id).sort()).toEqual(gone);
    await eventually("they are replaced", async () => {
      const ids = (await tasksOf("/placed"))
        .filter(({ state }) => state === "TASK_RUNNING")
        .map(({ id }) => id);
      return ids.length === 10 && gone.every((id) => !ids.includes(id));
    });
    const ids = (await tasksOf("/placed")).map(({ id }) => id);
    expect(before.filter(({ id }) => !gone.includes(id)).every(({ id }) => ids.includes(id))).toBe(true);
  });
});

it("marathon.md§24#21 statistics count by version while an upgrade goes on", async () => {
  await create("/placed", { instances: 4 });
  await running("/placed", 4);
  await call("PATCH", "/v2/apps/placed", {
    cmd: "sleep 100000",
    upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
    healthChecks: [{ protocol: "COMMAND", command: { value: "false" }, gracePeriodSeconds: 600 }],
  });
  const stats = await eventually("old and new ones", async () => {
    const { body } = await call("GET", "/v2/apps/placed?embed=app.taskStats");
    const found = body.app?.tasksStats;
    return (
      found?.withOutdatedConfig?.stats.counts.running === 2 &&
      found.withLatestConfig?.stats.counts.running === 2 &&
      found
    );
  });
  const { totalSummary, withLatestConfig, withOutdatedConfig } = stats;
  expect(totalSummary?.stats.counts).toMatchObject({ running: 4, healthy: 0 });
  expect(withLatestConfig?.stats.lifeTime.averageSeconds).toBeGreaterThanOrEqual(0);
  expect(withOutdatedConfig?.stats.lifeTime.medianSeconds).toBeGreaterThan(
    withLatestConfig?.stats.lifeTime.medianSeconds ?? Number.NaN,
  );
});

describe("backoff", () => {
  const delay = async (): Promise<number> => {
    const { body } = await call("GET", "/v2/queue");
    const entry = body.queue?.find(({ app }) => app?.id === "/placed");
    return entry?.delay.timeLeftSeconds ?? 0;
  };

  it("marathon.md§24#47 grows by its factor up to its cap", async () => {
    const grows = { backoffSeconds: 1, backoffFactor: 2, maxLaunchDelaySeconds: 3 };
    await create("/placed", { ...grows, cmd: "exit 1" });
    const seen: number[] = [];
    await eventually(
      "three delays, each seen near its begin",
      async () => {
        const left = await delay();
        const known = seen.at(-1) ?? 0;
        // A higher figure than the last is the begin of a longer delay.
        if (left > known && left > 0) seen.push(left);
        return (seen.at(-1) ?? 0) > 2.1;
      },
      60_000,
    );
    expect(seen.some((left) => left <= 1)).toBe(true);
    expect(Math.max(...seen)).toBeLessThanOrEqual(3);
  }, 240_000);

  it("marathon.md§24#49 outlives scaling and ends with a new configuration", async () => {
    const grows = { backoffSeconds: 300, backoffFactor: 2, maxLaunchDelaySeconds: 3600 };
    await create("/placed", { ...grows, cmd: "exit 1" });
    await eventually("it waits", async () => (await delay()) > 200, 60_000);
    await call("PUT", "/v2/apps/placed?force=true", { instances: 2 });
    expect(await delay()).toBeGreaterThan(200);
    await call("PUT", "/v2/apps/placed?force=true", { cmd: "exec sleep 100000" });
    await running("/placed", 2);
    expect(await delay()).toBe(0);
  }, 240_000);
});

it("marathon.md§24#60 variables have the prefix that is configured", async () => {
  await create("/placed", {
    cmd: "env > variables; exec sleep 100000",
    portDefinitions: [{ port: 0, name: "web" }],
  });
  const [task] = await running("/placed", 1);
  const host = task?.host.replace(".test", "") ?? "";
  const written = await eventually("they are written", async () => {
    const { body } = await ask(`${kernel.agentUrl(host)}/state`);
    const directory = JSON.stringify(body).match(/"directory":"([^"]*placed[^"]*)"/)?.[1] ?? "";
    const file = await ask(`${kernel.agentUrl(host)}/files/read?path=${directory}/variables&offset=0`);
    const { data } = (file.body ?? {}) as { readonly data?: string };
    return data?.includes("MESOS_TASK_ID") && data;
  });
  const port = task?.ports[0];
  for (const line of [
    `OURS_HOST=${task?.host}`,
    `OURS_PORT=${port}`,
    `OURS_PORT0=${port}`,
    `OURS_PORT_WEB=${port}`,
  ])
    expect(written.split("\n")).toContain(line);
  expect(written).not.toMatch(/^PORT0=/m);
});
