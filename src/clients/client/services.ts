/** Services as the Marathon v2 API shows them, for people's tools. */
import type { JsonObject } from "#foundation/base/json.ts";
import { type Answer, type ClusterAddresses, RequestFailed, request } from "./cluster.ts";
import { findPod } from "./pods.ts";

export interface AppTask {
  readonly id: string;
  readonly appId: string;
  readonly host: string;
  readonly slaveId?: string;
  readonly state: string;
  readonly ports: readonly number[];
  readonly startedAt?: string;
  readonly stagedAt?: string;
  readonly version?: string;
  readonly healthCheckResults?: readonly { readonly alive: boolean }[];
}

export interface TaskFailure {
  readonly host: string;
  readonly message: string;
  readonly state: string;
  readonly taskId: string;
  readonly timestamp: string;
}

/** The definition with what runs of it; of a pod the same in an app's words. */
export interface AppInfo {
  readonly id: string;
  readonly cmd?: string;
  readonly instances: number;
  readonly cpus: number;
  readonly mem: number;
  readonly version: string;
  readonly tasksStaged: number;
  readonly tasksRunning: number;
  readonly tasksHealthy: number;
  readonly tasksUnhealthy: number;
  readonly healthChecks?: readonly unknown[];
  readonly portDefinitions?: readonly { readonly name?: string; readonly port?: number }[];
  readonly deployments?: readonly { readonly id: string }[];
  readonly tasks?: readonly AppTask[];
  readonly lastTaskFailure?: TaskFailure;
  readonly labels?: Readonly<Record<string, string>>;
  /** Names of a pod's containers; absent for an app. */
  readonly containers?: readonly string[];
}

/** `shop/cart` and `/shop/cart` name the same service. */
export const servicePath = (name: string): string => `/${name.replace(/^\/+|\/+$/g, "")}`;

const urlOf = (cluster: ClusterAddresses, id: string): string =>
  `${cluster.services}/v2/apps/${servicePath(id).slice(1).split("/").map(encodeURIComponent).join("/")}`;

/** An app, or the pod of that name. */
export async function getApp(cluster: ClusterAddresses, id: string): Promise<AppInfo> {
  try {
    return ((await request(cluster, urlOf(cluster, id))).body as { readonly app: AppInfo }).app;
  } catch (error) {
    const isUnknown = error instanceof RequestFailed && error.status === 404;
    const pod = isUnknown ? await findPod(cluster, servicePath(id)) : undefined;
    if (pod === undefined) throw error;
    return pod;
  }
}

export interface ChangeOptions {
  /** Gives up deployments that hold what is to be changed. */
  readonly force?: boolean;
}

export const createApp = (
  cluster: ClusterAddresses,
  definition: JsonObject,
  options: ChangeOptions = {},
): Promise<Answer> =>
  request(cluster, `${cluster.services}/v2/apps${query(options)}`, { method: "POST", body: definition });

const query = ({ force }: ChangeOptions): string => (force === true ? "?force=true" : "");

/** Changes the given fields and keeps the others. */
export const updateApp = (
  cluster: ClusterAddresses,
  id: string,
  change: JsonObject,
  options: ChangeOptions = {},
): Promise<Answer> =>
  request(cluster, urlOf(cluster, id) + query(options), { method: "PATCH", body: change });

/** Creates it, or replaces the whole definition. */
export const replaceApp = (
  cluster: ClusterAddresses,
  id: string,
  definition: JsonObject,
  options: ChangeOptions = {},
): Promise<Answer> =>
  request(
    cluster,
    `${urlOf(cluster, id)}?partialUpdate=false${options.force === true ? "&force=true" : ""}`,
    {
      method: "PUT",
      body: definition,
    },
  );

export const restartApp = (
  cluster: ClusterAddresses,
  id: string,
  options: ChangeOptions = {},
): Promise<Answer> => request(cluster, `${urlOf(cluster, id)}/restart${query(options)}`, { method: "POST" });

export const removeApp = (
  cluster: ClusterAddresses,
  id: string,
  { force = false }: ChangeOptions = {},
): Promise<Answer> =>
  // Unsaid, the original removes by force.
  request(cluster, `${urlOf(cluster, id)}?force=${force}`, { method: "DELETE" });

/** Takes a deployment back; with `force` it is only stopped, and what it did so far stays. */
export const cancelDeployment = (
  cluster: ClusterAddresses,
  id: string,
  options: ChangeOptions = {},
): Promise<Answer> =>
  request(cluster, `${cluster.services}/v2/deployments/${encodeURIComponent(id)}${query(options)}`, {
    method: "DELETE",
  });

/** Ends tasks; with `scale` their services want as many fewer. */
export const killTasks = (
  cluster: ClusterAddresses,
  ids: readonly string[],
  { scale, force = false }: ChangeOptions & { readonly scale: boolean },
): Promise<Answer> =>
  request(cluster, `${cluster.services}/v2/tasks/delete?scale=${scale}&force=${force}`, {
    method: "POST",
    body: { ids },
  });

/** Gives instances up with all that is reserved for them, waiting ones too; answered once they are gone. */
export const wipeInstances = (cluster: ClusterAddresses, ids: readonly string[]): Promise<Answer> =>
  request(cluster, `${cluster.services}/v2/tasks/delete?wipe=true`, { method: "POST", body: { ids } });

/** What waits since its last instances failed is tried again now. */
export const resetDelay = (cluster: ClusterAddresses, id: string): Promise<Answer> =>
  request(
    cluster,
    `${cluster.services}/v2/queue${servicePath(id).split("/").map(encodeURIComponent).join("/")}/delay`,
    { method: "DELETE" },
  );

/** The deployment an answer started, if it started one. */
export function deploymentOf({ headers, body }: Answer): string | undefined {
  const named = headers.get("marathon-deployment-id");
  if (named !== null) return named;
  return typeof body === "object" && body !== null && "deploymentId" in body
    ? String(body.deploymentId)
    : undefined;
}
