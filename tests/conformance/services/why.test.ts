/**
 * Fifty ways to be stuck or to fail, each made on a real cluster, and what is said about them. A state is asked about once,
 * as soon as Marathon's own API shows the first failed match or end: the first answer has to name the true cause. States
 * that no cluster can be brought into at will are in src/frameworks/services/core/reasons.test.ts.
 */
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { explainWhy } from "#contracts/services/own-endpoints.ts";
import type { ReasonCode } from "#contracts/services/reasons.ts";
import { ask, eventually, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { expectAtBest, expectTypically } from "../../harness/figures.ts";

type Why = ReplyOf<typeof explainWhy>;
type Json = { readonly [name: string]: unknown };

const small = { cpus: 0.01, mem: 16 };
const sleeper = { cmd: "exec sleep 100000", ...small };
const quickCheck = {
  gracePeriodSeconds: 0,
  intervalSeconds: 1,
  timeoutSeconds: 1,
  maxConsecutiveFailures: 0,
};

/** Of the goal: from the first failed match to the sentence. */
const toldWithinMs = 1_000;

/** When a state can be asked about: what Marathon's API shows of it. */
type Visible = "failure" | "unused" | "unhealthy" | "running" | "deployed" | "created" | "staged" | "down";

interface State {
  readonly name: string;
  readonly id: string;
  readonly definition: Json;
  /** Services that have to be there before. */
  readonly before?: readonly Json[];
  /** Services of the same deployment. */
  readonly together?: readonly Json[];
  /** A second definition, once the first one runs. */
  readonly update?: Json;
  /** What an operator does before the service is there, or once it runs; the cluster is its own meanwhile. */
  readonly operator?: {
    readonly when: "before" | "running";
    readonly does: () => Promise<void>;
    readonly undoes: () => Promise<void>;
  };
  readonly visible: Visible;
  readonly code: ReasonCode;
  /** In the English sentence. */
  readonly says: RegExp;
}

let cluster: TestCluster;
let files: Server;
let mute: TcpServer;
/** Of the private node. */
let nodeCpus = 0;
let nodePort = 0;
let privateNode = "";
let nodeHost = "";
let nodeIp = "";
const portOf = (server: Server | TcpServer): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  files = createServer((request, response) => {
    if (request.url === "/hangs.tgz") return;
    response.writeHead(request.url === "/junk.tgz" ? 200 : 404).end("this is no archive");
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
  nodeCpus = cpus;
  nodePort = Number(/\d+/.exec(ports)?.[0]) + 77;
  privateNode = free.id;
  nodeHost = free.hostname;
  nodeIp = /@(.*):\d+$/.exec(free.pid)?.[1] ?? "";
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

/** A server of one answer, in Node: what tests of health ask. */
const answering = (status: number): string =>
  `exec ${process.execPath} -e 'require("http").createServer((q,s)=>{s.writeHead(${status});s.end()}).listen(process.env.PORT0,"127.0.0.1")'`;

const states = (): readonly State[] => [
  ...endings(),
  ...launches(),
  ...places(),
  ...health(),
  ...changes(),
  ...operators(),
];

function ending(name: string, cmd: string, code: ReasonCode, says: RegExp): State {
  return { name, id: `/${name}`, definition: { cmd, ...small }, visible: "failure", code, says };
}

/** 1-11: it ran, and ended. */
function endings(): readonly State[] {
  return [
    ending("not-found", "nosuchcommand-anywhere --now", "commandNotFound", /command was not found .*127/),
    ending("exits-1", "exit 1", "exitedAtOnce", /status 1 /),
    ending("exits-3-later", "sleep 1; exit 3", "exitedAtOnce", /status 3 /),
    ending("exits-126", "/etc/passwd", "exitedAtOnce", /status 126 /),
    ending("no-module", `${process.execPath} /nowhere/server.js`, "exitedAtOnce", /status 1 /),
    ending("ends-well", "true", "finished", /ended by itself, with success/),
    ending("segfault", "kill -SEGV $$", "killedBySignal", /SIGSEGV/),
    ending("aborts", "kill -ABRT $$", "killedBySignal", /SIGABRT/),
    ending("killed", "kill -KILL $$", "killedBySignal", /SIGKILL/),
    ending("hangs-up", "kill -HUP $$", "killedBySignal", /SIGHUP/),
    {
      ...ending("no-program", "", "launchRefused", /no-such-program|could not start|ENOENT|No such file/),
      definition: { args: ["/nowhere/no-such-program"], ...small },
      code: "commandNotFound",
      says: /command was not found/,
    },
  ];
}

/** 12-18: it could not be started. */
function launches(): readonly State[] {
  const fetching = (name: string, uri: string, says: RegExp): State => ({
    ...ending(name, "true", "fetchFailed", says),
    definition: { cmd: "exec sleep 1000", fetch: [{ uri }], ...small },
  });
  return [
    {
      ...ending("no-user", "true", "userUnknown", /has no user nosuchuser|nosuchuser/),
      definition: { ...sleeper, user: "nosuchuser" },
    },
    fetching("fetch-refused", "http://127.0.0.1:1/a.tgz", /ECONNREFUSED/),
    fetching("fetch-404", `http://127.0.0.1:${portOf(files)}/none.tgz`, /404/),
    fetching("fetch-junk", `http://127.0.0.1:${portOf(files)}/junk.tgz`, /junk\.tgz/),
    fetching("fetch-no-host", "http://no-such-host.invalid/a.tgz", /no-such-host/),
    fetching("fetch-no-file", "file:///nowhere/a.tgz", /nowhere/),
    {
      ...fetching("fetch-hangs", `http://127.0.0.1:${portOf(files)}/hangs.tgz`, /being started/),
      visible: "staged",
      code: "launching",
    },
  ];
}

/** 19-34: it has no place. */
function places(): readonly State[] {
  const placing = (name: string, fields: Json, code: ReasonCode, says: RegExp): State => ({
    name,
    id: `/${name}`,
    definition: { ...sleeper, ...fields },
    visible: "unused",
    code,
    says,
  });
  const port = nodePort;
  const insisting = { requirePorts: true, portDefinitions: [{ port, protocol: "tcp" }] };
  return [
    placing("many-cpus", { cpus: 5_000 }, "largerThanAnyNode", /5,?000 CPUs wanted/),
    placing("much-memory", { mem: 100_000_000 }, "largerThanAnyNode", /MiB of memory wanted/),
    placing("much-disk", { disk: 1_000_000_000 }, "largerThanAnyNode", /MiB of disk wanted/),
    placing(
      "no-attribute",
      { constraints: [["rack", "LIKE", "r1"]] },
      "constraintNotSatisfiable",
      /rack LIKE r1/,
    ),
    placing(
      "other-host",
      { constraints: [["hostname", "CLUSTER", "elsewhere"]] },
      "constraintNotSatisfiable",
      /hostname CLUSTER elsewhere/,
    ),
    placing(
      "no-host",
      { constraints: [["hostname", "UNLIKE", ".*"]] },
      "constraintNotSatisfiable",
      /hostname UNLIKE/,
    ),
    placing(
      "one-each",
      { instances: 3, constraints: [["hostname", "UNIQUE"]] },
      "constraintUnsatisfied",
      /hostname UNIQUE/,
    ),
    placing(
      "two-each",
      { instances: 4, constraints: [["hostname", "MAX_PER", "2"]] },
      "constraintUnsatisfied",
      /hostname MAX_PER 2/,
    ),
    placing(
      "public-only",
      { acceptedResourceRoles: ["slave_public"], cpus: 5_000 },
      "largerThanAnyNode",
      /CPUs/,
    ),
    {
      ...placing("port-taken", insisting, "portsTaken", new RegExp(String(nodePort))),
      before: [{ ...sleeper, id: "/port-holder", ...insisting }],
    },
    placing(
      "public-and-elsewhere",
      { acceptedResourceRoles: ["slave_public"], constraints: [["hostname", "LIKE", "none"]] },
      "constraintNotSatisfiable",
      /hostname LIKE none/,
    ),
    placing(
      "attribute-of-nobody",
      { constraints: [["zone-of-nobody", "CLUSTER", "a"]] },
      "constraintNotSatisfiable",
      /zone-of-nobody CLUSTER a/,
    ),
    {
      ...placing("pod-too-big", {}, "largerThanAnyNode", /container huge asks for most/),
      definition: aPod([
        { name: "small", resources: { cpus: 0.01, mem: 16 } },
        { name: "huge", resources: { cpus: 5_000, mem: 16 } },
      ]),
    },
    {
      ...placing("pod-port", {}, "portsTaken", /80/),
      definition: aPod([
        { name: "one", resources: { cpus: 0.01, mem: 16 }, endpoints: [{ name: "http", hostPort: 80 }] },
      ]),
    },
    placing(
      "port-80",
      { requirePorts: true, portDefinitions: [{ port: 80, protocol: "tcp" }] },
      "portsTaken",
      /80/,
    ),
    {
      ...placing("no-room-to-roll", { cpus: nodeCpus * 0.6 }, "insufficientResources", /enough CPUs free/),
      update: { cmd: "exec sleep 200000" },
    },
  ];
}

/** 35-41: it runs, and not well. */
function health(): readonly State[] {
  const checked = (name: string, cmd: string, check: Json, says: RegExp): State => ({
    name,
    id: `/${name}`,
    definition: {
      cmd,
      ...small,
      mem: 64,
      healthChecks: [{ protocol: "HTTP", path: "/", ...quickCheck, ...check }],
    },
    visible: "unhealthy",
    code: "unhealthy",
    says,
  });
  const quiet = sleeper.cmd;
  // Where surely nobody listens: a task's own port may be another cluster's too.
  const nobodys = { port: 1 };
  return [
    checked("nobody-listens", quiet, nobodys, /ECONNREFUSED/),
    checked("answers-500", answering(500), {}, /HTTP 500/),
    checked("tcp-refused", quiet, { protocol: "TCP", ...nobodys }, /ECONNREFUSED/),
    checked("never-answers", quiet, { port: portOf(mute) }, /no answer within 1 s/),
    {
      ...checked("killed-for-health", quiet, { maxConsecutiveFailures: 1, ...nobodys }, /ECONNREFUSED/),
      visible: "failure",
    },
    {
      ...checked("in-grace", quiet, { gracePeriodSeconds: 10_000, intervalSeconds: 60 }, /not been checked/),
      visible: "running",
      code: "healthUnknown",
    },
    {
      name: "never-ready",
      id: "/never-ready",
      definition: {
        cmd: answering(503),
        ...small,
        mem: 64,
        portDefinitions: [{ port: 0, name: "http", protocol: "tcp" }],
        readinessChecks: [
          {
            name: "ready",
            protocol: "HTTP",
            path: "/",
            portName: "http",
            intervalSeconds: 2,
            timeoutSeconds: 1,
          },
        ],
      },
      visible: "running",
      code: "notReady",
      says: /not ready/,
    },
  ];
}

/** 42-46: it is being changed, or waits for another. */
function changes(): readonly State[] {
  return [
    {
      name: "waits-for-another",
      id: "/chain/web",
      definition: { ...sleeper, dependencies: ["/chain/db"] },
      // One that ran for a moment would count as up.
      together: [{ ...sleeper, id: "/chain/db", cpus: 5_000 }],
      visible: "created",
      code: "dependencyNotReady",
      says: /waits for \/chain\/db/,
    },
    {
      name: "bad-update",
      id: "/bad-update",
      definition: sleeper,
      update: { cmd: "exit 9" },
      visible: "failure",
      code: "exitedAtOnce",
      says: /status 9 /,
    },
    {
      name: "will-not-die",
      id: "/will-not-die",
      definition: {
        cmd: "trap '' TERM; while true; do sleep 1; done",
        ...small,
        taskKillGracePeriodSeconds: 600,
      },
      update: { instances: 0 },
      visible: "created",
      code: "killing",
      says: /being ended/,
    },
    {
      name: "none-wished",
      id: "/none-wished",
      definition: { ...sleeper, instances: 0 },
      visible: "deployed",
      code: "stopped",
      says: /no instances are wished/,
    },
    {
      name: "well",
      id: "/well",
      definition: sleeper,
      visible: "deployed",
      code: "asWished",
      says: /as wished/,
    },
  ];
}

const aPod = (containers: readonly Json[]): Json => ({
  containers: containers.map((container) => ({
    ...container,
    exec: { command: { shell: "exec sleep 100000" } },
  })),
});

/** 47-50: an operator is in the way. */
function operators(): readonly State[] {
  const operated = (
    name: string,
    operator: NonNullable<State["operator"]>,
    says: RegExp,
    fields: Partial<State> = {},
  ): State => ({
    name,
    id: `/${name}`,
    definition: sleeper,
    visible: "created",
    code: "nodesSetAside",
    says,
    operator,
    ...fields,
  });
  const kernel = (method: string, path: string, body: Json = {}): Promise<unknown> =>
    ask(`${cluster.info.services.kernel}/keelson/v1${path}`, {
      method,
      ...(method === "DELETE" ? {} : { body }),
    });
  const ofNode = (verb: string, body?: Json) => async (): Promise<void> => {
    await kernel("POST", `/nodes/${privateNode}/${verb}`, body);
  };
  const window = async (windows: readonly Json[]): Promise<void> => {
    await kernel("PUT", "/maintenance", { windows });
  };
  return [
    operated(
      "quota-used-up",
      {
        when: "before",
        does: async () => {
          await kernel("PUT", "/quota/slave_public", { limits: { cpus: 0.005 }, force: true });
        },
        undoes: async () => {
          await kernel("DELETE", "/quota/slave_public");
        },
      },
      /quota of role slave_public is used up/,
      { code: "quotaLimited" },
    ),
    operated(
      "node-in-maintenance",
      {
        when: "before",
        does: () =>
          window([{ machines: [{ hostname: nodeHost, ip: nodeIp }], startsAt: 1_000, durationMs: 4e12 }]),
        undoes: () => window([]),
      },
      /under maintenance/,
    ),
    operated(
      "node-deactivated",
      { when: "before", does: ofNode("deactivate"), undoes: ofNode("reactivate") },
      /the only node that could take it is drained, deactivated/,
    ),
    operated(
      "volumes-on-drained-node",
      { when: "running", does: ofNode("drain", { maxGraceMs: 100 }), undoes: ofNode("reactivate") },
      /drained, deactivated or under maintenance/,
      {
        visible: "down",
        definition: {
          ...sleeper,
          acceptedResourceRoles: ["*"],
          upgradeStrategy: { minimumHealthCapacity: 0, maximumOverCapacity: 0 },
          container: {
            type: "MESOS",
            volumes: [{ containerPath: "data", mode: "RW", persistent: { size: 1 } }],
          },
        },
      },
    ),
  ];
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
    const all = states();
    expect(new Set(all.map(({ id }) => id)).size).toBe(50);
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
      const chinese = (await whyOf(state.id, "zh")).reasons[0]?.message ?? "";
      if (!/[\u4e00-\u9fff]/.test(chinese)) wrong.push(`${state.name} in Chinese: ${chinese}`);
    };
    const alone = all.filter(({ name }) => name === "no-room-to-roll");
    for (const state of alone) {
      await one(state);
      await call("DELETE", `/v2/apps${state.id}`);
      await eventually(`${state.name} has left`, async () => {
        const { body } = await call("GET", `/keelson/v1/instances?service=${state.id}`);
        return (body["items"] as readonly unknown[]).length === 0;
      });
    }
    const others = all.filter((state) => !alone.includes(state) && state.operator === undefined);
    for (let at = 0; at < others.length; at += 7) await Promise.all(others.slice(at, at + 7).map(one));
    for (const state of all.filter(({ operator }) => operator !== undefined)) {
      await one(state);
      await state.operator?.undoes();
    }
    expect(wrong).toEqual([]);
    expect(delays.size).toBe(50);
    expectTypically(delays, toldWithinMs);
    // The command line has a process to start besides.
    await expectAtBest(toldWithinMs, async () => {
      const startedAt = performance.now();
      const { stdout } = await cluster.cli("why", "/many-cpus");
      expect(stdout).toMatch(/5,?000 CPUs wanted/);
      return performance.now() - startedAt;
    });
  }, 900_000);
});
