import { describe } from "vitest";
import { runExamples, runStartAndEnd } from "./cli-reference.ts";

describe("the examples of the command line's reference", () => {
  runExamples("cli.md", "C.UTF-8");
  runStartAndEnd();
});
