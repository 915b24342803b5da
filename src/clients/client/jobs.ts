/** Jobs as Metronome's API shows them, for people's tools. What Jobs answer of their own is in `contracts/jobs`. */
import type { JobSchedule } from "#domain/jobs/job.ts";
import type { ShownJob, ShownSchedule } from "#domain/jobs/job-wire.ts";
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import { type Answer, type ClusterAddresses, RequestFailed, request } from "./cluster.ts";

export interface StartedRun {
  readonly id: string;
  readonly jobId: string;
  readonly status: string;
}

const urlOf = (cluster: ClusterAddresses, id: string, rest = ""): string =>
  `${cluster.jobs}/v1/jobs/${encodeURIComponent(id)}${rest}`;
const scheduleUrl = (cluster: ClusterAddresses, job: string, schedule: string): string =>
  urlOf(cluster, job, `/schedules/${encodeURIComponent(schedule)}`);

export async function getJob(cluster: ClusterAddresses, id: string): Promise<ShownJob> {
  return (await request(cluster, urlOf(cluster, id))).body as ShownJob;
}

/** With the schedule inside it. */
export async function createJob(cluster: ClusterAddresses, definition: JsonObject): Promise<ShownJob> {
  return (await request(cluster, `${cluster.jobs}/v1/jobs`, { method: "POST", body: definition }))
    .body as ShownJob;
}

/** The job alone: its schedule stays as it is. */
export async function updateJob(
  cluster: ClusterAddresses,
  id: string,
  definition: JsonObject,
): Promise<ShownJob> {
  return (await request(cluster, urlOf(cluster, id), { method: "PUT", body: definition })).body as ShownJob;
}

/** The job with its schedule: one that the definition does not have goes. */
export async function replaceJob(
  cluster: ClusterAddresses,
  id: string,
  definition: JsonObject,
): Promise<ShownJob> {
  return (await replaceScheduledJob(cluster, id, definition)).body as ShownJob;
}

/** Refused while runs are active, unless they may be stopped. */
export async function removeJob(
  cluster: ClusterAddresses,
  id: string,
  options: { readonly stopRuns: boolean },
): Promise<void> {
  const query = options.stopRuns ? "?stopCurrentJobRuns=true" : "";
  await request(cluster, urlOf(cluster, id, query), { method: "DELETE" });
}

export async function startRun(cluster: ClusterAddresses, id: string): Promise<StartedRun> {
  const answer = await request(cluster, urlOf(cluster, id, "/runs"), { method: "POST", body: {} });
  return answer.body as StartedRun;
}

export async function stopRun(cluster: ClusterAddresses, id: string, run: string): Promise<void> {
  await request(cluster, urlOf(cluster, id, `/runs/${encodeURIComponent(run)}/actions/stop`), {
    method: "POST",
    body: {},
  });
}

export async function createSchedule(
  cluster: ClusterAddresses,
  job: string,
  schedule: Partial<JobSchedule>,
): Promise<ShownSchedule> {
  const answer = await request(cluster, urlOf(cluster, job, "/schedules"), {
    method: "POST",
    body: schedule,
  });
  return answer.body as ShownSchedule;
}

export async function replaceSchedule(
  cluster: ClusterAddresses,
  job: string,
  id: string,
  schedule: Partial<JobSchedule>,
): Promise<ShownSchedule> {
  const answer = await request(cluster, scheduleUrl(cluster, job, id), { method: "PUT", body: schedule });
  return answer.body as ShownSchedule;
}

export async function removeSchedule(cluster: ClusterAddresses, job: string, id: string): Promise<void> {
  await request(cluster, scheduleUrl(cluster, job, id), { method: "DELETE" });
}

/** Every job with its schedules; none where nothing of the cluster runs jobs. */
export async function listJobs(cluster: ClusterAddresses): Promise<readonly JsonObject[]> {
  if (cluster.jobs === "") return [];
  try {
    const { body } = await request(cluster, `${cluster.jobs}/v1/jobs`);
    return Array.isArray(body) ? body.filter(isJsonObject) : [];
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) return [];
    throw error;
  }
}

/** A job together with its schedules. */
export const createScheduledJob = (cluster: ClusterAddresses, job: JsonObject): Promise<Answer> =>
  request(cluster, `${cluster.jobs}/v0/scheduled-jobs`, { method: "POST", body: job });

/** Replaces the job and its schedules. */
export const replaceScheduledJob = (
  cluster: ClusterAddresses,
  id: string,
  job: JsonObject,
): Promise<Answer> =>
  request(cluster, `${cluster.jobs}/v0/scheduled-jobs/${encodeURIComponent(id)}`, {
    method: "PUT",
    body: job,
  });
