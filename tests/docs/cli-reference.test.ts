import { describe } from "vitest";
import { runExamples, runStartAndEnd } from "./cli-reference.ts";

// One after the other: clusters of one machine give out the same ports.
describe("the examples of the command line's reference", () => {
  runExamples("cli.md", "C.UTF-8");
});
describe("the examples of the command line's reference in Chinese", () => {
  runExamples("cli.zh-CN.md", "zh_CN.UTF-8");
  runStartAndEnd();
});
