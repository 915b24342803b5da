/** What the page of one service shows beside its state: instances that run and ended, versions, a definition, a plan. */
import type { BodyOf, ReplyOf } from "#contracts/endpoint.ts";
import type { HistoryEntry, InstanceItem, planChange } from "#contracts/services/own-endpoints.ts";
import type { LockHolder, PlannedService } from "#contracts/services/plan.ts";
import { scenarioNow } from "./shop.ts";

const hour = 3_600_000;
const versionOf = (hoursAgo: number): string => new Date(scenarioNow - hoursAgo * hour).toISOString();

export const instancesOf = (service: string): readonly InstanceItem[] => [
  {
    id: `${service.slice(1).replaceAll("/", "_")}.instance-5b3f0c2e`,
    service,
    taskId: `${service.slice(1).replaceAll("/", "_")}.instance-5b3f0c2e._app.1`,
    condition: "Running",
    goal: "Running",
    isActive: true,
    healthy: true,
    ready: true,
    agentId: "8f6e2c1a-71c4-4d0e-9a51-000000000001",
    hostname: "node-01.fra.example.net",
    ports: [31_204, 31_205],
    version: versionOf(26),
    stagedAt: scenarioNow - 25 * hour,
    startedAt: scenarioNow - 25 * hour + 800,
  },
  ...[1, 2, 3].map((at) => ({
    id: `${service.slice(1).replaceAll("/", "_")}.instance-9c41aa0${at}`,
    service,
    taskId: `${service.slice(1).replaceAll("/", "_")}.instance-9c41aa0${at}._app.1`,
    condition: "Failed",
    goal: "Running",
    isActive: false,
    agentId: "8f6e2c1a-71c4-4d0e-9a51-000000000002",
    hostname: "node-02.fra.example.net",
    ports: [31_700 + at],
    version: versionOf(1),
    stagedAt: scenarioNow - at * 90_000,
    startedAt: scenarioNow - at * 90_000 + 700,
    endedAt: scenarioNow - at * 90_000 + 2_700,
    cause: "Command exited with status 78",
  })),
];

export const historyOf = (): readonly HistoryEntry[] => [
  {
    version: versionOf(1),
    isCurrent: true,
    at: scenarioNow - hour,
    user: "ada",
    from: "192.168.20.17",
    message: "new payment provider",
    changes: [
      { path: "/env/PAYMENT_PROVIDER", before: "old", after: "new" },
      { path: "/env/PAYMENT_URL", before: "https://pay.example.net/v1/checkout" },
      { path: "/upgradeStrategy/maximumOverCapacity", before: 1, after: 0.5 },
    ],
    instances: 3,
  },
  {
    version: versionOf(26),
    isCurrent: false,
    at: scenarioNow - 26 * hour,
    user: "grace",
    from: "10.0.9.4",
    changes: [],
    instances: 3,
  },
];

export const definitionOf = (id: string): object => ({
  id,
  cmd: "exec ./checkout --port $PORT0 --timeout 30s",
  cpus: 0.5,
  mem: 512,
  instances: 3,
  env: { PAYMENT_PROVIDER: "new", LOG_LEVEL: "info" },
  labels: { team: "shop" },
  portDefinitions: [{ port: 10_004, name: "http" }],
  healthChecks: [{ protocol: "HTTP", path: "/health", portIndex: 0, intervalSeconds: 10 }],
});

type Change = BodyOf<typeof planChange>;

/** What a change would do to services of three instances; `lock` is in the way of it. */
export function planOf(change: Change, lock: LockHolder | undefined): ReplyOf<typeof planChange> {
  const { definitions, removals = [], restarts = [], instances = {} } = change;
  const services = [
    ...definitions.map((definition) =>
      aPlannedRestart(String((definition as { id?: string }).id ?? "/"), true),
    ),
    ...restarts.map((id) => aPlannedRestart(id, false)),
    ...removals.map((id) => aPlanned(id, "remove", 0)),
    ...Object.entries(instances).map(([id, wanted]) => ({
      ...aPlanned(id, "scale", wanted),
      changes: [{ path: "/instances", before: 3, after: wanted }],
    })),
  ];
  return {
    basis: "b-1",
    isEmpty: false,
    services,
    steps: services.map(({ id, effect, instancesAfter }) => ({
      actions: [
        { action: effect === "restart" ? "restart" : "scale", service: id, from: 3, to: instancesAfter },
      ],
    })),
    lockedBy: lock === undefined || change.force === true ? [] : [lock],
  };
}

const aPlanned = (id: string, effect: PlannedService["effect"], instancesAfter: number): PlannedService => ({
  id,
  effect,
  instancesBefore: 3,
  instancesAfter,
  restarts: 0,
  changes: [],
  placements: [],
  unplaced: 0,
  warnings: [],
});

const aPlannedRestart = (id: string, isChanged: boolean): PlannedService => ({
  ...aPlanned(id, "restart", 3),
  restarts: 3,
  changes: isChanged ? [{ path: "/env/PAYMENT_URL", after: "https://pay.example.net/v2" }] : [],
  placements: [
    {
      agentId: "8f6e2c1a-71c4-4d0e-9a51-000000000001",
      hostname: "node-01.fra.example.net",
      count: 2,
      certainty: "likely",
    },
  ],
  unplaced: 1,
});
