/**
 * An app or pod without what only says how it stands where it comes from, and without what is said twice: Marathon up to 1.4
 * shows older and newer spellings side by side. Source: contract marathon.md sections 2.1 and 4.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import { pathWithin } from "../definitions/normalize.ts";
import { defaultRoleOf, type RoleRules, roleFault } from "../definitions/roles.ts";
import type { Finding } from "./finding.ts";
import type { SourceService } from "./source.ts";

/** Fields that an answer has and a definition has not. */
const shownOnly = new Set([
  ...["version", "versionInfo", "deployments", "lastTaskFailure", "readinessCheckResults"],
  ...["tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "tasksStats", "taskStats"],
]);

export interface Cleaned {
  readonly body: JsonObject;
  readonly findings: readonly Finding[];
}

type Fields = Record<string, JsonValue | undefined>;

/** `rules` say which roles services may have here. */
export function cleanService(service: SourceService, rules: RoleRules): Cleaned {
  const fields: Fields = Object.fromEntries(
    Object.entries(service.body).filter(([name]) => !shownOnly.has(name)),
  );
  fields["id"] = service.id;
  const findings: Finding[] = [];
  const tell = (finding: Omit<Finding, "kind" | "id">): void => {
    findings.push({ kind: "service", id: service.id, ...finding });
  };
  cleanRole(fields, service.id, { rules, tell });
  if (service.kind === "pod") return { body: fields, findings };
  dropOlderSpellings(fields, tell);
  cleanConstraints(fields);
  const { dependencies } = fields;
  if (Array.isArray(dependencies)) {
    fields["dependencies"] = dependencies.map((path: JsonValue) =>
      typeof path === "string" ? pathWithin(service.base, path) : path,
    );
  }
  return { body: fields, findings };
}

type Tell = (finding: Omit<Finding, "kind" | "id">) => void;

/** A service that names a role of which nobody is here gets the one that it may have, and accepts what that one is offered. */
function cleanRole(
  fields: Fields,
  id: string,
  { rules, tell }: { readonly rules: RoleRules; readonly tell: Tell },
): void {
  const given = fields["role"];
  const isKept = typeof given === "string" && roleFault(id, given, rules) === undefined;
  const role = isKept ? given : defaultRoleOf(id, rules);
  if (given !== undefined && !isKept) {
    tell({ code: "changed", field: "/role", was: given, now: role });
    delete fields["role"];
  }
  const { scheduling } = fields;
  const placement = isJsonObject(scheduling) ? scheduling["placement"] : undefined;
  if (isJsonObject(scheduling) && isJsonObject(placement)) {
    const within = { ...placement };
    cleanAcceptedRoles(within, role, { given, field: "/scheduling/placement/acceptedResourceRoles", tell });
    fields["scheduling"] = { ...scheduling, placement: within };
  }
  cleanAcceptedRoles(fields, role, { given, field: "/acceptedResourceRoles", tell });
}

function cleanAcceptedRoles(
  fields: Fields,
  role: string,
  {
    given,
    field,
    tell,
  }: { readonly given: JsonValue | undefined; readonly field: string; readonly tell: Tell },
): void {
  const accepted = fields["acceptedResourceRoles"];
  if (!Array.isArray(accepted)) return;
  const mapped = [...new Set(accepted.map((each: JsonValue) => (each === given ? role : each)))].filter(
    (each) => each === "*" || each === role,
  );
  if (mapped.length === 0) delete fields["acceptedResourceRoles"];
  else fields["acceptedResourceRoles"] = mapped;
  if (accepted.length === 0 || sameJson(accepted, mapped)) return;
  tell(
    mapped.length === 0
      ? { code: "dropped", field, was: accepted }
      : { code: "changed", field, was: accepted, now: mapped },
  );
}

/** Where both are given the newer counts; only what it does not say is lost. */
function dropOlderSpellings(fields: Fields, tell: Tell): void {
  const { uris, fetch, ports, portDefinitions } = fields;
  if (isFilled(uris) && isFilled(fetch)) {
    const known = new Set(fetch.flatMap((each) => (isJsonObject(each) ? [each["uri"]] : [])));
    const lost = uris.filter((uri) => !known.has(uri));
    if (lost.length > 0) tell({ code: "dropped", field: "/uris", was: lost });
    delete fields["uris"];
  }
  if (Array.isArray(ports) && Array.isArray(portDefinitions)) {
    const numbers = portDefinitions.map((each: JsonValue) =>
      isJsonObject(each) ? (each["port"] ?? 0) : each,
    );
    if (!sameJson(ports, numbers)) tell({ code: "dropped", field: "/ports", was: ports });
    delete fields["ports"];
  }
  const { container, networks } = fields;
  const docker = isJsonObject(container) ? container["docker"] : undefined;
  if (!isJsonObject(container) || !isJsonObject(docker)) return;
  const kept: Fields = { ...docker };
  if (isFilled(container["portMappings"])) delete kept["portMappings"];
  if (isFilled(networks)) delete kept["network"];
  fields["container"] = { ...container, docker: kept };
}

/** The old console left an empty value where an operator takes none. */
function cleanConstraints(fields: Fields): void {
  const { constraints } = fields;
  if (!Array.isArray(constraints)) return;
  fields["constraints"] = constraints.map((words: JsonValue) =>
    Array.isArray(words) && words.length === 3 && words[2] === "" && words[1] === "UNIQUE"
      ? words.slice(0, 2)
      : words,
  );
}

const isFilled = (value: JsonValue | undefined): value is readonly JsonValue[] =>
  Array.isArray(value) && value.length > 0;

export const sameJson = (one: JsonValue | undefined, other: JsonValue | undefined): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
