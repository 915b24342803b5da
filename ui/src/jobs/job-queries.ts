/** What the pages of jobs read. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { ReplyOf } from "#contracts/endpoint.ts";
import {
  explainJob,
  type JobItem,
  type JobRunItem,
  listJobRuns,
  listJobs,
} from "#contracts/jobs/own-endpoints.ts";
import type { ShownJob } from "#domain/jobs/job-wire.ts";
import { keys } from "../data/keys.ts";
import type { ListSearch } from "../data/list-query.ts";
import { callEndpoint, daemonPaths, fillPath, RequestFailed, requestJson } from "../data/request.ts";
import { type ServerList, useServerList } from "../data/server-list.ts";
import { useLanguage } from "../i18n/language-provider.tsx";

const jobs = daemonPaths.jobs;
/** Runs of one job that its page shows. */
const runsShown = 200;

export function useJobList(search: ListSearch): ServerList<JobItem> {
  const { language } = useLanguage();
  return useServerList({
    queryKey: keys.jobs({ ...search, also: { language } }),
    read: (window, signal) =>
      callEndpoint(jobs, listJobs, { query: { ...search, ...window, language }, signal }),
  });
}

/** Null: there is none of that name. */
export function useJob(id: string): UseQueryResult<JobItem | null> {
  const { language } = useLanguage();
  return useQuery({
    queryKey: [...keys.job(id, "item"), language],
    queryFn: async ({ signal }) => {
      const { items } = await callEndpoint(jobs, listJobs, {
        query: { filter: `id:${JSON.stringify(id)}`, limit: 1_000, language },
        signal,
      });
      return items.find((job) => job.id === id) ?? null;
    },
  });
}

/** As it is wished. Null: there is none of that name. */
export function useJobDefinition(id: string): UseQueryResult<ShownJob | null> {
  return useQuery({
    queryKey: keys.job(id, "definition"),
    queryFn: async ({ signal }) => {
      try {
        // The daemon is of the same release as this page.
        return (await requestJson(`${jobs}${fillPath("/v1/jobs/{id}", { id })}`, { signal })) as ShownJob;
      } catch (error) {
        if (error instanceof RequestFailed && error.status === 404) return null;
        throw error;
      }
    },
  });
}

export function useJobRuns(id: string): UseQueryResult<{ items: readonly JobRunItem[]; total: number }> {
  const { language } = useLanguage();
  return useQuery({
    queryKey: [...keys.job(id, "runs"), language],
    queryFn: ({ signal }) =>
      callEndpoint(jobs, listJobRuns, {
        query: { job: id, ended: true, limit: runsShown, language },
        signal,
      }),
  });
}

export function useJobWhy(id: string): UseQueryResult<ReplyOf<typeof explainJob>> {
  const { language } = useLanguage();
  return useQuery({
    queryKey: [...keys.job(id, "why"), language],
    queryFn: ({ signal }) => callEndpoint(jobs, explainJob, { query: { name: id, language }, signal }),
  });
}
