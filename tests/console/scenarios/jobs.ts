/** Jobs of a shop: one that is well, one under way, one that waits, one that failed, one switched off, one after others. */
import type { JobItem, JobPlan, JobRunItem } from "#contracts/jobs/own-endpoints.ts";
import type { Reason } from "#contracts/services/reasons.ts";
import { fieldChanges } from "#domain/changes/index.ts";
import { nextRuns } from "#domain/jobs/cron.ts";
import type { ShownJob } from "#domain/jobs/job-wire.ts";
import { parseJob } from "#domain/jobs/parse-job.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { scenarioNow } from "./scenario-now.ts";

const minute = 60_000;
const hour = 60 * minute;

export function aJob(id: string, status: JobItem["status"], given: Partial<JobItem> = {}): JobItem {
  return {
    id,
    status,
    cmd: "/usr/local/bin/backup --target /backups",
    cpus: 0.5,
    mem: 256,
    disk: 0,
    labels: { team: "shop" },
    dependencies: [],
    activeRuns: [],
    activeCount: 0,
    lastRun: { id: "20260313030000a1B2c", status: "SUCCESS", endedAt: scenarioNow - 6 * hour },
    successCount: 211,
    failureCount: 3,
    ...given,
  };
}

const nightly = (isEnabled: boolean): NonNullable<JobItem["schedule"]> => ({
  id: "nightly",
  cron: "30 2 * * MON-FRI",
  timezone: "Europe/Berlin",
  isEnabled,
  ...(isEnabled ? { nextRunAt: scenarioNow + 40 * hour } : {}),
});

const failure: Reason = {
  code: "exitedAtOnce",
  parameters: {},
  message: "its command ended with status 3 after 41 s on node-03.fra.example.net",
  remedy: "its log says why",
  commands: ["job logs shop.backup 20260314023000x7Yz1 --stderr"],
  since: scenarioNow - 7 * hour,
  nodes: [],
};
const waits: Reason = {
  code: "insufficientResources",
  parameters: {},
  message:
    "no node has enough CPUs free: 16 wanted, node-02.fra.example.net comes nearest with 6.5, 9.5 missing",
  remedy: "free some, add a node, or ask for less",
  commands: ["node list"],
  since: scenarioNow - 12 * minute,
  nodes: [],
};

export const shopJobs: readonly JobItem[] = [
  aJob("shop.backup", "scheduled", {
    description: "Backs up the shop's database to the other site",
    schedule: nightly(true),
    lastRun: { id: "20260314023000x7Yz1", status: "FAILED", endedAt: scenarioNow - 7 * hour },
    failureCount: 4,
    reason: failure,
  }),
  aJob("shop.export", "running", { activeRuns: ["20260314091200Qw3rT"], activeCount: 1 }),
  aJob("shop.invoices", "disabled", { schedule: nightly(false) }),
  aJob("shop.recommendations.train", "waiting", {
    activeRuns: ["20260314091800Zx9cV"],
    activeCount: 1,
    cpus: 16,
    reason: waits,
  }),
  aJob("shop.report", "dependent", { dependencies: ["shop.export", "shop.backup"] }),
  aJob("shop.reindex", "idle", { successCount: 1, failureCount: 0 }),
];

const aRun = (
  id: string,
  job: string,
  status: JobRunItem["status"],
  given: Partial<JobRunItem> = {},
): JobRunItem => {
  const createdAt = Date.UTC(
    2026,
    2,
    Number(id.slice(6, 8)),
    Number(id.slice(8, 10)),
    Number(id.slice(10, 12)),
  );
  const startedAt = createdAt + 900;
  const endedAt = createdAt + 42_000;
  const isOver = status === "SUCCESS" || status === "FAILED";
  return {
    id,
    job,
    status,
    trigger: "schedule",
    createdAt,
    startedAt,
    ...(isOver ? { endedAt } : {}),
    tasks: [
      {
        id: `${job.replaceAll(".", "_")}_${id}.2f3c1a7e-98e1-11f0-a4b1-0242ac110002`,
        status: status === "SUCCESS" ? "TASK_FINISHED" : status === "FAILED" ? "TASK_FAILED" : "TASK_RUNNING",
        agentId: "8f6e2c1a-71c4-4d0e-9a51-000000000003",
        hostname: "node-03.fra.example.net",
        startedAt,
        ...(isOver ? { endedAt } : {}),
        ...(status === "FAILED" ? { cause: "Command exited with status 3" } : {}),
      },
    ],
    ...given,
  };
};

/** Of any job: one under way, one that failed, and those that were well. */
export const runsOfJob = (job: string): readonly JobRunItem[] => [
  aRun("20260314091200Qw3rT", job, "ACTIVE", { trigger: "person" }),
  aRun("20260314023000x7Yz1", job, "FAILED", { reason: failure }),
  ...Array.from({ length: 12 }, (_none, at) =>
    aRun(`202603${String(13 - at).padStart(2, "0")}023000a1B2${at % 10}`, job, "SUCCESS"),
  ),
];

/** As the API shows the definition of `id`. */
export function definitionOfJob({ id, cpus, mem, schedule, dependencies }: JobItem): ShownJob {
  const { job, schedules } = parseJob({
    id,
    run: { cmd: "/usr/local/bin/backup --target /backups", cpus, mem, disk: 0 },
    ...(dependencies.length === 0 ? {} : { dependencies: dependencies.map((parent) => ({ id: parent })) }),
    ...(schedule === undefined
      ? {}
      : { schedules: [{ id: schedule.id, cron: schedule.cron, timezone: schedule.timezone }] }),
  });
  return { ...job, schedules };
}

/** As Jobs would plan it, in a cluster whose nodes have room for all but the greedy. */
export function planOfJob(definition: unknown, present: JobItem | undefined): JobPlan {
  const { job, schedules } = parseJob(definition);
  const changes =
    present === undefined
      ? []
      : fieldChanges(
          definitionOfJob(present) as unknown as JsonObject,
          { ...job, schedules } as unknown as JsonObject,
        );
  const [schedule] = schedules;
  const nodes = ["node-02.fra.example.net", "node-03.fra.example.net"].map((hostname, at) => ({
    agentId: `8f6e2c1a-71c4-4d0e-9a51-00000000000${at + 2}`,
    hostname,
  }));
  const hasRoom = job.run.cpus <= 8;
  return {
    id: job.id,
    effect: present === undefined ? "create" : changes.length === 0 ? "unchanged" : "change",
    changes: [...changes],
    activeCount: present?.activeCount ?? 0,
    nextRuns: schedule?.enabled === true ? [...nextRuns(schedule, scenarioNow, 5)] : [],
    nodes: hasRoom ? nodes : [],
    nodesCount: hasRoom ? 4 : 0,
    ...(hasRoom ? {} : { reason: waits }),
  };
}
