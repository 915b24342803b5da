/**
 * States that something lost brings about: agents, volumes, checks that go wrong at once, the master. Each is made on real
 * processes, and `why` has to come to its true cause; what it says of it has a next command, in both languages.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { Resource } from "#contracts/kernel/messages.gen.ts";
import type { explainWhy } from "#contracts/services/own-endpoints.ts";
import type { ReasonCode } from "#contracts/services/reasons.ts";
import { type RunningServices, start } from "#frameworks/services/main.ts";
import { ask, eventually } from "../../harness/cluster.ts";
import { KernelProcesses } from "../kernel/kernel-processes.ts";

type Why = ReplyOf<typeof explainWhy>;
type Reason = Why["reasons"][number];
interface Task {
  readonly id: string;
  readonly host: string;
  readonly state: string;
  readonly slaveId: string;
}
interface App {
  readonly instances: number;
  readonly tasks: readonly Task[];
  readonly deployments: readonly { readonly id: string }[];
}

const patienceMs = 60_000;
const small = { cpus: 0.01, mem: 16 };
const sleeper = { cmd: "exec sleep 100000", ...small };
const onA = { constraints: [["hostname", "CLUSTER", "a.test"]] };
const resident = {
  ...sleeper,
  ...onA,
  container: { type: "MESOS", volumes: [{ containerPath: "data", mode: "RW", persistent: { size: 5 } }] },
};

let kernel: KernelProcesses;
let services: RunningServices;
const dataDir = mkdtempSync(join(tmpdir(), "keelson-losses-"));

beforeAll(async () => {
  // An agent is given up after six seconds of silence.
  kernel = await KernelProcesses.start({ pingIntervalMs: 1_000, missedPingsMax: 5 });
  services = await start({ host: "127.0.0.1", port: 0, dataDir, masterUrl: kernel.masterUrl });
}, 240_000);
afterAll(async () => {
  kernel?.thawAgent("a");
  await call("DELETE", "/v2/groups?force=true");
  await eventually(
    "everything has left",
    async () => {
      const { body } = await call("GET", "/v2/deployments");
      return (body as unknown as readonly unknown[]).length === 0;
    },
    patienceMs,
  ).catch(() => undefined);
  await services?.close();
  await kernel?.close();
  rmSync(dataDir, { recursive: true, force: true });
}, 240_000);

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: never }> {
  const answer = await ask(`${services.info.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, body: answer.body as never };
}

async function create(id: string, definition: object): Promise<void> {
  const { status, body } = await call("POST", "/v2/apps", { id, ...definition });
  expect(status, JSON.stringify(body)).toBe(201);
}

const appOf = async (id: string): Promise<App> =>
  ((await call("GET", `/v2/apps${id}`)).body as { readonly app: App }).app;

/** Runs as often as is wished, and nothing is on its way. */
const settled = (id: string): Promise<App> =>
  eventually(
    `${id} is as wished`,
    async () => {
      const app = await appOf(id);
      const running = app.tasks.filter(({ state }) => state === "TASK_RUNNING");
      return app.deployments.length === 0 && running.length === app.instances && app;
    },
    patienceMs,
  );

async function reasonsOf(name: string, language = "en"): Promise<readonly Reason[]> {
  const query = `language=${language}&name=${encodeURIComponent(name)}`;
  return ((await call("GET", `/keelson/v1/why?${query}`)).body as Why).reasons;
}

/** Comes to be told, as the first cause unless another is more urgent; with what to do, in both languages. */
async function told(
  name: string,
  code: ReasonCode,
  says: RegExp,
  place: "first" | "any" = "first",
): Promise<Reason> {
  const chosen = (reasons: readonly Reason[]): Reason | undefined =>
    (place === "first" ? reasons.slice(0, 1) : reasons).find((reason) => reason.code === code);
  const found = await eventually(
    `why ${name} tells ${code}`,
    async () => {
      const reasons = await reasonsOf(name);
      const reason = chosen(reasons);
      if (reason !== undefined && says.test(reason.message)) return reason;
      throw new Error(reasons.map(({ code: other, message }) => `${other}: ${message}`).join("; "));
    },
    patienceMs,
  );
  expect(found.commands.length).toBeGreaterThan(0);
  const chinese = chosen(await reasonsOf(name, "zh"));
  // It may have passed meanwhile; what is told then is told in Chinese as well.
  if (chinese !== undefined) expect(chinese.message).toMatch(/[\u4e00-\u9fff]/);
  return found;
}

