/** What a source becomes here: definitions that `POST` would take, and everything that is different about them. */
import type { JsonObject, JsonValue } from "#foundation/base/json.ts";
import type { AppDefinition } from "../definitions/app.ts";
import { canonicalChange } from "../definitions/normalize.ts";
import { parseApp } from "../definitions/parse.ts";
import { parsePod } from "../definitions/parse-pod.ts";
import { shownDefinition } from "../definitions/pod.ts";
import { DefinitionInvalid, type FieldProblem, ShapeInvalid } from "../definitions/problems.ts";
import type { RoleRules } from "../definitions/roles.ts";
import { type ParsedJob, parseJob } from "../jobs/index.ts";
import {
  dataFindings,
  defaultFindings,
  effectFindings,
  nameFindings,
  parameterFindings,
  type SourceFacts,
  scheduleFindings,
  secretFindings,
} from "./behaviour.ts";
import { cleanJob } from "./clean-job.ts";
import { cleanService } from "./clean-service.ts";
import { differences } from "./differences.ts";
import type { Finding } from "./finding.ts";
import type { Source, SourceGroup, SourceJob, SourceService } from "./source.ts";

export interface MovedService {
  readonly id: string;
  readonly kind: SourceService["kind"];
  /** For `apply`. */
  readonly body: JsonObject;
  readonly definition: AppDefinition;
}

export interface MovedJob {
  readonly id: string;
  /** For `/v0/scheduled-jobs`: the job with its schedule. */
  readonly body: JsonObject;
  readonly parsed: ParsedJob;
}

export interface Migration {
  readonly services: readonly MovedService[];
  readonly groups: readonly SourceGroup[];
  /** Parents before what depends on them. */
  readonly jobs: readonly MovedJob[];
  readonly findings: readonly Finding[];
}

export interface TranslateOptions extends SourceFacts {
  /** That services run in here, unless their group has them run in its own. */
  readonly role: string;
  /** Whether a top-level group that is here has its services run in the role of its name. */
  readonly enforcesRole?: (topGroup: string) => boolean;
}

export function translate(source: Source, options: TranslateOptions): Migration {
  const findings: Finding[] = [...source.findings];
  const rules: RoleRules = {
    defaultRole: options.role,
    enforcesRole: (top) =>
      source.groups.get(top)?.enforcesRole === true || options.enforcesRole?.(top) === true,
  };
  const services = [...source.services.values()].flatMap((service) => {
    const { moved, findings: found } = moveService(service, options, rules);
    findings.push(...found);
    return moved ?? [];
  });
  const jobs = parentsFirst(
    [...source.jobs.values()].flatMap((job) => moveJob(job, findings) ?? []),
    findings,
  );
  return { services, groups: [...source.groups.values()], jobs, findings };
}

interface Moved<Thing> {
  readonly moved: Thing | undefined;
  readonly findings: readonly Finding[];
}

function moveService(
  service: SourceService,
  options: TranslateOptions,
  rules: RoleRules,
): Moved<MovedService> {
  const { id, kind } = service;
  const { body, findings: cleaned } = cleanService(service, rules);
  const about = (finding: Omit<Finding, "kind" | "id">): Finding => ({ kind: "service", id, ...finding });
  const parse = kind === "pod" ? parsePod : parseApp;
  const result = attempt(() => parse(body, rules));
  if ("problems" in result)
    return { moved: undefined, findings: result.problems.map(refusal("service", id)) };
  const definition = result.value;
  const said = kind === "pod" ? body : (canonicalChange(body as never) as unknown as JsonObject); // its shape was checked
  const kept = shownDefinition(definition) as unknown as JsonObject; // JSON by construction
  const lost = differences(said, kept, isSameMeaning).map(({ field, was, now }) =>
    about(now === undefined ? { code: "dropped", field, was } : { code: "changed", field, was, now }),
  );
  return {
    moved: { id, kind, body, definition },
    findings: [
      ...cleaned,
      ...lost,
      ...(kind === "pod" ? [] : defaultFindings(said, definition, options).map(about)),
      ...effectFindings(definition).map(about),
      ...secretFindings(definition.secrets).map(about),
      ...dataFindings(kept).map(about),
      ...nameFindings(kept).map(about),
    ],
  };
}

/** Fields that a check of another protocol has, and another spelling of the same. */
function isSameMeaning(field: string, was: JsonValue, now: JsonValue | undefined): boolean {
  if (/^\/healthChecks\(\d+\)\/(delaySeconds|ignoreHttp1xx|ipProtocol)$/.test(field))
    return now === undefined;
  if (field === "/container/type") return was === "MESOS" && now === undefined;
  if (/\/protocol$/.test(field)) return was === "tcp,udp" && now === "udp,tcp";
  if (/^\/constraints\(\d+\)\(1\)$/.test(field)) return String(was).toUpperCase() === now;
  return false;
}

function moveJob(job: SourceJob, findings: Finding[]): MovedJob | undefined {
  const { id } = job;
  const body = cleanJob(job);
  const result = attempt(() => parseJob(body));
  if ("problems" in result) {
    findings.push(...result.problems.map(refusal("job", id)));
    return undefined;
  }
  const { job: definition, schedules } = result.value;
  const { run } = definition;
  const different = [
    ...parameterFindings(run.docker?.parameters, "/run/docker"),
    ...secretFindings(run.secrets, "/run/secrets"),
    ...dataFindings(run as unknown as JsonObject, "/run"), // JSON by construction
    ...scheduleFindings(schedules),
    ...nameFindings(run, "/run"),
  ];
  findings.push(...different.map((finding): Finding => ({ kind: "job", id, ...finding })));
  return { id, body, parsed: result.value };
}

