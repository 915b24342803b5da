/** The two stages of the API, gone through to the end: what the first finds does not hide what the second would. */
import type { AppInput } from "#contracts/services/app.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import { parseJob } from "../../jobs/parse-job.ts";
import { pathWithin } from "../normalize.ts";
import { isGroupBody, parseApp } from "../parse.ts";
import { parseGroup } from "../parse-group.ts";
import { isPodBody, parsePod } from "../parse-pod.ts";
import { DefinitionInvalid, type FieldProblem, ShapeInvalid } from "../problems.ts";
import { remainderOf, standInId, without } from "./remainder.ts";
import { partsOfPath, type SourceNode, unreadablePaths } from "./source.ts";

export interface JudgedApp {
  /** Way to it from the definition it is in: empty, or `/groups(0)/apps(2)`. */
  readonly where: string;
  /** Paths are within the app. */
  readonly problems: readonly FieldProblem[];
  /** The app as far as its shape is right; undefined when nothing of it is. */
  readonly body: AppInput | undefined;
  /** Top fields that `body` has lost or changed. */
  readonly lost: ReadonlySet<string>;
  /** Group that a relative id starts from. */
  readonly base: string;
  readonly node: SourceNode;
}

export interface Judgement {
  /** Of the groups themselves, with the way to them. */
  readonly problems: readonly FieldProblem[];
  readonly apps: readonly JudgedApp[];
}

export interface JudgeOptions {
  readonly defaultRole?: string;
}

/** A job, in which a field that is null is one that was given. `$schema` is for editors. */
export function judgeJob(
  { $schema: _forEditors, ...job }: JsonObject,
  node: SourceNode,
): readonly FieldProblem[] {
  return whole(() => parseJob(job), node);
}

/** An app or a group. `value` is what `node` says, without nulls. */
export function judgeDefinition(value: JsonObject, node: SourceNode, options: JudgeOptions): Judgement {
  if (isPodBody(value)) return judgePod(value, node, options);
  if (!isGroupBody(value))
    return { problems: [], apps: [judgeApp(value, { node, where: "", base: "/" }, options)] };
  const apps = appsIn(value, { node, where: "", base: "/" }, options);
  const ofApps = new Set(
    apps.flatMap(({ where, problems }) => problems.map(({ path }) => where + (path === "/" ? "" : path))),
  );
  const found = [value, withPlainApps(value, "", apps)].flatMap((body) =>
    problemsOf(() => parseGroup(body, "/", rolesOf(options))).problems.filter(
      ({ path }) => !ofApps.has(path),
    ),
  );
  return { problems: found, apps };
}

/** Its shape hides its sense, as at the API: what is wrong with the first is told before the second is asked. */
function judgePod(value: JsonObject, node: SourceNode, options: JudgeOptions): Judgement {
  return { problems: whole(() => parsePod(value, rolesOf(options)), node), apps: [] };
}

function whole(parse: () => unknown, node: SourceNode): readonly FieldProblem[] {
  const unreadable = new Set(unreadablePaths(node));
  return problemsOf(parse).problems.filter(({ path }) => !unreadable.has(path));
}

interface Place {
  readonly node: SourceNode;
  readonly where: string;
  readonly base: string;
}

/** Every app of a group and of those in it. */
function appsIn(
  group: JsonObject,
  { node, where, base }: Place,
  options: JudgeOptions,
): readonly JudgedApp[] {
  const groupId = typeof group["id"] === "string" ? pathWithin(base, group["id"]) : base;
  const inside = (field: "apps" | "groups"): readonly (Place & { readonly value: JsonObject })[] => {
    const values: unknown = group[field];
    const list = node.kind === "map" ? node.entries.find(({ key }) => key === field)?.value : undefined;
    if (!Array.isArray(values) || list?.kind !== "list") return [];
    return list.items.flatMap((item, index) => {
      const value: unknown = values[index];
      return isJsonObject(value)
        ? [{ node: item, where: `${where}/${field}(${index})`, base: groupId, value }]
        : [];
    });
  };
  return [
    ...inside("apps").map(({ value, ...place }) => judgeApp(value, place, options)),
    ...inside("groups").flatMap(({ value, ...place }) => appsIn(value, place, options)),
  ];
}

