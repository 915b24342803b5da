/** 10,000 tasks of 1,200 services on 1,000 nodes. */
import type { ServiceStatus } from "#contracts/services/own-endpoints.ts";
import { aJob } from "./jobs.ts";
import { emptyScenario, type Scenario } from "./scenario.ts";
import { aNode, aService, aTask, shopScenario } from "./shop.ts";

const statuses: readonly ServiceStatus[] = [
  ...Array.from({ length: 40 }, () => "running" as const),
  "deploying",
  "waiting",
  "failing",
  "unhealthy",
  "stopped",
];
const pick = (at: number): ServiceStatus => statuses[(at * 7) % statuses.length] ?? "running";

const jobStatuses = ["scheduled", "running", "dependent", "scheduled", "disabled", "waiting"] as const;

export const manyScenario: Scenario = {
  ...emptyScenario,
  name: "many",
  services: Array.from({ length: 1_200 }, (_none, at) =>
    aService(`/team-${at % 40}/service-${String(at).padStart(4, "0")}`, pick(at), {
      running: (at % 9) + 1,
      wanted: (at % 9) + 1,
    }),
  ),
  jobs: Array.from({ length: 2_000 }, (_none, at) =>
    aJob(
      `team-${at % 40}.job-${String(at).padStart(4, "0")}`,
      jobStatuses[at % jobStatuses.length] ?? "idle",
    ),
  ),
  nodes: Array.from({ length: 1_000 }, (_none, at) => aNode(at + 1)),
  tasks: Array.from({ length: 10_000 }, (_none, at) => aTask(at)),
  deployments: Array.from({ length: 400 }, (_none, at) => ({
    ...(shopScenario.deployments[at === 0 ? 0 : 1] as (typeof shopScenario.deployments)[number]),
    id: `d-${500 - at}`,
  })),
  audit: Array.from({ length: 3_000 }, (_none, at) => ({
    ...(shopScenario.audit[at % 3] as (typeof shopScenario.audit)[number]),
    id: String(9_000 - at),
  })),
  events: shopScenario.events,
  capacity: {
    ...shopScenario.capacity,
    total: { cpus: 8_000, mem: 33_554_432, disk: 409_600_000, gpus: 0 },
    used: { cpus: 5_120, mem: 20_971_520, disk: 80_000_000, gpus: 0 },
    nodes: { active: 998, disconnected: 1, unreachable: 1 },
    tasks: { TASK_RUNNING: 9_988, TASK_STAGING: 12 },
  },
};
