/** What the page of one service shows beside its state: instances that run and ended, versions, a definition, a plan. */
import type { ReplyOf } from "#contracts/endpoint.ts";
import type { HistoryEntry, InstanceItem, planChange } from "#contracts/services/own-endpoints.ts";
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

export const planOf = (id: string): ReplyOf<typeof planChange> => ({
  basis: "b-1",
  isEmpty: false,
  services: [
    {
      id,
      effect: "restart",
      instancesBefore: 3,
      instancesAfter: 3,
      restarts: 3,
      changes: [{ path: "/env/PAYMENT_URL", after: "https://pay.example.net/v2" }],
      placements: [
        {
          agentId: "8f6e2c1a-71c4-4d0e-9a51-000000000001",
          hostname: "node-01.fra.example.net",
          count: 2,
          certainty: "likely",
        },
      ],
      unplaced: 1,
      warnings: [],
    },
  ],
  steps: [{ actions: [{ action: "restart", service: id, from: 3, to: 3 }] }],
  lockedBy: [],
});
