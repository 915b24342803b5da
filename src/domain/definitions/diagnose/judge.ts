/** The two stages of the API on one app, gone through to the end: what the first finds does not hide the second's. */
import type { AppInput } from "#contracts/services/app.ts";
import type { JsonObject } from "#foundation/base/json.ts";
import { parseApp } from "../parse.ts";
import { DefinitionInvalid, type FieldProblem, ShapeInvalid } from "../problems.ts";
import { remainderOf, without } from "./remainder.ts";
import { partsOfPath, type SourceNode, unreadablePaths } from "./source.ts";

export interface Judgement {
  readonly problems: readonly FieldProblem[];
  /** The app as far as its shape is right; undefined when nothing of it is. */
  readonly body: AppInput | undefined;
  /** Top fields that `body` has lost or changed. */
  readonly lost: ReadonlySet<string>;
}

export interface JudgeOptions {
  readonly defaultRole?: string;
}

/** `value` is what `node` says, without nulls. */
export function judgeApp(value: JsonObject, node: SourceNode, options: JudgeOptions): Judgement {
  const unreadable = new Set(unreadablePaths(node));
  const first = problemsOf(value, options);
  const shape = first.isShape ? first.problems.filter(({ path }) => !unreadable.has(path)) : [];
  const remainder = first.isShape ? remainderOf(value) : { body: value, touched: new Set<string>() };
  const lost = new Set([
    ...remainder.touched,
    ...[...unreadable].map((path) => String(partsOfPath(path)[0] ?? "")),
  ]);
  if (remainder.body === undefined) return { problems: shape, body: undefined, lost };
  const sense = senseOf(remainder.body, options).filter((problem) => !isDoubtful(problem, lost));
  // Its shape has been checked: what was wrong with it was taken away.
  return { problems: [...shape, ...sense], body: remainder.body as unknown as AppInput, lost };
}

/** Two spellings of one thing stop the API; the older one is put aside to see what else there is. */
function senseOf(body: JsonObject, options: JudgeOptions): readonly FieldProblem[] {
  const { problems } = problemsOf(body, options);
  const twice = problems.filter(({ errors }) =>
    errors.some((error) => error.startsWith("cannot be given together")),
  );
  if (twice.length === 0) return problems;
  const rest = twice.reduce((kept, { path }) => without(kept, partsOfPath(path)), body);
  return [...problems, ...problemsOf(rest, options).problems];
}

function problemsOf(
  value: JsonObject,
  { defaultRole = "slave_public" }: JudgeOptions,
): { readonly isShape: boolean; readonly problems: readonly FieldProblem[] } {
  try {
    parseApp(value, { defaultRole });
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