/** The groups with nothing but ids in their apps: other faults of apps would hide those of groups. */
function withPlainApps(group: JsonObject, where: string, judged: readonly JudgedApp[]): JsonObject {
  const plain = (index: number): JsonObject => {
    const app = judged.find((other) => other.where === `${where}/apps(${index})`);
    const id = app?.body === undefined || app.body.id === standInId ? `stand-in-${index}` : app.body.id;
    return { id, cmd: "stand-in" };
  };
  const listOf = (field: string): readonly JsonValue[] | undefined => {
    const value = group[field];
    return Array.isArray(value) ? value : undefined;
  };
  const apps = listOf("apps")?.map((_, index) => plain(index));
  const groups = listOf("groups")?.map((item, index) =>
    isJsonObject(item) ? withPlainApps(item, `${where}/groups(${index})`, judged) : item,
  );
  return { ...group, ...(apps === undefined ? {} : { apps }), ...(groups === undefined ? {} : { groups }) };
}

function judgeApp(value: JsonObject, place: Place, options: JudgeOptions): JudgedApp {
  const { node, base } = place;
  const parse = (body: JsonObject): Found => problemsOf(() => parseApp(body, { ...rolesOf(options), base }));
  const unreadable = new Set(unreadablePaths(node));
  const first = parse(value);
  const shape = first.isShape ? first.problems.filter(({ path }) => !unreadable.has(path)) : [];
  const remainder = first.isShape ? remainderOf(value) : { body: value, touched: new Set<string>() };
  const lost = new Set([
    ...remainder.touched,
    ...[...unreadable].map((path) => String(partsOfPath(path)[0] ?? "")),
  ]);
  if (remainder.body === undefined) return { ...place, problems: shape, body: undefined, lost };
  const sense = senseOf(remainder.body, parse).filter((problem) => !isDoubtful(problem, lost));
  // Its shape has been checked: what was wrong with it was taken away.
  return { ...place, problems: [...shape, ...sense], body: remainder.body as unknown as AppInput, lost };
}

/** Two spellings of one thing stop the API; the older one is put aside to see what else there is. */
function senseOf(body: JsonObject, parse: (body: JsonObject) => Found): readonly FieldProblem[] {
  const { problems } = parse(body);
  const twice = problems.filter(({ errors }) =>
    errors.some((error) => error.startsWith("cannot be given together")),
  );
  if (twice.length === 0) return problems;
  const rest = twice.reduce((kept, { path }) => without(kept, partsOfPath(path)), body);
  return [...problems, ...parse(rest).problems];
}

const rolesOf = ({ defaultRole = "slave_public" }: JudgeOptions): { readonly defaultRole: string } => ({
  defaultRole,
});

interface Found {
  readonly isShape: boolean;
  readonly problems: readonly FieldProblem[];
}

function problemsOf(parse: () => unknown): Found {
  try {
    parse();
    return { isShape: false, problems: [] };
  } catch (error) {
    if (error instanceof ShapeInvalid) return { isShape: true, problems: error.details };
    if (error instanceof DefinitionInvalid) return { isShape: false, problems: error.details };
    throw error;
  }
}

/** A rule that may be broken only because of what was taken away. */
function isDoubtful({ path }: FieldProblem, lost: ReadonlySet<string>): boolean {
  const has = (...names: readonly string[]): boolean => names.some((name) => lost.has(name));
  if (path === "/") return has("cmd", "args", "container");
  if (path.startsWith("/healthChecks")) return has("portDefinitions", "ports", "container");
  return false;
}
