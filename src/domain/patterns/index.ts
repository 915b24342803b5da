export {
  compilePattern,
  constraintBounds,
  type Pattern,
  type PatternBounds,
  PatternInvalid,
} from "./pattern.ts";
