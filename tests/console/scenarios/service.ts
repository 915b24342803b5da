/** What the pages of one service ask for, in each of its states: definitions, versions, instances, reasons, plans, logs, files. */
import type { LogEvents } from "#contracts/kernel/agent-streams.ts";
import type { MergedLogEvent, MergedLogRequest } from "#contracts/observe/merged-log.ts";
import type { HistoryEntry, InstanceItem } from "#contracts/services/own-endpoints.ts";
import type { Plan } from "#contracts/services/plan.ts";
import type { Reason } from "#contracts/services/reasons.ts";
import type { Scenario, ServiceScenario } from "./scenario.ts";
import { aService, scenarioNow, shopScenario } from "./shop.ts";

const minute = 60_000;
const at = (minutesAgo: number): string => new Date(scenarioNow - minutesAgo * minute).toISOString();
/** Versions that every service of the scenarios has, newest first. */
export const versions: readonly [string, string, string] = [at(26 * 60), at(30 * 60), at(90 * 60)];

/** The definition of a service at a version; the older, the smaller. */
export function aDefinition(id: string, version: string): object {
  const age = Math.max(0, versions.indexOf(version));
  return {
    id,
    cmd: `python3 -m http.server $PORT0 --directory site-${3 - age}`,
    instances: 3,
    cpus: 0.5 / (age + 1),
    mem: 512,
    disk: 0,
    gpus: 0,
    env: { MODE: "production", CACHE: "redis://cache.example.net:6379/0", GREETING: "您好" },
    labels: { team: "shop", owner: "grace@example.net" },
    constraints: [["hostname", "MAX_PER", "2"]],
    portDefinitions: [{ port: 10_004, name: "web", protocol: "tcp" }],
    healthChecks: [
      { protocol: "HTTP", path: "/health", portIndex: 0, gracePeriodSeconds: 30, intervalSeconds: 5 },
    ],
    upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 0.5 },
    ...(age === 0 ? { "x-kept": { by: ["tomorrow"] } } : {}),
    version,
  };
}

export const aHistory: readonly HistoryEntry[] = versions.map((version, index) => ({
  version,
  isCurrent: index === 0,
  at: Date.parse(version),
  user: index === 1 ? "ci-deployer" : "ada",
  from: "192.168.20.17",
  ...(index === 0 ? { message: "more room for the sale" } : {}),
  changes:
    index === 2
      ? []
      : [
          { path: "/cpus", before: 0.25, after: 0.5 },
          {
            path: "/cmd",
            before: "python3 -m http.server $PORT0 --directory site-2",
            after: "python3 -m http.server $PORT0 --directory site-3",
          },
        ],
  instances: 3,
}));

function anInstance(service: string, index: number, given: Partial<InstanceItem> = {}): InstanceItem {
  const id = `${service.slice(1).replaceAll("/", "_")}.instance-5b3f0c2e-${String(index).padStart(4, "0")}-11f1-8de9-000000000000`;
  return {
    id,
    service,
    taskId: `${id}._app.1`,
    condition: "Running",
    goal: "Running",
    isActive: true,
    healthy: true,
    agentId: `8f6e2c1a-71c4-4d0e-9a51-${String((index % 6) + 1).padStart(12, "0")}`,
    hostname: `node-${String((index % 6) + 1).padStart(2, "0")}.fra.example.net`,
    ports: [31_000 + (index % 900)],
    version: versions[0],
    stagedAt: scenarioNow - (index + 1) * 17 * minute,
    startedAt: scenarioNow - (index + 1) * 17 * minute + 900,
    ...given,
  };
}

const ended = (index: number, condition: string, cause: string): Partial<InstanceItem> => ({
  condition,
  isActive: false,
  cause,
  endedAt: scenarioNow - index * 15 * minute,
});

/** Running, starting, unhealthy and ended ones. */
export const instancesOf = (service: string, count: number): readonly InstanceItem[] => [
  ...Array.from({ length: count }, (_none, index) => anInstance(service, index)),
  anInstance(service, count, { healthy: false }),
  anInstance(service, count + 1, {
    condition: "Staging",
    startedAt: undefined as never,
    healthy: undefined as never,
  }),
  anInstance(service, count + 2, ended(1, "Failed", "Command exited with status 78")),
  anInstance(
    service,
    count + 3,
    ended(2, "Killed", "Command terminated with signal SIGKILL: it used more than its 512 MiB of memory"),
  ),
];

const aNodeVerdict = (
  index: number,
  given: Pick<Reason["nodes"][number], "short" | "causes">,
): Reason["nodes"][number] => ({
  agentId: `8f6e2c1a-71c4-4d0e-9a51-${String(index).padStart(12, "0")}`,
  hostname: `node-${String(index).padStart(2, "0")}.fra.example.net`,
  name: `node-${String(index).padStart(2, "0")}`,
  at: scenarioNow,
  ...given,
});

