/**
 * From a group's body to its canonical form. Every problem is told at once, with the way to it from the outermost group.
 * Source: contract marathon.md sections 2.3 and 8.
 */
import { GroupUpdateInput } from "#contracts/services/group.ts";
import type { AppDefinition } from "./app.ts";
import type { GroupTree } from "./group.ts";
import { type NormalizeOptions, pathWithin } from "./normalize.ts";
import { instantOf, parseApp, withoutNulls } from "./parse.ts";
import { DefinitionInvalid, ProblemList, ShapeInvalid } from "./problems.ts";
import { shapeProblems } from "./shape.ts";
import { validatePath } from "./validate.ts";

/** What a PUT or POST of a group asks for; `groupId` is absolute. */
export type GroupRequest = { readonly groupId: string } & (
  | { readonly kind: "define"; readonly tree: GroupTree }
  | { readonly kind: "scale"; readonly factor: number }
  /** ISO 8601, UTC */
  | { readonly kind: "restore"; readonly version: string }
);

/** Groups inside one another; ids can't be longer than this anyhow. */
const depthMax = 100;

interface Problems {
  readonly shape: ProblemList;
  readonly sense: ProblemList;
}

/** `base` is the path that the body was sent to; an id in the body starts from there. Throws what `problems.ts` lists. */
export function parseGroup(given: unknown, base: string, options: NormalizeOptions): GroupRequest {
  const body = withoutNulls(given);
  const problems: Problems = { shape: new ProblemList(), sense: new ProblemList() };
  checkLevel(body, "", { problems, depth: 0 });
  if (!problems.shape.isEmpty) throw new ShapeInvalid(problems.shape.toDetails());
  const update = body as GroupUpdateInput; // its shape was checked
  const groupId = update.id === undefined ? base : pathWithin(base, update.id);
  validatePath(groupId, problems.sense);
  const selected = selectedState(update);
  if (selected !== undefined) return { groupId, ...selected };
  const tree = treeOf(update, groupId, {
    where: "",
    options: withRolesOf(update, groupId, options),
    problems,
  });
  if (!problems.shape.isEmpty) throw new ShapeInvalid(problems.shape.toDetails());
  if (!problems.sense.isEmpty) throw new DefinitionInvalid(problems.sense.toDetails());
  return { groupId, kind: "define", tree };
}

/** The shape of a group and of those in it, without its apps. */
function checkLevel(
  body: unknown,
  where: string,
  { problems, depth }: { readonly problems: Problems; readonly depth: number },
): void {
  if (depth > depthMax) {
    problems.shape.add(where, `groups lie at most ${depthMax} deep`);
    return;
  }
  const found = shapeProblems(GroupUpdateInput, body);
  for (const { path, errors } of found)
    for (const error of errors) problems.shape.add(under(where, path), error);
  if (found.length > 0) return;
  const { groups = [] } = body as GroupUpdateInput; // its shape was checked
  for (const [index, group] of groups.entries()) {
    const inside = `${where}/groups(${index})`;
    if (!("id" in group)) problems.shape.add(`${inside}/id`, "error.path.missing");
    checkLevel(group, inside, { problems, depth: depth + 1 });
  }
}

/** `version` and `scaleBy` are each all that a body says. */
function selectedState(
  update: GroupUpdateInput,
):
  | { readonly kind: "scale"; readonly factor: number }
  | { readonly kind: "restore"; readonly version: string }
  | undefined {
  const { version, scaleBy } = update;
  for (const name of ["version", "scaleBy"] as const) {
    if (update[name] === undefined || Object.keys(update).length === 1) continue;
    throw new DefinitionInvalid([
      { path: `/${name}`, errors: ["not allowed in conjunction with other properties."] },
    ]);
  }
  if (scaleBy !== undefined) return { kind: "scale", factor: scaleBy };
  return version === undefined ? undefined : { kind: "restore", version: instantOf(version) };
}

/** What the body itself says of the roles of top-level groups counts before what is so now. */
function withRolesOf(update: GroupUpdateInput, groupId: string, options: NormalizeOptions): NormalizeOptions {
  const said = new Map<string, boolean>();
  const tops =
    groupId === "/"
      ? (update.groups ?? []).map(
          (group) => [pathWithin("/", String(group["id"])), group["enforceRole"]] as const,
        )
      : [[groupId, update.enforceRole] as const];
  for (const [id, enforceRole] of tops) if (typeof enforceRole === "boolean") said.set(id, enforceRole);
  if (said.size === 0) return options;
  return { ...options, enforcesRole: (top) => said.get(top) ?? options.enforcesRole?.(top) ?? false };
}

interface Place {
  /** Way to the group in the body; empty for the outermost. */
  readonly where: string;
  readonly options: NormalizeOptions;
  readonly problems: Problems;
}

function treeOf(update: GroupUpdateInput, id: string, { where, options, problems }: Place): GroupTree {
  const { dependencies, enforceRole } = update;
  const apps = update.apps?.flatMap(
    (app, index) => appOf(app, id, { where: `${where}/apps(${index})`, options, problems }) ?? [],
  );
  const groups = update.groups?.map((group, index) => {
    const inside = `${where}/groups(${index})`;
    const groupId = pathWithin(id, String(group["id"]));
    if (!isDirectlyIn(groupId, id)) problems.sense.add(`${inside}/id`, notChild(id));
    return treeOf(group as GroupUpdateInput, groupId, { where: inside, options, problems });
  });
  tellDoubles(apps ?? [], `${where}/apps`, problems);
  tellDoubles(groups ?? [], `${where}/groups`, problems);
  return {
    id,
    ...(apps === undefined ? {} : { apps }),
    ...(groups === undefined ? {} : { groups }),
    ...(dependencies === undefined
      ? {}
      : { dependencies: [...new Set(dependencies.map((path) => pathWithin(id, path)))] }),
    ...(enforceRole === undefined ? {} : { enforceRole }),
  };
}

function appOf(
  body: unknown,
  groupId: string,
  { where, options, problems }: Place,
): AppDefinition | undefined {
  try {
    const app = parseApp(body, { ...options, base: groupId });
    if (!isDirectlyIn(app.id, groupId)) problems.sense.add(`${where}/id`, notChild(groupId));
    return app;
  } catch (error) {
    if (!(error instanceof ShapeInvalid || error instanceof DefinitionInvalid)) throw error;
    const list = error instanceof ShapeInvalid ? problems.shape : problems.sense;
    for (const { path, errors } of error.details)
      for (const text of errors) list.add(under(where, path), text);
    return undefined;
  }
}

function tellDoubles(things: readonly { readonly id: string }[], where: string, { sense }: Problems): void {
  const seen = new Set<string>();
  for (const { id } of things) {
    if (seen.has(id)) sense.add(where, `${id} is listed twice`);
    seen.add(id);
  }
}

function isDirectlyIn(path: string, groupId: string): boolean {
  return path !== "/" && path.slice(0, Math.max(1, path.lastIndexOf("/"))) === groupId;
}

function notChild(groupId: string): string {
  return `Identifier is not child of '${groupId}'. Hint: use relative paths.`;
}

function under(where: string, path: string): string {
  return where !== "" && path === "/" ? where : where + path;
}
