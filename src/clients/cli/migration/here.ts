/** What of the cluster an import has to know: its role, what is there already, and which service ports are given. */
import { request } from "#clients/client/cluster.ts";
import { listJobs } from "#clients/client/jobs.ts";
import { Secrets } from "#clients/client/secrets.ts";
import { type MovedJob, readSource, type Standing, translate } from "#domain/migration/index.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import type { Context } from "../context.ts";

export interface Here extends Standing {
  /** That services run in. */
  readonly role: string;
  /** Ids of services by their service ports. */
  readonly ports: ReadonlyMap<number, string>;
  readonly jobs: ReadonlyMap<string, MovedJob>;
  /** Top-level groups whose services run in the role of their name. */
  readonly enforcing: ReadonlySet<string>;
  /** Paths of kept secrets, as far as the caller may see them. */
  readonly secrets: ReadonlySet<string>;
}

export async function readHere(context: Context): Promise<Here> {
  const { cluster } = context;
  const get = async (path: string): Promise<JsonValue> =>
    (await request(cluster, `${cluster.services}${path}`)).body as JsonValue; // JSON of ours
  const [info, apps, pods, groups, jobs, secrets] = await Promise.all([
    get("/v2/info"),
    get("/v2/apps?keelson.fields=id,portDefinitions.port"),
    get("/v2/pods?keelson.fields=id"),
    get("/v2/groups?embed=group.groups"),
    listJobs(cluster),
    // Who may not look is told of every secret.
    new Secrets(context.connection).list().catch((): readonly string[] => []),
  ]);
  const shownApps = objectsIn(field(apps, "apps"));
  const role = roleOf(info);
  return {
    role,
    apps: new Set(shownApps.map(idOf)),
    pods: new Set(objectsIn(pods).map(idOf)),
    groups: new Set(groupIds(groups)),
    secrets: new Set(secrets.map(secretKey)),
    enforcing: new Set(
      objectsIn(field(groups, "groups")).flatMap((group) =>
        group["enforceRole"] === true ? [idOf(group)] : [],
      ),
    ),
    ports: new Map(
      shownApps.flatMap((service) =>
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

export const isHere = ({ apps, pods, groups }: Standing, id: string): boolean =>
  apps.has(id) || pods.has(id) || groups.has(id);

/** Definitions write paths of secrets with and without the first stroke. */
export const secretKey = (path: string): string => path.replace(/^\/+/, "");

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
