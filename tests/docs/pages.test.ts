/** The pages for people: what they show runs, in both languages the same, and their links lead somewhere. */
import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { blocksOf, commandsOf } from "./page-blocks.ts";
import { pages, read, root, runShellBlocks, translated } from "./pages.ts";

describe("the shell blocks", () => {
  runShellBlocks(pages, "C.UTF-8");
});

describe("pages", () => {
  it.each(pages)("%s shows the same commands in both languages", (page) => {
    expect(blocksOf(read(translated(page))).map(commandsOf)).toEqual(blocksOf(read(page)).map(commandsOf));
  });

  it("leave out only blocks with a reason, and few", () => {
    const left = pages.flatMap((page) => blocksOf(read(page)).filter(({ notRun }) => notRun !== undefined));
    for (const { notRun } of left) expect(notRun?.length).toBeGreaterThan(20);
    expect(left.length).toBeLessThanOrEqual(5);
  });

  it("ux.md§6#29 take a newcomer at most twelve commands in the first hour", () => {
    const lines = blocksOf(read("docs/first-hour.md")).flatMap(({ script }) => script.split("\n"));
    expect(lines.filter((line) => /^(npm|bin\/keelson) /.test(line)).length).toBeLessThanOrEqual(12);
  });

  it.each([...pages, ...pages.map(translated), "CONTRIBUTING.md", "ARCHITECTURE.md"])(
    "%s leads to files that are there",
    (page) => {
      const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)/g)].map(
        ([, link = ""]) => link,
      );
      const missing = links.filter((link) => !existsSync(resolve(join(root, dirname(page)), link)));
      expect({ page: relative(root, join(root, page)), missing }).toEqual({ page, missing: [] });
    },
  );
});
