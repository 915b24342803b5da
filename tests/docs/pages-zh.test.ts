import { describe } from "vitest";
import { pages, runShellBlocks, translated } from "./pages.ts";

describe("the shell blocks in Chinese", () => {
  runShellBlocks(pages.map(translated), "zh_CN.UTF-8");
});
