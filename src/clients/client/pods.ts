/** Pods as the Marathon v2 API shows them, in the words of apps: a service is either. */
import type { JsonObject } from "#foundation/base/json.ts";
import { type Answer, type ClusterAddresses, RequestFailed, request } from "./cluster.ts";
import type { AppInfo, AppTask } from "./services.ts";

interface Amounts {
  readonly cpus: number;
  readonly mem: number;
}

interface PodSpec {
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly scaling: { readonly instances: number };
  readonly executorResources: Amounts;
  readonly containers: readonly {
    readonly name: string;
    readonly resources: Amounts;
    readonly endpoints?: readonly { readonly name: string; readonly hostPort?: number }[];
    readonly healthCheck?: unknown;
  }[];
}

interface PodInstance {
  readonly id: string;
  readonly status: "PENDING" | "STAGING" | "STABLE" | "DEGRADED" | "TERMINAL";
  readonly agentHostname?: string;
  readonly agentId?: string;
  readonly specReference: string;
  readonly containers: readonly {
    readonly containerId: string;
    readonly status: string;
    readonly statusSince: string;
    readonly endpoints: readonly { readonly allocatedHostPort?: number; readonly healthy?: boolean }[];
    readonly conditions: readonly { readonly value: string; readonly reason: string }[];
  }[];
}

interface PodStatus {
  readonly id: string;
  readonly spec: PodSpec;
  readonly instances: readonly PodInstance[];
}

const urlOf = (cluster: ClusterAddresses, id: string): string =>
  `${cluster.services}/v2/pods/${id.replace(/^\/+/, "").split("/").map(encodeURIComponent).join("/")}`;

export const isPodDefinition = (definition: JsonObject): boolean => definition["containers"] !== undefined;

export const createPod = (
  cluster: ClusterAddresses,
  definition: JsonObject,
  { force = false }: { readonly force?: boolean } = {},
): Promise<Answer> =>
  request(cluster, `${cluster.services}/v2/pods?force=${force}`, { method: "POST", body: definition });

/** As it is written now; changed fields go back with all others. */
export const getPodDefinition = async (cluster: ClusterAddresses, id: string): Promise<JsonObject> =>
  (await request(cluster, urlOf(cluster, id))).body as JsonObject;

/** Undefined when there is no pod of that name. */
export async function findPod(cluster: ClusterAddresses, id: string): Promise<AppInfo | undefined> {
  try {
    return appOf((await request(cluster, `${urlOf(cluster, id)}::status`)).body as PodStatus);
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) return undefined;
    throw error;
  }
}

function appOf({ id, spec, instances }: PodStatus): AppInfo {
  const parts = [spec.executorResources, ...spec.containers.map(({ resources }) => resources)];
  const sum = (pick: (part: Amounts) => number): number =>
    Math.round(parts.reduce((total, part) => total + pick(part), 0) * 1_000) / 1_000;
  const count = (isMeant: (instance: PodInstance) => boolean): number => instances.filter(isMeant).length;
  const health = (value: string): number =>
    count(({ status, containers }) => {
      const known = containers.flatMap(({ conditions }) => conditions);
      const isBad = known.some((condition) => condition.value === "false");
      return isRunning(status) && known.length > 0 && isBad === (value === "false");
    });
  return {
    id,
    instances: spec.scaling.instances,
    cpus: sum(({ cpus }) => cpus),
    mem: sum(({ mem }) => mem),
    version: spec.version,
    labels: spec.labels,
    tasksStaged: count(({ status }) => status === "PENDING" || status === "STAGING"),
    tasksRunning: count(({ status }) => isRunning(status)),
    tasksHealthy: health("true"),
    tasksUnhealthy: health("false"),
    healthChecks: spec.containers.flatMap(({ healthCheck }) => healthCheck ?? []),
    portDefinitions: spec.containers.flatMap(({ endpoints = [] }) => endpoints),
    containers: spec.containers.map(({ name }) => name),
    tasks: instances.flatMap((instance) => tasksOf(id, instance)),
  };
}

const isRunning = (status: PodInstance["status"]): boolean => status === "STABLE" || status === "DEGRADED";

const tasksOf = (
  appId: string,
  { agentHostname = "", agentId, containers, specReference }: PodInstance,
): AppTask[] =>
  containers.map(({ containerId, status, statusSince, endpoints }) => ({
    id: containerId,
    appId,
    host: agentHostname,
    ...(agentId === undefined ? {} : { slaveId: agentId }),
    state: status,
    ports: endpoints.flatMap(({ allocatedHostPort }) => allocatedHostPort ?? []),
    ...(status === "TASK_RUNNING" ? { startedAt: statusSince } : {}),
    version: specReference.replace(/^.*::versions\//, ""),
  }));
