/** The first stage: ajv over the contract's schema, its findings in Marathon's codes and paths. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { AppChangeInput, AppInput } from "#contracts/services/app.ts";
import { ProblemList, ShapeInvalid } from "./problems.ts";

const ajv = new Ajv({
  allErrors: true,
  strict: false,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
});
const validateApp: ValidateFunction = ajv.compile(AppInput);
const validateChange: ValidateFunction = ajv.compile(AppChangeInput);

/** Throws `ShapeInvalid` with every problem. */
export function checkAppShape(body: unknown, id: "required" | "optional"): asserts body is AppInput {
  const validate = id === "required" ? validateApp : validateChange;
  if (validate(body)) return;
  const problems = new ProblemList();
  for (const error of relevant(validate.errors ?? [])) problems.add(pathOf(error), codeOf(error));
  throw new ShapeInvalid(problems.toDetails());
}

/** Of a union only the last alternative is reported, and of a failed union not the union itself. */
function relevant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const kept = errors.filter(({ keyword }) => keyword !== "anyOf");
  return kept.filter((error) => {
    const match = /^(.*\/anyOf\/)(\d+)\//.exec(error.schemaPath);
    if (match === null) return true;
    const [, prefix = "", index = "0"] = match;
    return !kept.some((other) => {
      const found = new RegExp(`^${escapeForRegExp(prefix)}(\\d+)/`).exec(other.schemaPath);
      return found !== null && other.instancePath === error.instancePath && Number(found[1]) > Number(index);
    });
  });
}

const escapeForRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function pathOf(error: ErrorObject): string {
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((text, part) => (/^\d+$/.test(part) ? `${text}(${part})` : `${text}/${part}`), "");
  if (error.keyword === "required") return `${path}/${String(error.params["missingProperty"])}`;
  return path === "" ? "/" : path;
}

const typeCodes: Readonly<Record<string, string>> = {
  string: "error.expected.jsstring",
  number: "error.expected.jsnumber",
  integer: "error.expected.jsnumber",
  boolean: "error.expected.jsboolean",
  array: "error.expected.jsarray",
  object: "error.expected.jsobject",
};

function codeOf(error: ErrorObject): string {
  switch (error.keyword) {
    case "type":
      return typeCodes[String(error.params["type"])] ?? "error.expected.jsvalue";
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
    default:
      return `error.${error.keyword}`;
  }
}
