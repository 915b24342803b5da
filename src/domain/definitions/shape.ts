/**
 * The first stage: the contract's schema, its findings in Marathon's codes and paths.
 *
 * Checked without generated code: the console judges definitions with this very file, below a content security policy
 * that allows none (ADR 80).
 */
import { Settings } from "typebox/system";
import { Check, Errors } from "typebox/value";
import type { TSchema } from "#contracts/schema.ts";
import { AppChangeInput, AppInput, CsiExternal } from "#contracts/services/app.ts";
import { type FieldProblem, ProblemList, ShapeInvalid } from "./problems.ts";

/** Findings of one definition; what is beyond is told once these are mended. */
const findingsMax = 1_000;

/** As JSON Schema names it: which keyword failed, where in the value, where in the schema. */
interface Finding {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: object;
}

/** Throws `ShapeInvalid` with every problem. */
export function checkAppShape(body: unknown, id: "required" | "optional"): asserts body is AppInput {
  const schema = id === "required" ? AppInput : AppChangeInput;
  const problems = shapeProblems(schema, body);
  if (problems.length > 0) throw new ShapeInvalid(problems);
  const ofCsi = csiProblems(body as AppChangeInput);
  if (ofCsi.length > 0) throw new ShapeInvalid(ofCsi);
}

/** Whether more must be there depends on the provider. */
const csiProblems = ({ container }: AppChangeInput): readonly FieldProblem[] =>
  (container?.volumes ?? []).flatMap(({ external }, index) =>
    external?.provider === "csi"
      ? shapeProblems(CsiExternal, external).map(({ path, errors }) => ({
          path: `/container/volumes(${index})/external${path === "/" ? "" : path}`,
          errors,
        }))
      : [],
  );

/** What keeps a body from a schema, in Marathon's codes; nothing when it is as the schema says. */
export function shapeProblems(schema: TSchema, body: unknown): readonly FieldProblem[] {
  if (Check(schema, body)) return [];
  const problems = new ProblemList();
  for (const finding of relevant(findingsOf(schema, body))) problems.add(pathOf(finding), codeOf(finding));
  return problems.toDetails();
}

/** One finding for each missing field. */
function findingsOf(schema: TSchema, body: unknown): readonly Finding[] {
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: findingsMax });
  try {
    return Errors(schema, body).flatMap((finding: Finding) => {
      const missing = "requiredProperties" in finding.params ? finding.params.requiredProperties : undefined;
      if (!Array.isArray(missing)) return [finding];
      return missing.map((missingProperty: unknown) => ({ ...finding, params: { missingProperty } }));
    });
  } finally {
    Settings.Set({ maxErrors });
  }
}

/**
 * Of a union only the last alternative is reported, and of a failed union not the union itself. A field that a closed
 * object does not have is reported where it stands, not at the object.
 */
function relevant(errors: readonly Finding[]): readonly Finding[] {
  const kept = errors.filter(({ keyword }) => keyword !== "anyOf" && keyword !== "additionalProperties");
  return kept.filter((error) => {
    const match = /^(.*\/anyOf\/)(\d+)(?:\/|$)/.exec(error.schemaPath);
    if (match === null) return true;
    const [, prefix = "", index = "0"] = match;
    return !kept.some((other) => {
      const found = new RegExp(`^${escapeForRegExp(prefix)}(\\d+)(?:/|$)`).exec(other.schemaPath);
      return found !== null && other.instancePath === error.instancePath && Number(found[1]) > Number(index);
    });
  });
}

const escapeForRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function pathOf(error: Finding): string {
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((text, part) => (/^\d+$/.test(part) ? `${text}(${part})` : `${text}/${part}`), "");
  if (error.keyword === "required") return `${path}/${String(parameter(error, "missingProperty"))}`;
  return path === "" ? "/" : path;
}

const parameter = (error: Finding, name: string): unknown =>
  Object.entries(error.params).find(([key]) => key === name)?.[1];

const typeCodes: Readonly<Record<string, string>> = {
  string: "error.expected.jsstring",
  number: "error.expected.jsnumber",
  integer: "error.expected.jsnumber",
  boolean: "error.expected.jsboolean",
  array: "error.expected.jsarray",
  object: "error.expected.jsobject",
};

function codeOf(error: Finding): string {
  switch (error.keyword) {
    case "type":
      return typeCodes[String(parameter(error, "type"))] ?? "error.expected.jsvalue";
    case "required":
      return "error.path.missing";
    case "enum":
      return "error.unknown.enum.literal";
    case "minimum":
    case "exclusiveMinimum":
      return "error.min";
    case "maximum":
      return "error.max";
    case "minLength":
    case "minItems":
      return "error.minLength";
    case "maxLength":
    case "maxItems":
      return "error.maxLength";
    case "pattern":
      return "error.pattern";
    case "boolean":
      return "error.unknown.field";
    default:
      return `error.${error.keyword}`;
  }
}
