/** The calls that the pages of jobs make, answered from a scenario. */
import type { BodyOf } from "#contracts/endpoint.ts";
import { explainJob, type JobItem, listJobRuns, listJobs, planJobs } from "#contracts/jobs/own-endpoints.ts";
import type { ListShape } from "#foundation/base/list-window.ts";
import { answers, pageOf, type ScenarioCall } from "./scenario-calls.ts";
import { definitionOfJob, planOfJob, runsOfJob } from "./scenarios/jobs.ts";
import type { Scenario } from "./scenarios/scenario.ts";

const metronome = "/service/metronome";

export function jobCallsOf({ jobs }: Scenario): readonly ScenarioCall[] {
  const named = (id: string | undefined): JobItem | undefined => jobs.find((job) => job.id === id);
  return [
    answers(metronome, listJobs, ({ query }) => pageOf(jobs, query, jobShape)),
    answers(metronome, listJobRuns, ({ query }) =>
      pageOf(named(query["job"]) === undefined ? [] : runsOfJob(query["job"] ?? ""), query, {
        words: ({ id }) => [id],
        fields: {},
      }),
    ),
    answers(metronome, explainJob, ({ query }) => {
      const job = named(query["name"]);
      return {
        kind: "job" as const,
        id: query["name"] ?? "",
        job: query["name"] ?? "",
        isAsWished: job?.reason === undefined,
        status: job?.status ?? "idle",
        reasons: job?.reason === undefined ? [] : [job.reason],
      };
    }),
    answers(metronome, planJobs, ({ body }) => ({
      jobs: (body as BodyOf<typeof planJobs>).definitions.map((definition) =>
        planOfJob(definition, named(String(definition["id"]))),
      ),
    })),
    {
      matches: (method, path) => method === "GET" && /^\/service\/metronome\/v1\/jobs\/[^/]+$/.test(path),
      answer: ({ path }) => {
        const job = named(decodeURIComponent(path.slice(path.lastIndexOf("/") + 1)));
        if (job === undefined) return { status: 404, body: { message: "Job not found" } };
        return { status: 200, body: definitionOfJob(job) };
      },
    },
    {
      matches: (method, path) =>
        method === "GET" && /^\/service\/metronome\/v1\/jobs\/[^/]+\/schedules$/.test(path),
      answer: ({ path }) => {
        const job = named(decodeURIComponent(path.split("/").at(-2) ?? ""));
        return { status: 200, body: job === undefined ? [] : definitionOfJob(job).schedules };
      },
    },
    {
      matches: (method, path) => method !== "GET" && path.startsWith(`${metronome}/`),
      answer: () => ({ status: 200, body: {} }),
    },
  ];
}

const jobShape: ListShape<JobItem> = {
  words: ({ id, labels }) => [id, ...Object.entries(labels).map(([name, value]) => `${name}=${value}`)],
  fields: {
    id: ({ id }) => id,
    status: ({ status }) => status,
    last: ({ lastRun }) => (lastRun?.status === "FAILED" ? "failure" : "success"),
    next: ({ schedule }) => schedule?.nextRunAt,
    ended: ({ lastRun }) => lastRun?.endedAt,
    active: ({ activeCount }) => activeCount,
  },
  tieBreak: ({ id }) => id,
};
