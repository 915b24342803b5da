import { describe } from "vitest";
import { runExamples } from "./cli-reference.ts";

describe("the examples of the command line's reference in Chinese", () => {
  runExamples("cli.zh-CN.md", "zh_CN.UTF-8");
});
