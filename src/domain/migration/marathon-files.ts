/**
 * Services and jobs as a Marathon and a Metronome would take them: without fields of ours, without what only says how they
 * stand here, and without the role of the framework here, which goes by another name there. Source: contract marathon.md section 2.3, metronome.md section 3.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import { cleanJob } from "./clean-job.ts";
import { cleanService } from "./clean-service.ts";

/** Of an answer of `/v2/groups` the tree as `PUT /v2/groups` takes it; pods stand in it as `/v2/groups` shows them. */
export function marathonGroups(group: JsonObject, role: string): JsonObject {
  const { id = "/", apps, pods, groups, dependencies, enforceRole } = group;
  return {
    id,
    apps: objectsIn(apps).map((app) => marathonService("app", app, role)),
    pods: objectsIn(pods).flatMap(({ spec }) =>
      isJsonObject(spec) ? [{ id: spec["id"], spec: marathonService("pod", spec, role) }] : [],
    ),
    groups: objectsIn(groups).map((below) => marathonGroups(below, role)),
    dependencies: dependencies ?? [],
    ...(enforceRole === true ? { enforceRole } : {}),
  };
}

/** Of an answer of `/v1/jobs`. */
export const marathonJobs = (jobs: readonly JsonObject[]): readonly JsonObject[] =>
  jobs.map((body) => cleanJob({ id: "", body }));

function marathonService(kind: "app" | "pod", body: JsonObject, role: string): JsonObject {
  const id = String(body["id"]);
  const given = typeof body["role"] === "string" ? body["role"] : role;
  const rules = { defaultRole: role, roleNow: () => given };
  const { role: _role, ...rest } = cleanService({ id, kind, body, base: "/" }, rules).body;
  const kept = given === role ? rest : { ...rest, role: given };
  const { scheduling, upgradeStrategy } = kept;
  return {
    ...kept,
    ...(isJsonObject(upgradeStrategy) ? { upgradeStrategy: withoutOurs(upgradeStrategy) } : {}),
    ...(isJsonObject(scheduling) && isJsonObject(scheduling["upgrade"])
      ? { scheduling: { ...scheduling, upgrade: withoutOurs(scheduling["upgrade"]) } }
      : {}),
  };
}

function withoutOurs({ labelsInPlace: _labelsInPlace, ...strategy }: JsonObject): JsonObject {
  return strategy;
}

/** Services that say something which only we know: a Marathon would do it otherwise. */
export function ownFieldsIn(group: JsonObject): readonly string[] {
  const ofService = (service: JsonObject): readonly string[] => {
    const { id, upgradeStrategy, scheduling } = service;
    const upgrade = isJsonObject(scheduling) ? scheduling["upgrade"] : upgradeStrategy;
    return isJsonObject(upgrade) && upgrade["labelsInPlace"] === true ? [String(id)] : [];
  };
  return [
    ...objectsIn(group["apps"]).flatMap(ofService),
    ...objectsIn(group["pods"]).flatMap(({ spec }) => (isJsonObject(spec) ? ofService(spec) : [])),
    ...objectsIn(group["groups"]).flatMap(ownFieldsIn),
  ];
}

const objectsIn = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];
