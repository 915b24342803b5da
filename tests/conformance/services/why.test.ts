/**
 * Fifty ways and more to be stuck or to fail, each made on a real cluster, and what is said about them. A state is asked about once,
 * as soon as Marathon's own API shows the first failed match or end: the first answer has to name the true cause. States
 * that no cluster can be brought into at will are in src/frameworks/services/core/reasons.test.ts.
 */
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { explainWhy } from "#contracts/services/own-endpoints.ts";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { expectAtBest, expectTypically } from "../../harness/figures.ts";
import { type Json, type State, type Surroundings, sleeper, statesIn } from "./why-states.ts";

type Why = ReplyOf<typeof explainWhy>;
/** Of the goal: from the first failed match to the sentence. */
const toldWithinMs = 1_000;

let cluster: TestCluster;
let files: Server;
let mute: TcpServer;
let surroundings: Surroundings;
const portOf = (server: Server | TcpServer): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  files = createServer((request, response) => {
    if (request.url === "/hangs.tgz") return;
    const statuses: Readonly<Record<string, number>> = { "/junk.tgz": 200, "/ill": 500 };
    response.writeHead(statuses[request.url ?? ""] ?? 404).end("this is no archive");
  });
  mute = createTcpServer(() => undefined);
  for (const server of [files, mute]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  }
  cluster = await startCluster({ agents: 2 });
  const free = await eventually("the private node is there", async () => {
    const { slaves } = (await ask(`${cluster.info.services.kernel}/slaves`)).body as {
      readonly slaves: readonly {
        readonly id: string;
        readonly hostname: string;
        readonly pid: string;
        readonly unreserved_resources: { readonly cpus?: number; readonly ports?: string };
      }[];
    };
    return slaves.find(({ unreserved_resources: { cpus = 0 } }) => cpus > 0);
  });
  const { cpus = 0, ports = "" } = free.unreserved_resources;
  surroundings = {
    kernelUrl: cluster.info.services.kernel,
    filesPort: portOf(files),
    mutePort: portOf(mute),
    node: {
      id: free.id,
      host: free.hostname,
      ip: /@(.*):\d+$/.exec(free.pid)?.[1] ?? "",
      cpus,
      port: Number(/\d+/.exec(ports)?.[0]) + 77,
    },
  };
}, 120_000);
afterAll(async () => {
  await cluster.purge();
  files.closeAllConnections();
  files.close();
  mute.close();
});

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
  const answer = await ask(`${cluster.info.services.services}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, body: answer.body as Json };
}

async function whyOf(name: string, language = "en"): Promise<Why> {
  const { status, body } = await call(
    "GET",
    `/keelson/v1/why?language=${language}&name=${encodeURIComponent(name)}`,
  );
  expect(status, JSON.stringify(body)).toBe(200);
  return body as unknown as Why;
}

interface AppAnswer {
  readonly tasksRunning: number;
  readonly tasksUnhealthy: number;
  readonly tasksStaged: number;
  readonly deployments: readonly unknown[];
  readonly lastTaskFailure?: unknown;
}

const isPod = ({ definition }: State): boolean => definition["containers"] !== undefined;

async function isVisible(state: State): Promise<boolean> {
  const { id, visible } = state;
  if (visible === "unused") return await isUnused(state);
  const app = (await call("GET", `/v2/apps${id}`)).body["app"] as AppAnswer;
  switch (visible) {
    case "failure": {
      // A clean end is no failure of Marathon's: it shows as an instance that ended.
      const ended = (await call("GET", `/keelson/v1/instances?ended=true&service=${id}`)).body["items"];
      return (
        app.lastTaskFailure !== undefined ||
        (ended as readonly Json[]).some(({ endedAt }) => endedAt !== undefined)
      );
    }
    case "unhealthy":
      return app.tasksUnhealthy > 0;
    case "running":
      return app.tasksRunning > 0;
    case "deployed":
      return app.deployments.length === 0;
    case "staged":
      return app.tasksStaged > 0;
    case "down":
      return app.tasksRunning + app.tasksStaged === 0;
    case "created":
      return true;
  }
}

async function isUnused({ id }: State): Promise<boolean> {
  const queue = (await call("GET", "/v2/queue")).body["queue"] as readonly {
    readonly app?: { readonly id: string };
    readonly pod?: { readonly id: string };
    readonly processedOffersSummary: { readonly unusedOffersCount: number };
  }[];
  const item = queue.find(({ app, pod }) => (app ?? pod)?.id === id);
  return item !== undefined && item.processedOffersSummary.unusedOffersCount > 0;
}

async function make(state: State): Promise<void> {
  if (state.operator?.when === "before") await state.operator.does();
  for (const definition of state.before ?? []) {
    await call("POST", "/v2/apps", definition);
    if (definition["cmd"] === sleeper.cmd) await runs(String(definition["id"]));
  }
  const definition = { ...state.definition, id: state.id };
  const { status, body } =
    state.together === undefined
      ? await call("POST", isPod(state) ? "/v2/pods" : "/v2/apps", definition)
      : await call("PUT", "/v2/groups", {
          id: state.id.replace(/\/[^/]+$/, ""),
          apps: [...state.together, definition],
        });
  expect(status, JSON.stringify(body)).toBeLessThan(300);
  if (state.operator?.when === "running") {
    await runs(state.id);
    await state.operator.does();
  }
  if (state.update === undefined) return;
  await runs(state.id);
  await call("PUT", `/v2/apps${state.id}?force=true`, state.update);
}

const runs = (id: string): Promise<unknown> =>
  eventually(
    `${id} runs`,
    async () => {
      const app = (await call("GET", `/v2/apps${id}`)).body["app"] as AppAnswer;
      return app.tasksRunning > 0 && app.deployments.length === 0;
    },
    120_000,
  );

describe("why, on a real cluster", () => {
  it("ux.md§6#3 why names the true cause first: fifty states, each at the first time of asking", async () => {
    const wrong: string[] = [];
    /** ms until the reason is told, by state. */
    const delays = new Map<string, number>();
    const all = statesIn(surroundings);
    expect(all.length).toBeGreaterThanOrEqual(50);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    // Rolling needs the room to itself; the others stand beside each other.
    const one = async (state: State): Promise<void> => {
      try {
        await judge(state);
      } catch (error) {
        wrong.push(`${state.name}: ${String(error)}`);
      }
    };
    const judge = async (state: State): Promise<void> => {
      await make(state);
      await eventually(`${state.name} shows`, () => isVisible(state), 120_000);
      // What the kernel says of its nodes is remembered for half a second: an operator's word may be younger.
      if (state.operator !== undefined) {
        const told = async (): Promise<boolean> => (await whyOf(state.id)).reasons[0]?.code === state.code;
        await eventually(`${state.name} is told`, told).catch(() => undefined);
      }
      const { reasons } = await whyOf(state.id);
      const [first] = reasons;
      if (first?.commands.length === 0 && state.code !== "asWished")
        wrong.push(`${state.name}: no next command`);
      // From the first match that failed, or the end, as the cluster dates it; what is no trouble has no date.
      const toldAt = Date.now();
      const dates = [...(first?.nodes ?? []).map(({ at }) => at), first?.since ?? toldAt];
      delays.set(state.name, toldAt - Math.min(...dates));
      if (first?.code !== state.code || !state.says.test(first.message)) {
        wrong.push(`${state.name}: ${first?.code} "${first?.message}", not ${state.code} ${state.says}`);
      }
      const [line = ""] = (await cluster.cli("why", state.id)).stdout.split("\n");
      // A state that passes by itself may have passed meanwhile.
      const still = (await whyOf(state.id)).reasons[0]?.message ?? "";
      if (state.says.test(still) && !state.says.test(line))
        wrong.push(`${state.name} on the command line: ${line}, not ${state.says}`);
      if (state.endedSays !== undefined) {
        const { body } = await call("GET", `/keelson/v1/instances?ended=true&service=${state.id}`);
        const ended = (body["items"] as readonly Json[]).find(({ endedAt }) => endedAt !== undefined);
        const [said = ""] = (await cluster.cli("why", String(ended?.["taskId"]))).stdout.split("\n");
        if (!state.endedSays.test(said))
          wrong.push(`${state.name}, of its task: ${said}, not ${state.endedSays}`);
      }
      const chinese = (await whyOf(state.id, "zh")).reasons[0]?.message ?? "";
      if (!/[\u4e00-\u9fff]/.test(chinese)) wrong.push(`${state.name} in Chinese: ${chinese}`);
    };
    const leaves = async (state: State): Promise<void> => {
      await call("DELETE", `/v2/apps${state.id}?force=true`);
      await eventually(`${state.name} has left`, async () => {
        const { body } = await call("GET", `/keelson/v1/instances?service=${state.id}`);
        return (body["items"] as readonly unknown[]).length === 0;
      });
    };
    // What holds a port takes it before others are given theirs by chance.
    const early = all.filter(({ before }) => before !== undefined);
    for (const state of early) await one(state);
    const alone = all.filter(({ name }) => name === "no-room-to-roll");
    for (const state of alone) {
      await one(state);
      await leaves(state);
    }
    const others = all.filter(
      (state) => !alone.includes(state) && !early.includes(state) && state.operator === undefined,
    );
    for (let at = 0; at < others.length; at += 7) {
      const beside = others.slice(at, at + 7);
      await Promise.all(beside.map(one));
      // What starts and ends over and over has the master offer scraps, by which those that come later would be judged.
      await Promise.all(
        beside.filter(({ visible }) => visible === "failure" || visible === "staged").map(leaves),
      );
    }
    for (const state of all.filter(({ operator }) => operator !== undefined)) {
      await one(state);
      await state.operator?.undoes();
    }
    expect(wrong).toEqual([]);
    expect(delays.size).toBe(all.length);
    expectTypically(delays, toldWithinMs);
    // The command line has a process to start besides, which takes what it takes on a busy machine.
    const timed = async (
      ...words: readonly string[]
    ): Promise<{ readonly stdout: string; readonly ms: number }> => {
      const startedAt = performance.now();
      const { stdout } = await cluster.cli(...words);
      return { stdout, ms: performance.now() - startedAt };
    };
    // The operator's last word was taken back a moment ago.
    const isAgain = async (): Promise<boolean> =>
      (await whyOf("/many-cpus")).reasons[0]?.code === "largerThanAnyNode";
    await eventually("the nodes are as before", isAgain);
    await expectAtBest(toldWithinMs, async () => {
      const start = await timed("version");
      const { stdout, ms } = await timed("why", "/many-cpus");
      expect(stdout).toMatch(/5,?000 CPUs wanted/);
      return ms - start.ms;
    });
  }, 900_000);
});