describe("before there is an agent", { timeout: 120_000 }, () => {
  it("why names that: noAgents; and roleMissing once there is one that is all others'", async () => {
    await create("/early", sleeper);
    await told("/early", "noAgents", /no node is connected/);
    await kernel.startAgent("others", { resources: "cpus(ops):1;mem(ops):512;disk(ops):100" });
    await told("/early", "roleMissing", /no node offers resources of the role \*; 1 node was looked at/);
    await kernel.startAgent("a");
    await settled("/early");
    expect((await reasonsOf("/early"))[0]?.code).toBe("asWished");
  });
});

describe("a deployment", { timeout: 120_000 }, () => {
  it.each<[string, ReasonCode, object]>([
    ["place", "deploymentWaitsForPlace", { ...sleeper, cpus: 1_000 }],
    [
      "health",
      "deploymentWaitsForHealth",
      {
        ...sleeper,
        healthChecks: [
          { protocol: "TCP", port: 1, gracePeriodSeconds: 600, intervalSeconds: 1, timeoutSeconds: 1 },
        ],
      },
    ],
    [
      "readiness",
      "deploymentWaitsForReadiness",
      {
        ...sleeper,
        portDefinitions: [{ port: 0, name: "http", protocol: "tcp" }],
        readinessChecks: [
          { name: "r", protocol: "HTTP", path: "/", portName: "http", intervalSeconds: 2, timeoutSeconds: 1 },
        ],
      },
    ],
  ])(
    "says that it waits for %s: %s; who is in its way is told who holds it, since when, and is refused with 409",
    async (what, code, definition) => {
      const id = `/waits-for-${what}`;
      await create(id, definition);
      const [{ id: deployment } = { id: "" }] = (await appOf(id)).deployments;
      const reason = await told(deployment, code, new RegExp(`waits .*${id}|${id} is`), "any");
      expect(reason.commands).toContain(`deployment cancel ${deployment}`);
      expect(reason.since).toBeLessThanOrEqual(Date.now());
      const change = { cmd: "exec sleep 200000" };
      const refused = await call("PUT", `/v2/apps${id}`, change);
      expect(refused.status).toBe(409);
      expect(refused.body).toMatchObject({ deployments: [{ id: deployment }] });
      const wish = { definitions: [{ ...definition, ...change, id }] };
      const plan = await call("POST", "/keelson/v1/plan", wish);
      expect(plan.status, JSON.stringify(plan.body)).toBe(200);
      expect(
        (plan.body as { lockedBy: readonly { deploymentId: string; since?: number }[] }).lockedBy,
      ).toMatchObject([{ deploymentId: deployment }]);
      // Replaced, and then cancelled: both ways out work.
      expect((await call("PUT", `/v2/apps${id}?force=true`, change)).status).toBe(200);
      expect((await call("DELETE", `/v2/apps${id}?force=true`)).status).toBe(200);
    },
  );
});

describe("health", { timeout: 180_000 }, () => {
  it("many that fail at once are not all ended, and that is told: healthKillsLimited", async () => {
    await create("/ill", {
      ...sleeper,
      instances: 8,
      taskKillGracePeriodSeconds: 1,
      backoffSeconds: 1,
      healthChecks: [
        {
          protocol: "TCP",
          port: 1,
          gracePeriodSeconds: 0,
          intervalSeconds: 1,
          timeoutSeconds: 1,
          maxConsecutiveFailures: 1,
        },
      ],
    });
    const { parameters } = await told(
      "/ill",
      "healthKillsLimited",
      /left running.*2 that may be away/,
      "any",
    );
    expect(Number(parameters["max"])).toBe(2);
    expect(
      (await appOf("/ill")).tasks.filter(({ state }) => state === "TASK_RUNNING").length,
    ).toBeGreaterThanOrEqual(6);
    await call("DELETE", "/v2/apps/ill?force=true");
  });
});

