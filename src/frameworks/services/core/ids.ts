/** Ids of instances and tasks. Source: contract marathon.md section 9.1. */

/** `/shop/cart` and a version 1 UUID make `shop_cart.instance-<uuid>`. */
export function instanceIdOf(appId: string, uuid: string): string {
  return `${appId.slice(1).replaceAll("/", "_")}.instance-${uuid}`;
}

/** The container of an app's task; no pod has one of that name. */
export const appContainer = "_app";

export function taskIdOf(instanceId: string, incarnation: number, container = appContainer): string {
  return `${instanceId}.${container}.${incarnation}`;
}

/** Of the executor that runs the containers of a pod's instance. */
export function executorIdOf(instanceId: string): string {
  return instanceId.replace(/^(.+)\.instance-([0-9a-fA-F-]{36})$/, "instance-$1.$2");
}

export interface ParsedTaskId {
  readonly instanceId: string;
  readonly appId: string;
  /** `_app` of an app's task. */
  readonly container: string;
  readonly incarnation: number;
}

const taskIdShape =
  /^((.+)\.(?:instance|marathon)-[0-9a-fA-F-]{36})(?:\.(_app|[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)(?:\.(\d+))?)?$/;

/** Takes a task id or an instance id (incarnation 0 then); undefined for other text. */
export function parseTaskId(text: string): ParsedTaskId | undefined {
  const match = taskIdShape.exec(text);
  const instanceId = match?.[1];
  const safePath = match?.[2];
  if (instanceId === undefined || safePath === undefined) return undefined;
  return {
    instanceId,
    appId: `/${safePath.replaceAll("_", "/")}`,
    container: match?.[3] ?? appContainer,
    incarnation: Number(match?.[4] ?? 0),
  };
}

/** `/a/b` becomes `b.a`: the Mesos task name and the name in DiscoveryInfo. */
export function reversedDottedPath(appId: string): string {
  return appId.slice(1).split("/").reverse().join(".");
}

/** App ids in record keys: a path is one segment there. */
export function encodeAppId(appId: string): string {
  return appId.replaceAll("%", "%25").replaceAll("/", "%2F");
}
