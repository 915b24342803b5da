export { type Standing, withoutClashes } from "./clashes.ts";
export { type Finding, type FindingCode, isRefusal } from "./finding.ts";
export { marathonGroups, marathonJobs, ownFieldsIn } from "./marathon-files.ts";
export { readSource, type Source, type SourceFile } from "./source.ts";
export {
  definitionsOf,
  dependencyFindings,
  type Migration,
  type MovedJob,
  type MovedService,
  portFindings,
  type TranslateOptions,
  translate,
} from "./translate.ts";
