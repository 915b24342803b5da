/** A small cluster on an ordinary day: most is well, some is not, and each trouble has its cause. */
import type { NodeItem, TaskItem } from "#contracts/kernel/own-endpoints.ts";
import type { AuditRecord } from "#contracts/observe/audit.ts";
import type { ClusterEvent } from "#contracts/observe/events.ts";
import type { DeploymentItem, ServiceItem, ServiceStatus } from "#contracts/services/own-endpoints.ts";
import type { Reason, ReasonCode } from "#contracts/services/reasons.ts";
import { shopJobs } from "./jobs.ts";
import { emptyScenario, type Scenario } from "./scenario.ts";
import { scenarioNow } from "./scenario-now.ts";

export { scenarioNow };

const minute = 60_000;
const hour = 60 * minute;

const aReason = (code: ReasonCode, message: string, remedy?: string): Reason => ({
  code,
  parameters: {},
  message,
  ...(remedy === undefined ? {} : { remedy }),
  commands: [],
  since: scenarioNow - 12 * minute,
  nodes: [],
});

export function aService(
  id: string,
  status: ServiceStatus,
  given: Partial<ServiceItem> & { readonly running?: number; readonly wanted?: number } = {},
): ServiceItem {
  const { running = 3, wanted = 3, ...rest } = given;
  return {
    id,
    status,
    instances: { wanted, running, staged: 0, healthy: running, unhealthy: 0 },
    cpus: 0.5,
    mem: 512,
    disk: 0,
    gpus: 0,
    version: new Date(scenarioNow - 26 * hour).toISOString(),
    labels: { team: "shop" },
    deployments: [],
    addresses: [],
    ...rest,
  };
}

const services: readonly ServiceItem[] = [
  aService("/shop/cart", "running", { cpus: 0.5, mem: 512 }),
  aService("/shop/checkout", "failing", {
    running: 1,
    wanted: 3,
    reason: aReason(
      "exitedAtOnce",
      "its instances end after 2 s: exited with status 78 (“PAYMENT_URL is not set”)",
      "Set PAYMENT_URL in env, or roll back to the version before.",
    ),
  }),
  aService("/shop/catalogue/search", "deploying", {
    running: 6,
    wanted: 8,
    cpus: 1.25,
    mem: 2_048,
    deployments: ["d-41"],
    instances: { wanted: 8, running: 6, staged: 2, healthy: 6, unhealthy: 0 },
    reason: aReason("deploymentRunning", "deployment d-41 is at step 2 of 3"),
  }),
  aService("/shop/catalogue/images", "unhealthy", {
    wanted: 4,
    instances: { wanted: 4, running: 4, staged: 0, healthy: 2, unhealthy: 2 },
    mem: 256,
    reason: aReason(
      "unhealthy",
      "2 of 4 instances fail their health check: GET /health answered 503",
      "Read the log of an unhealthy instance; it says why it answers 503.",
    ),
  }),
  aService("/analytics/nightly-report-generator-for-all-regions", "waiting", {
    running: 0,
    wanted: 1,
    cpus: 16,
    mem: 65_536,
    reason: aReason(
      "largerThanAnyNode",
      "it wants 16 CPUs; the largest node has 8",
      "Ask for at most 8 CPUs, or add a larger node.",
    ),
  }),
  aService("/legacy/billing", "stopped", { running: 0, wanted: 0, mem: 1_024 }),
  aService("/web", "running", { running: 12, wanted: 12, cpus: 0.1, mem: 64 }),
];

export function aNode(at: number, given: Partial<NodeItem> = {}): NodeItem {
  const share = ((at * 37) % 90) / 100;
  return {
    id: `8f6e2c1a-71c4-4d0e-9a51-${String(at).padStart(12, "0")}`,
    hostname: `node-${String(at).padStart(2, "0")}.fra.example.net`,
    url: `http://10.0.3.${at % 250}:5051`,
    state: "active",
    standing: "inService",
    isPublic: at % 8 === 0,
    attributes: { rack: `r${at % 4}` },
    region: "eu-central",
    zone: `fra-${(at % 3) + 1}`,
    total: { cpus: 8, mem: 32_768, disk: 409_600, gpus: 0 },
    used: { cpus: Math.round(share * 80) / 10, mem: Math.round(share * 30_000), disk: 20_480, gpus: 0 },
    offered: { cpus: 0.4, mem: 1_024, disk: 0, gpus: 0 },
    tasks: Math.round(share * 14),
    registeredAt: scenarioNow - at * hour,
    version: "0.2.0",
    ...given,
  };
}

const nothing = { cpus: 0, mem: 0, disk: 0, gpus: 0 };
const nodes: readonly NodeItem[] = [
  ...Array.from({ length: 4 }, (_none, at) => aNode(at + 1)),
  aNode(5, {
    standing: "draining",
    drain: { since: scenarioNow - 3 * minute, maxGraceMs: 10 * minute, markGone: false },
  }),
  aNode(6, { standing: "deactivated" }),
  aNode(7, { state: "unreachable", total: nothing, used: nothing, offered: nothing, tasks: 0 }),
];

