/** Calls that change jobs: Metronome's own; and what a change would do. */
import { type JobPlan, planJobs } from "#contracts/jobs/own-endpoints.ts";
import type { ShownSchedule } from "#domain/jobs/job-wire.ts";
import { callEndpoint, daemonPaths, fillPath, requestJson } from "../data/request.ts";
import type { Language } from "../i18n/languages.ts";

const pathOf = (path: string, params: Readonly<Record<string, string>>): string =>
  daemonPaths.jobs + fillPath(path, params);

export async function startRun(id: string): Promise<void> {
  await requestJson(pathOf("/v1/jobs/{id}/runs", { id }), { method: "POST", body: {} });
}

export async function stopRun(id: string, run: string): Promise<void> {
  await requestJson(pathOf("/v1/jobs/{id}/runs/{run}/actions/stop", { id, run }), {
    method: "POST",
    body: {},
  });
}

/** Undefined: it has none. */
export async function readSchedule(id: string): Promise<ShownSchedule | undefined> {
  // The daemon is of the same release as this page.
  const [schedule] = (await requestJson(
    pathOf("/v1/jobs/{id}/schedules", { id }),
  )) as readonly ShownSchedule[];
  return schedule;
}

export async function replaceSchedule(id: string, schedule: ShownSchedule): Promise<void> {
  await requestJson(pathOf("/v1/jobs/{id}/schedules/{schedule}", { id, schedule: schedule.id }), {
    method: "PUT",
    body: schedule,
  });
}

/** With its runs that are under way. */
export async function removeJob(id: string): Promise<void> {
  await requestJson(`${pathOf("/v1/jobs/{id}", { id })}?stopCurrentJobRuns=true`, { method: "DELETE" });
}

export async function readJobPlan(
  definition: object,
  language: Language,
  signal: AbortSignal,
): Promise<JobPlan> {
  const { jobs } = await callEndpoint(daemonPaths.jobs, planJobs, {
    query: { language },
    body: { definitions: [{ ...definition }] },
    signal,
  });
  const [plan] = jobs;
  if (plan === undefined) throw new Error("a plan was asked for and none was answered");
  return plan;
}

export async function createJob(definition: object): Promise<void> {
  await requestJson(`${daemonPaths.jobs}/v1/jobs`, { method: "POST", body: definition });
}

/** The job and its schedule, as the definition has them. */
export async function replaceJob(id: string, definition: object): Promise<void> {
  await requestJson(pathOf("/v0/scheduled-jobs/{id}", { id }), { method: "PUT", body: definition });
}
