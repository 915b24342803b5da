/**
 * What is wrong with a definition, as the API would say it: the very function that the API judges with, its findings
 * placed on the fields of the form.
 */
import {
  ArgumentInvalid,
  DefinitionInvalid,
  type FieldProblem,
  parseApp,
  problemText,
  RequestInvalid,
  ShapeInvalid,
} from "#domain/definitions/index.ts";
import { parseJob } from "#domain/jobs/parse-job.ts";
import { isJsonObject } from "#foundation/base/json.ts";
import type { Language } from "../../i18n/languages.ts";
import type { DefinitionRoot } from "./definition-form.ts";
import { type FieldPath, fieldAt, isFields, type JsonFields } from "./document.ts";

export interface PlacedProblem {
  readonly path: FieldPath;
  /** What the API says of it, in the reader's language. */
  readonly message: string;
}

export interface JudgeOptions {
  readonly root: DefinitionRoot;
  /** Role of the framework: what a definition without one gets. */
  readonly defaultRole: string;
  readonly language: Language;
}

/** Empty when the API would take it. */
export function judgeDefinition(
  value: JsonFields,
  { root, defaultRole, language }: JudgeOptions,
): readonly PlacedProblem[] {
  try {
    if (root === "job") parseJob(value);
    else parseApp(value, { defaultRole });
    return [];
  } catch (error) {
    if (error instanceof ShapeInvalid || error instanceof DefinitionInvalid)
      return placed(error.details, value, { language, root });
    if (error instanceof ArgumentInvalid || error instanceof RequestInvalid)
      return [{ path: [], message: problemText("/", error.message, language).message }];
    throw error;
  }
}

/** Problems out of an answer of the API, wherever it lists them; empty when it names none. */
export function problemsOfAnswer(
  body: unknown,
  value: JsonFields,
  options: Pick<JudgeOptions, "language" | "root">,
): readonly PlacedProblem[] {
  const details = isJsonObject(body) ? body["details"] : undefined;
  return Array.isArray(details) ? placed(details.filter(isFieldProblem), value, options) : [];
}

const isFieldProblem = (detail: unknown): detail is FieldProblem =>
  isJsonObject(detail) && typeof detail["path"] === "string" && Array.isArray(detail["errors"]);

const placed = (
  details: readonly FieldProblem[],
  value: JsonFields,
  { language, root }: Pick<JudgeOptions, "language" | "root">,
): readonly PlacedProblem[] =>
  details.flatMap(({ path, errors }) =>
    errors.map((error) => ({
      path: problemPath(path, value),
      message: problemText(path, String(error), language, root === "job" ? "job" : "service").message,
    })),
  );

/** `/portDefinitions(0)/name` is portDefinitions, 0, name. Names of variables and labels may hold slashes themselves. */
export function problemPath(path: string, value: JsonFields): FieldPath {
  const map = /^\/(run\/)?(env|labels|secrets)\/(.+)$/s.exec(path);
  if (map !== null) {
    const [, run, name = "", rest = ""] = map;
    const outer = run === undefined ? [name] : ["run", name];
    const entries = fieldAt(value, outer);
    const keys = isFields(entries) ? Object.keys(entries) : [];
    return [...outer, keys.find((key) => rest === key || rest.startsWith(`${key}/`)) ?? rest];
  }
  return path
    .split("/")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [name = "", ...indices] = part.split("(");
      return [...(name === "" ? [] : [name]), ...indices.map((index) => Number.parseInt(index, 10))];
    });
}
