/**
 * The ids of deployments that a refusal names: Marathon's 409 lists `deployments: [{id}]`, our own `lockedBy:
 * [{deploymentId}]`, at the top or below `details`.
 */
import { isJsonObject, type JsonValue } from "#foundation/base/json.ts";

export function lockingDeployments(body: unknown): readonly string[] {
  if (!isJsonObject(body)) return [];
  const details = body["details"];
  return [
    ...idsOf(body["deployments"], "id"),
    ...idsOf(body["lockedBy"], "deploymentId"),
    ...(isJsonObject(details) ? idsOf(details["lockedBy"], "deploymentId") : []),
  ];
}

function idsOf(list: JsonValue | undefined, field: string): readonly string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    const id = isJsonObject(item) ? item[field] : undefined;
    return typeof id === "string" ? [id] : [];
  });
}
