/** Ids of instances and tasks. Source: contract marathon.md section 9.1. */

/** `/shop/cart` and a uuid make `shop_cart.instance-<uuid>`. */
export function instanceIdOf(appId: string, uuid: string): string {
  return `${appId.slice(1).replaceAll("/", "_")}.instance-${uuid}`;
}

export function taskIdOf(instanceId: string, incarnation: number): string {
  return `${instanceId}._app.${incarnation}`;
}

export interface ParsedTaskId {
  readonly instanceId: string;
  readonly appId: string;
  readonly incarnation: number;
}

const taskIdShape = /^((.+)\.(?:instance|marathon)-[0-9a-fA-F-]{36})(?:\._app(?:\.(\d+))?)?$/;

/** Takes a task id or an instance id (incarnation 0 then); undefined for other text. */
export function parseTaskId(text: string): ParsedTaskId | undefined {
  const match = taskIdShape.exec(text);
  const instanceId = match?.[1];
  const safePath = match?.[2];
  if (instanceId === undefined || safePath === undefined) return undefined;
  return { instanceId, appId: `/${safePath.replaceAll("_", "/")}`, incarnation: Number(match?.[3] ?? 0) };
}

/** `/a/b` becomes `b.a`: the Mesos task name and the name in DiscoveryInfo. */
export function reversedDottedPath(appId: string): string {
  return appId.slice(1).split("/").reverse().join(".");
}

/** App ids in record keys: a path is one segment there. */
export function encodeAppId(appId: string): string {
  return appId.replaceAll("%", "%25").replaceAll("/", "%2F");
}
