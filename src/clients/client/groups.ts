/** Groups of services as the Marathon v2 API shows them, for people's tools. */
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import { type Answer, type ClusterAddresses, request } from "./cluster.ts";
import { type ChangeOptions, servicePath } from "./services.ts";

export interface ServiceGroup {
  readonly id: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly enforceRole: boolean;
  /** Ids of what lies right in it. */
  readonly services: readonly string[];
  readonly groups: readonly ServiceGroup[];
}

const urlOf = (cluster: ClusterAddresses, id: string): string =>
  `${cluster.services}/v2/groups${id === "/" ? "" : id.split("/").map(encodeURIComponent).join("/")}`;

/** With all below it. */
export async function getGroup(cluster: ClusterAddresses, id: string): Promise<ServiceGroup> {
  const embed = "embed=group.groups&embed=group.apps&embed=group.pods";
  const { body } = await request(cluster, `${urlOf(cluster, servicePath(id))}?${embed}`);
  return groupOf(body as JsonObject); // JSON of ours
}

function groupOf(shown: JsonObject): ServiceGroup {
  const { id, version, dependencies, enforceRole } = shown;
  return {
    id: String(id),
    version: String(version),
    dependencies: Array.isArray(dependencies) ? dependencies.map(String) : [],
    enforceRole: enforceRole === true,
    services: [...objectsIn(shown["apps"]), ...objectsIn(shown["pods"])].map((each) => String(each["id"])),
    groups: objectsIn(shown["groups"]).map(groupOf),
  };
}

const objectsIn = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

/** Multiplies how many instances every service in it wants. */
export const scaleGroup = (
  cluster: ClusterAddresses,
  id: string,
  scaleBy: number,
  { force = false }: ChangeOptions = {},
): Promise<Answer> =>
  request(cluster, `${urlOf(cluster, servicePath(id))}?force=${force}`, { method: "PUT", body: { scaleBy } });

/** With all services in it. */
export const removeGroup = (
  cluster: ClusterAddresses,
  id: string,
  { force = false }: ChangeOptions = {},
): Promise<Answer> =>
  request(cluster, `${urlOf(cluster, servicePath(id))}?force=${force}`, { method: "DELETE" });