const refusal =
  (kind: "service" | "job", id: string) =>
  ({ path, errors }: FieldProblem): Finding => ({
    kind,
    id,
    code: "refused",
    field: path,
    reason: errors.join("; "),
  });

function attempt<Value>(
  work: () => Value,
): { readonly value: Value } | { readonly problems: readonly FieldProblem[] } {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof ShapeInvalid || error instanceof DefinitionInvalid)
      return { problems: error.details };
    throw error;
  }
}

/** A job whose parent can't be had can't be either: it would never be started. */
function parentsFirst(jobs: readonly MovedJob[], findings: Finding[]): readonly MovedJob[] {
  const ordered: MovedJob[] = [];
  const placed = new Set<string>();
  for (let open = jobs; open.length > 0; ) {
    const ready = open.filter(({ parsed }) => parsed.job.dependencies.every(({ id }) => placed.has(id)));
    if (ready.length === 0) {
      for (const { id, parsed } of open) {
        const missing = parsed.job.dependencies
          .map((parent) => parent.id)
          .filter((each) => !placed.has(each));
        findings.push({ kind: "job", id, code: "parentRefused", field: "/dependencies", was: missing });
      }
      break;
    }
    for (const job of ready) placed.add(job.id);
    ordered.push(...ready);
    open = open.filter(({ id }) => !placed.has(id));
  }
  return ordered;
}

/**
 * As `apply` takes them: one tree of groups with all apps, so that what depends on others waits for them, and pods. Top-level
 * groups that are new say whether they enforce their role, whatever new groups do where they come to.
 */
export function definitionsOf(
  { services, groups }: Pick<Migration, "services" | "groups">,
  isThere: (groupId: string) => boolean = () => true,
): JsonObject[] {
  const apps = services.filter(({ kind }) => kind === "app");
  const root = groupTree(groups, apps, isThere);
  const isNothing =
    apps.length === 0 && groups.every(({ id, dependencies }) => id === "/" && dependencies.length === 0);
  return [
    ...(isNothing ? [] : [root]),
    ...services.filter(({ kind }) => kind === "pod").map(({ body }) => body),
  ];
}

function groupTree(
  groups: readonly SourceGroup[],
  apps: readonly MovedService[],
  isThere: (groupId: string) => boolean,
): JsonObject {
  const terms = new Map(groups.map((group) => [group.id, group]));
  const appsOf = new Map<string, JsonObject[]>();
  const groupsOf = new Map<string, Set<string>>();
  const place = (id: string): void => {
    if (id === "/") return;
    const above = parentOf(id);
    const siblings = groupsOf.get(above);
    if (siblings?.has(id) === true) return;
    groupsOf.set(above, (siblings ?? new Set()).add(id));
    place(above);
  };
  for (const { id } of groups) place(id);
  for (const { id, body } of apps) {
    const group = parentOf(id);
    place(group);
    appsOf.set(group, [...(appsOf.get(group) ?? []), body]);
  }
  const show = (id: string): JsonObject => {
    const { dependencies = [], enforcesRole = false } = terms.get(id) ?? {};
    const isNew = id !== "/" && parentOf(id) === "/" && !isThere(id);
    return {
      id,
      apps: appsOf.get(id) ?? [],
      groups: [...(groupsOf.get(id) ?? [])].map(show),
      ...(dependencies.length === 0 ? {} : { dependencies }),
      ...(enforcesRole || isNew ? { enforceRole: enforcesRole } : {}),
    };
  };
  return show("/");
}

export const parentOf = (id: string): string => id.slice(0, Math.max(1, id.lastIndexOf("/")));

/** What somebody waits for and nothing of that name is there or comes along: a service or a group. */
export function dependencyFindings(
  { services, groups }: Pick<Migration, "services" | "groups">,
  isThere: (id: string) => boolean,
): readonly Finding[] {
  const known = new Set<string>(groups.map(({ id }) => id));
  for (const { id } of services) {
    known.add(id);
    for (let above = parentOf(id); above !== "/"; above = parentOf(above)) known.add(above);
  }
  const missing = (
    kind: "service" | "group",
    id: string,
    dependencies: readonly string[],
  ): readonly Finding[] =>
    dependencies
      .filter((path) => path !== "/" && !known.has(path) && !isThere(path))
      .map((was) => ({ kind, id, code: "dependencyMissing", field: "/dependencies", was }));
  return [
    ...services.flatMap(({ id, definition }) => missing("service", id, definition.dependencies ?? [])),
    ...groups.flatMap(({ id, dependencies }) => missing("group", id, dependencies)),
  ];
}

/** Service ports that more than one service names; `taken` are those of services here that are not replaced. */
export function portFindings(
  services: readonly MovedService[],
  taken: ReadonlyMap<number, string>,
): readonly Finding[] {
  const first = new Map(taken);
  return services.flatMap(({ id, definition }) =>
    (definition.portDefinitions ?? []).flatMap(({ port }, index): readonly Finding[] => {
      const other = port === 0 ? undefined : first.get(port);
      if (port !== 0 && other === undefined) first.set(port, id);
      if (other === undefined || other === id) return [];
      const field = `/portDefinitions(${index})/port`;
      return [{ kind: "service", id, code: "servicePortShared", field, was: port, reason: other }];
    }),
  );
}