/** Reasons with what each node lacks, for a service that waits. */
export const waitingReasons: readonly Reason[] = [
  {
    code: "insufficientResources",
    parameters: {},
    message: "no node has 16 CPUs free: node-03.fra.example.net comes closest, with 6.5",
    remedy: "Ask for at most 6.5 CPUs, or add a larger node.",
    commands: ["node list", "service update /analytics/nightly-report-generator-for-all-regions --cpus 6.5"],
    since: scenarioNow - 12 * minute,
    nodes: Array.from({ length: 8 }, (_none, index) =>
      aNodeVerdict(index + 1, {
        short: [
          { name: "cpus", wanted: 16, free: 6.5 - index / 2, missing: 9.5 + index / 2 },
          { name: "mem", wanted: 65_536, free: 20_480, missing: 45_056 },
        ],
        causes: [
          {
            code: "constraintUnsatisfied" as const,
            detail: "rack:LIKE:r[01]",
            message: "it does not meet the constraint rack:LIKE:r[01]",
          },
          { code: "portsTaken" as const, detail: "8080", message: "its port 8080 is taken" },
        ].slice(0, index % 3),
      }),
    ),
  },
];

const aPlanned: Plan["services"][number] = {
  id: "/shop/cart",
  effect: "restart",
  instancesBefore: 3,
  instancesAfter: 4,
  restarts: 3,
  changes: [
    { path: "/cpus", before: 0.25, after: 0.5 },
    { path: "/env/CACHE", after: "redis://cache.example.net:6379/0" },
  ],
  placements: [
    { agentId: "a1", hostname: "node-01.fra.example.net", count: 2, certainty: "likely" },
    { agentId: "a2", hostname: "node-02.fra.example.net", count: 1, certainty: "likely" },
  ],
  unplaced: 1,
  warnings: [
    { code: "noHealthCheck", message: "it has no health check: an instance counts as up as soon as it runs" },
  ],
};

export const aPlan: Plan = {
  basis: "b1",
  isEmpty: false,
  services: [aPlanned],
  steps: [{ actions: [{ action: "restart", service: "/shop/cart", from: 3, to: 4 }] }],
  lockedBy: [],
};

export const aLock: Plan["lockedBy"][number] = {
  deploymentId: "d-41",
  services: ["/shop/catalogue/search"],
  user: "grace",
  since: scenarioNow - 4 * minute,
};

const escapeMark = "\u001b";
const logLines: readonly string[] = [
  `${escapeMark}[32mINFO${escapeMark}[0m listening on 0.0.0.0:31000`,
  ...Array.from(
    { length: 60 },
    (_none, index) =>
      `10.0.3.7 - - "GET /cart/${index} HTTP/1.1" ${index % 9 === 0 ? `${escapeMark}[31m500${escapeMark}[0m` : "200"} - 12 ms`,
  ),
  `${escapeMark}]0;a title that must not be set\u0007 WARN the cache is slow: ${"waited ".repeat(24)}`,
];

const textOf = (file: string): string =>
  file === "stderr" ? "WARNING: GREETING has wide characters: 您好，购物车\n" : `${logLines.join("\n")}\n`;

/** The log of one stream of a task, as its agent sends it. */
export function logStream(taskId: string, file: string, hasCursor: boolean): string {
  const frame = <Name extends keyof LogEvents>(name: Name, data: LogEvents[Name], id: string): string =>
    `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
  return [
    frame("begin", { taskId, containerId: "c-1", file }, "0"),
    ...(hasCursor ? [] : [frame("output", { offset: 0, text: textOf(file) }, "1")]),
    frame("end", { cause: "atEnd" }, "1"),
  ].join("");
}

/** Logs of many, as the door sends them: all that they wrote, and their end. */
export function mergedLogStream({ sources }: MergedLogRequest): string {
  const events = sources.flatMap(({ file }, source): MergedLogEvent[] => [
    { source, kind: "output", cursor: "1", value: { offset: 0, text: textOf(file) } },
    { source, kind: "end", value: { cause: "taskEnded" } },
  ]);
  return events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
}

const cart = aService("/shop/cart", "running", {
  addresses: ["http://10.0.3.1:31000", "http://10.0.3.2:31001"],
  labels: { team: "shop", owner: "grace@example.net" },
});

const ofService: ServiceScenario = {
  instances: (id) => (id.startsWith("/analytics") ? [] : instancesOf(id, 4)),
  reasons: (id) => (id.startsWith("/analytics") ? waitingReasons : undefined),
  plan: aPlan,
};

/** The shop, with everything that the pages of one service ask for. */
export const serviceScenario: Scenario = {
  ...shopScenario,
  name: "service",
  services: shopScenario.services.map((service) => (service.id === cart.id ? cart : service)),
  service: ofService,
};

/** The same with a deployment of somebody else in the way of every change. */
export const lockedScenario: Scenario = {
  ...serviceScenario,
  name: "locked",
  service: { ...ofService, plan: { ...aPlan, lockedBy: [aLock] } },
};

/** A service of a thousand instances. */
export const manyInstancesScenario: Scenario = {
  ...serviceScenario,
  name: "many-instances",
  service: { ...ofService, instances: (id) => instancesOf(id, 990) },
};

/** A service that was only just made, and nothing is known of it yet. */
export const newServiceScenario: Scenario = {
  ...serviceScenario,
  name: "new",
  services: [aService("/shop/cart", "waiting", { running: 0, labels: {} })],
  deployments: [],
  audit: [],
  events: [],
  service: { instances: () => [], history: () => [], plan: { ...aPlan, isEmpty: true, services: [] } },
};
