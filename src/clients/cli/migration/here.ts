/** What of the cluster an import has to know: its role, what is there already, and which service ports are given. */
import { request } from "#clients/client/cluster.ts";
import { listJobs } from "#clients/client/jobs.ts";
import { type MovedJob, readSource, translate } from "#domain/migration/index.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { Context } from "../context.ts";

export interface Here {
  /** That services run in. */
  readonly role: string;
  /** Ids of services and groups. */
  readonly paths: ReadonlySet<string>;
  /** Ids of services by their service ports. */
  readonly ports: ReadonlyMap<number, string>;
  readonly jobs: ReadonlyMap<string, MovedJob>;
}

export async function readHere(context: Context): Promise<Here> {
  const { cluster } = context;
  const get = async (path: string): Promise<JsonValue> =>
    (await request(cluster, `${cluster.services}${path}`)).body as JsonValue; // JSON of ours
  const [info, apps, pods, groups, jobs] = await Promise.all([
    get("/v2/info"),
    get("/v2/apps?keelson.fields=id,portDefinitions.port"),
    get("/v2/pods?keelson.fields=id"),
    get("/v2/groups?embed=group.groups"),
    listJobs(cluster),
  ]);
  const services = [...objectsIn(field(apps, "apps")), ...objectsIn(pods)];
  const role = roleOf(info);
  return {
    role,
    paths: new Set([...services.map(idOf), ...groupIds(groups)]),
    ports: new Map(
      services.flatMap((service) =>
        objectsIn(service["portDefinitions"]).flatMap(({ port }) =>
          typeof port === "number" && port !== 0 ? [[port, idOf(service)] as const] : [],
        ),
      ),
    ),
    jobs: new Map(
      translate(readSource([{ name: "jobs", content: jobs }]), { role }).jobs.map((job) => [job.id, job]),
    ),
  };
}

export function roleOf(info: JsonValue | undefined): string {
  const role = field(field(info, "marathon_config"), "mesos_role");
  return typeof role === "string" ? role : "*";
}

const idOf = ({ id }: JsonObject): string => String(id);

const field = (value: JsonValue | undefined, name: string): JsonValue | undefined =>
  isJsonObject(value) ? value[name] : undefined;

const objectsIn = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

function groupIds(group: JsonValue): readonly string[] {
  if (!isJsonObject(group)) return [];
  return [idOf(group), ...objectsIn(group["groups"]).flatMap(groupIds)];
}