describe("volumes and agents that are lost", { timeout: 240_000 }, () => {
  it("an operator took the volume of an instance that is started again: volumesLost; wiped, it starts anew", async () => {
    await create("/robbed", resident);
    const [task] = (await settled("/robbed")).tasks;
    const instance = task?.id.replace(/\._app\.\d+$/, "") ?? "";
    expect((await call("PUT", "/v2/apps/robbed", { instances: 0 })).status).toBe(200);
    await eventually(
      "it stands still",
      async () => (await appOf("/robbed")).deployments.length === 0,
      patienceMs,
    );
    const held = await reservedFor(instance);
    expect(held.length).toBeGreaterThan(0);
    const volumes = held.filter(({ disk }) => disk?.persistence !== undefined);
    const plain = held.map(({ disk: _disk, ...rest }) => rest);
    for (const [type, field, resources] of [
      ["DESTROY_VOLUMES", "volumes", volumes],
      ["UNRESERVE_RESOURCES", "resources", plain],
    ] as const) {
      const body = { type, [type.toLowerCase()]: { agent_id: { value: task?.slaveId }, [field]: resources } };
      const { status, body: answer } = await ask(`${kernel.masterUrl}/api/v1`, { method: "POST", body });
      expect([type, status, answer]).toEqual([type, 202, expect.anything()]);
    }
    await eventually(
      "nothing is reserved",
      async () => (await reservedFor(instance)).length === 0,
      patienceMs,
    );
    expect((await call("PUT", "/v2/apps/robbed", { instances: 1 })).status).toBe(200);
    await told("/robbed", "volumesLost", /does not have|do not have|not have them any more/);
    expect((await call("POST", "/v2/tasks/delete?wipe=true", { ids: [instance] })).status).toBe(200);
    const [anew] = (await settled("/robbed")).tasks;
    expect(anew?.id.startsWith(instance)).toBe(false);
  });

  async function reservedFor(instance: string): Promise<readonly Resource[]> {
    const { slaves } = (await kernel.get("/slaves")) as {
      readonly slaves: readonly {
        readonly reserved_resources_full: Readonly<Record<string, readonly Resource[]>>;
      }[];
    };
    return slaves
      .flatMap(({ reserved_resources_full: reserved }) => Object.values(reserved).flat())
      .filter((resource) => JSON.stringify(resource).includes(instance));
  }

  it("an agent is gone: who is kept, who is replaced and who waits for volumes is told apart", async () => {
    await create("/kept", { ...sleeper, ...onA, unreachableStrategy: "disabled" });
    await create("/replaced", {
      ...sleeper,
      unreachableStrategy: { inactiveAfterSeconds: 1, expungeAfterSeconds: 3_600 },
    });
    await create("/away", resident);
    for (const id of ["/kept", "/replaced", "/away"]) await settled(id);
    expect((await call("PUT", "/v2/apps/away", { instances: 0 })).status).toBe(200);
    await eventually(
      "it stands still",
      async () => (await appOf("/away")).deployments.length === 0,
      patienceMs,
    );
    await kernel.startAgent("b");
    kernel.freezeAgent("a");
    await told("/kept", "agentUnreachable", /a\.test can't be reached.*wants it kept/);
    await told("/replaced", "unreachableReplaced", /a\.test.*given up and replaced/);
    expect((await call("PUT", "/v2/apps/away", { instances: 1 })).status).toBe(200);
    await told("/away", "volumesAway", /a\.test is not connected/);
    kernel.thawAgent("a");
    for (const id of ["/kept", "/replaced", "/away"]) await settled(id);
    for (const id of ["/kept", "/replaced", "/away"])
      await eventually(
        `${id} is as wished again`,
        async () => (await reasonsOf(id))[0]?.code === "asWished",
        patienceMs,
      );
  });

  it("an operator drains an agent: its instance says so first, and another runs", async () => {
    await create("/flees", { ...sleeper, constraints: [["hostname", "LIKE", "[ab].test"]] });
    const [task] = (await settled("/flees")).tasks;
    const order = async (type: string): Promise<void> => {
      const body = { type, [type.toLowerCase()]: { agent_id: { value: task?.slaveId } } };
      expect((await ask(`${kernel.masterUrl}/api/v1`, { method: "POST", body })).status).toBe(200);
    };
    await order("DRAIN_AGENT");
    await told(task?.id ?? "", "nodeDraining", /[ab]\.test was drained by an operator/);
    await eventually(
      "another runs",
      async () =>
        (await appOf("/flees")).tasks.some(({ id, state }) => state === "TASK_RUNNING" && id !== task?.id),
      patienceMs,
    );
    await order("REACTIVATE_AGENT");
  });

  it("an operator gives an agent up: its instance says so, and the one that replaces it runs", async () => {
    await create("/moves", { ...sleeper, constraints: [["hostname", "LIKE", "[ab].test"]] });
    const [task] = (await settled("/moves")).tasks;
    const { status } = await ask(`${kernel.masterUrl}/api/v1`, {
      method: "POST",
      body: { type: "MARK_AGENT_GONE", mark_agent_gone: { agent_id: { value: task?.slaveId } } },
    });
    expect(status).toBe(200);
    await told(task?.id ?? "", "nodeGone", /gave .*\.test up for ever/, "any");
    await eventually(
      "another runs",
      async () =>
        (await appOf("/moves")).tasks.some(({ id, state }) => state === "TASK_RUNNING" && id !== task?.id),
      patienceMs,
    );
  });
});

describe("the master is away", { timeout: 120_000 }, () => {
  it("what waits for it says so: kernelUnreachable; when it is back everything goes on", async () => {
    await create("/later", sleeper);
    await settled("/later");
    await kernel.killMaster();
    expect((await call("PUT", "/v2/apps/later", { instances: 2 })).status).toBe(200);
    await told("/later", "kernelUnreachable", /kernel can't be reached/);
    await kernel.startMaster();
    await settled("/later");
  });
});