export function aTask(at: number, given: Partial<TaskItem> = {}): TaskItem {
  const service = ["shop_cart", "shop_catalogue_search", "web", "shop_catalogue_images"][at % 4];
  return {
    id: `${service}.instance-5b3f0c2e-0f3d-11f1-8de9-${String(at).padStart(12, "0")}._app.1`,
    name: `${service}`,
    frameworkId: "3f1c9f64-88f1-4c5f-8d0e-5b8ed4b5b0a1-0000",
    frameworkName: "marathon",
    executorId: "",
    agentId: `8f6e2c1a-71c4-4d0e-9a51-${String((at % 6) + 1).padStart(12, "0")}`,
    hostname: `node-${String((at % 6) + 1).padStart(2, "0")}.fra.example.net`,
    state: "TASK_RUNNING",
    isEnded: false,
    healthy: true,
    cpus: 0.5,
    mem: 512,
    disk: 0,
    gpus: 0,
    startedAt: scenarioNow - (at + 1) * 17 * minute,
    updatedAt: scenarioNow - (at + 1) * 7 * minute,
    ...given,
  };
}

const tasks: readonly TaskItem[] = [
  ...Array.from({ length: 22 }, (_none, at) => aTask(at)),
  aTask(31, { healthy: false }),
  aTask(32, { state: "TASK_STAGING", healthy: undefined as never }),
  aTask(33, { state: "TASK_KILLING" }),
  aTask(34, {
    state: "TASK_FAILED",
    isEnded: true,
    message: "Command exited with status 78",
  }),
];

const deployments: readonly DeploymentItem[] = [
  {
    id: "d-41",
    startedAt: scenarioNow - 4 * minute,
    user: "ada",
    message: "bigger index",
    services: ["/shop/catalogue/search"],
    step: 2,
    steps: [
      { actions: [{ action: "scale", service: "/shop/catalogue/search", from: 6, to: 8 }] },
      { actions: [{ action: "restart", service: "/shop/catalogue/search", from: 8, to: 8 }] },
      { actions: [{ action: "restart", service: "/shop/cart", from: 3, to: 3 }] },
    ],
    done: 6,
    wanted: 8,
    state: "running",
    reason: aReason("deploymentWaitsForHealth", "waits for 2 new instances to become healthy"),
  },
  {
    id: "d-40",
    startedAt: scenarioNow - 2 * hour,
    endedAt: scenarioNow - 2 * hour + minute,
    user: "grace",
    services: ["/shop/cart"],
    step: 1,
    steps: [{ actions: [{ action: "restart", service: "/shop/cart", from: 3, to: 3 }] }],
    done: 3,
    wanted: 3,
    state: "succeeded",
  },
  {
    id: "d-39",
    startedAt: scenarioNow - 5 * hour,
    endedAt: scenarioNow - 5 * hour + 9 * minute,
    services: ["/shop/checkout"],
    step: 1,
    steps: [{ actions: [{ action: "start", service: "/shop/checkout", from: 0, to: 3 }] }],
    done: 1,
    wanted: 3,
    state: "cancelled",
  },
];

const anAuditRecord = (at: number, given: Partial<AuditRecord>): AuditRecord => ({
  id: String(1_000 - at),
  source: "services",
  at: scenarioNow - at * 23 * minute,
  user: "ada",
  from: "192.168.20.17",
  action: "service.update",
  object: "/shop/cart",
  method: "PUT",
  path: "/v2/apps/shop/cart",
  status: 200,
  changes: [
    { path: "/cpus", before: 0.25, after: 0.5 },
    { path: "/env/CACHE", after: "redis://cache.example.net" },
  ],
  ...given,
});

const audit: readonly AuditRecord[] = [
  anAuditRecord(1, { message: "more room for the sale" }),
  anAuditRecord(2, { user: "grace", action: "service.restart", object: "/web", method: "POST", changes: [] }),
  anAuditRecord(3, { action: "deployment.cancel", object: "d-39", method: "DELETE", changes: [] }),
  anAuditRecord(4, {
    user: "ci-deployer",
    from: "10.0.9.4",
    action: "service.create",
    object: "/analytics/nightly-report-generator-for-all-regions",
    status: 422,
  }),
];

const events: readonly ClusterEvent[] = [
  {
    kind: "task",
    change: "TASK_FAILED",
    object: "shop_checkout.instance-1._app.9",
    service: "/shop/checkout",
  },
  {
    kind: "service",
    change: "unhealthy",
    object: "/shop/catalogue/images",
    service: "/shop/catalogue/images",
  },
  {
    kind: "deployment",
    change: "deployment_step_success",
    object: "d-41",
    service: "/shop/catalogue/search",
  },
  { kind: "node", change: "unreachable", object: "8f6e2c1a-71c4-4d0e-9a51-000000000007" },
  { kind: "task", change: "TASK_RUNNING", object: "web.instance-4._app.1", service: "/web" },
].map((event, at) => ({
  id: String(at + 1),
  at: scenarioNow - (5 - at) * 20_000,
  detail: { host: "node-03.fra.example.net", ...(at === 0 ? { message: "exited with status 78" } : {}) },
  ...event,
})) as ClusterEvent[];

export const shopScenario: Scenario = {
  ...emptyScenario,
  name: "shop",
  services,
  jobs: shopJobs,
  nodes,
  tasks,
  deployments,
  audit,
  events,
  capacity: {
    clusterName: "fra-production",
    total: { cpus: 48, mem: 196_608, disk: 2_457_600, gpus: 4 },
    used: { cpus: 24.5, mem: 121_344, disk: 122_880, gpus: 1 },
    offered: { cpus: 2.4, mem: 6_144, disk: 0, gpus: 0 },
    nodes: { active: 6, disconnected: 0, unreachable: 1 },
    frameworks: 2,
    tasks: { TASK_RUNNING: 24, TASK_STAGING: 1, TASK_KILLING: 1 },
  },
};
