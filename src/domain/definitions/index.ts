export type { AppDefinition } from "./app.ts";
export {
  type DefinitionFormat,
  type DiagnoseOptions,
  type Diagnostic,
  definitionsOf,
  diagnose,
  formatOf,
} from "./diagnose/diagnose.ts";
export { type ProblemText, problemText } from "./diagnose/problem-texts.ts";
export { absolutePath } from "./normalize.ts";
export { parseApp, parseChange, rollbackVersion } from "./parse.ts";
export {
  ArgumentInvalid,
  BodyMalformed,
  DefinitionInvalid,
  type FieldProblem,
  RequestInvalid,
  ShapeInvalid,
} from "./problems.ts";
export { parseSelector, type Selector } from "./selector.ts";
