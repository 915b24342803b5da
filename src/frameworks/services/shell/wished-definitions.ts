/** From definitions as a client sent them to what it wishes: judged as `POST` and `PUT` judge them, groups flattened. */
import {
  type AppDefinition,
  absolutePath,
  DefinitionInvalid,
  type FieldProblem,
  type GroupTree,
  isGroupBody,
  isPodBody,
  parseApp,
  parseGroup,
  parsePod,
  type RoleRules,
  ShapeInvalid,
} from "#domain/definitions/index.ts";
import type { AppUpsert, WishedChange } from "../core/index.ts";

export interface ChangeSetBody {
  readonly definitions: readonly Readonly<Record<string, unknown>>[];
  readonly pruneGroup?: string | undefined;
  readonly removals?: readonly string[] | undefined;
  readonly restarts?: readonly string[] | undefined;
  readonly instances?: Readonly<Record<string, number>> | undefined;
}

interface Gathered {
  readonly upserts: Map<string, AppUpsert>;
  readonly keepsInstances: Set<string>;
  readonly groups: { id: string; dependencies?: readonly string[]; enforceRole?: boolean }[];
  readonly problems: FieldProblem[];
}

/** Throws DefinitionInvalid with the problems of all definitions, each with its place in the list. */
export function wishOf(body: ChangeSetBody, options: RoleRules): WishedChange {
  const gathered: Gathered = { upserts: new Map(), keepsInstances: new Set(), groups: [], problems: [] };
  const rules = withRolesIn(body.definitions, options);
  for (const [index, definition] of body.definitions.entries()) {
    try {
      if (isGroupBody(definition)) addGroup(gathered, definition, index, rules);
      else {
        const parsed = isPodBody(definition) ? parsePod(definition, rules) : parseApp(definition, rules);
        addService(gathered, parsed, definition, index);
      }
    } catch (error) {
      if (!(error instanceof ShapeInvalid || error instanceof DefinitionInvalid)) throw error;
      for (const problem of error.details) {
        gathered.problems.push({ ...problem, path: `/definitions/${index}${slashed(problem.path)}` });
      }
    }
  }
  if (gathered.problems.length > 0) throw new DefinitionInvalid(gathered.problems);
  return {
    upserts: [...gathered.upserts.values()],
    keepsInstances: gathered.keepsInstances,
    groups: gathered.groups,
    removals: (body.removals ?? []).map((id) => absolutePath(id)),
    restarts: (body.restarts ?? []).map((id) => absolutePath(id)),
    instances: new Map(
      Object.entries(body.instances ?? {}).map(([id, instances]) => [absolutePath(id), instances]),
    ),
    ...(body.pruneGroup === undefined ? {} : { pruneGroup: absolutePath(body.pruneGroup) }),
  };
}

/** Groups of the list, or right below the root in it, that say whether they enforce their role say it for all services of the list. */
function withRolesIn(definitions: ChangeSetBody["definitions"], options: RoleRules): RoleRules {
  const said = new Map<string, boolean>();
  const hear = (group: unknown): void => {
    if (typeof group !== "object" || group === null || !("id" in group) || typeof group.id !== "string")
      return;
    const id = absolutePath(group.id);
    if ("enforceRole" in group && typeof group.enforceRole === "boolean") said.set(id, group.enforceRole);
    if (id === "/") listIn(group, "groups").forEach(hear);
  };
  definitions.forEach(hear);
  if (said.size === 0) return options;
  return { ...options, enforcesRole: (top) => said.get(top) ?? options.enforcesRole?.(top) ?? false };
}

const slashed = (path: string): string => (path === "/" ? "" : path.startsWith("/") ? path : `/${path}`);

function addService(gathered: Gathered, definition: AppDefinition, given: unknown, index: number): void {
  if (gathered.upserts.has(definition.id)) {
    gathered.problems.push({
      path: `/definitions/${index}/id`,
      errors: [`${definition.id} is defined more than once`],
    });
  }
  gathered.upserts.set(definition.id, { definition, expect: "any" });
  if (!isNumberGiven(given)) gathered.keepsInstances.add(definition.id);
}

function isNumberGiven(given: unknown): boolean {
  if (typeof given !== "object" || given === null) return false;
  const scaling: unknown = "scaling" in given ? given.scaling : given;
  return (
    typeof scaling === "object" && scaling !== null && "instances" in scaling && scaling.instances !== null
  );
}

function addGroup(
  gathered: Gathered,
  given: Readonly<Record<string, unknown>>,
  index: number,
  options: RoleRules,
): void {
  const request = parseGroup(given, "/", options);
  if (request.kind !== "define") {
    gathered.problems.push({
      path: `/definitions/${index}`,
      errors: ["a group here says what it shall be; scaleBy and version are for /v2/groups"],
    });
    return;
  }
  addLevel(gathered, request.tree, given, index);
}

/** The tree as it was judged, beside what was given: both have the same order. */
function addLevel(gathered: Gathered, tree: GroupTree, given: unknown, index: number): void {
  gathered.groups.push({
    id: tree.id,
    ...(tree.dependencies === undefined ? {} : { dependencies: tree.dependencies }),
    ...(tree.enforceRole === undefined ? {} : { enforceRole: tree.enforceRole }),
  });
  for (const [at, app] of (tree.apps ?? []).entries())
    addService(gathered, app, listIn(given, "apps")[at], index);
  for (const [at, group] of (tree.groups ?? []).entries()) {
    addLevel(gathered, group, listIn(given, "groups")[at], index);
  }
}

function listIn(given: unknown, name: "apps" | "groups"): readonly unknown[] {
  if (typeof given !== "object" || given === null) return [];
  const list: unknown = Reflect.get(given, name);
  return Array.isArray(list) ? list : [];
}
