/** Jobs as Metronome's API shows them, for people's tools. */
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import { type Answer, type ClusterAddresses, RequestFailed, request } from "./cluster.ts";

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
