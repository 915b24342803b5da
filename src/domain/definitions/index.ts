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
export type { GroupTree } from "./group.ts";
export { absolutePath } from "./normalize.ts";
export { instantOf, isGroupBody, parseApp, parseChange, rollbackVersion } from "./parse.ts";
export { type GroupRequest, parseGroup } from "./parse-group.ts";
export { isPodBody, parsePod } from "./parse-pod.ts";
export { type PodDefinition, podOf, shownDefinition } from "./pod.ts";
export {
  ArgumentInvalid,
  BodyMalformed,
  DefinitionInvalid,
  type FieldProblem,
  RequestInvalid,
  ShapeInvalid,
} from "./problems.ts";
export type { RoleRules } from "./roles.ts";
export { parseSelector, type Selector } from "./selector.ts";
export { shapeProblems } from "./shape.ts";
