/** What the console changes through Marathon's own API. Source: Marathon v2 API, `/v2/apps`, `/v2/deployments`. */
import { daemonPaths, queryText, requestJson } from "./request.ts";

const base = `${daemonPaths.services}/v2`;

/** An id in a path: without its first slash, each part encoded. */
export const idPath = (id: string): string =>
  id.replace(/^\//, "").split("/").map(encodeURIComponent).join("/");

interface Force {
  readonly force: boolean;
}

/** 0 instances stop a service; its definition stays. */
export async function scaleService(id: string, instances: number, { force }: Force): Promise<void> {
  await requestJson(`${base}/apps/${idPath(id)}${queryText({ force: force || undefined })}`, {
    method: "PUT",
    body: { instances },
  });
}

export async function restartService(id: string, { force }: Force): Promise<void> {
  await requestJson(`${base}/apps/${idPath(id)}/restart${queryText({ force: force || undefined })}`, {
    method: "POST",
    body: {},
  });
}

export async function deleteService(id: string, { force }: Force): Promise<void> {
  await requestJson(`${base}/apps/${idPath(id)}${queryText({ force: force || undefined })}`, {
    method: "DELETE",
  });
}

/** Ends a deployment and leaves things as they are at that moment. */
export async function cancelDeployment(id: string): Promise<void> {
  await requestJson(`${base}/deployments/${encodeURIComponent(id)}?force=true`, { method: "DELETE" });
}

/** Ends a deployment and starts one back to what was before it. */
export async function revertDeployment(id: string): Promise<void> {
  await requestJson(`${base}/deployments/${encodeURIComponent(id)}`, { method: "DELETE" });
}
