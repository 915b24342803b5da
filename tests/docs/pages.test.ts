/** Every shell block of the pages for people runs as shown, in both languages, one after the other on one cluster. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { blocksOf, commandsOf, runBlock } from "./page-blocks.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const blockTimeoutMs = 180_000;

/** Pages in English; each has a Chinese one beside it. */
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md") && !/^(coverage|glossary)\.md$|zh-CN/.test(name))
    .map((name) => `docs/${name}`),
];
const translated = (page: string): string => page.replace(/\.md$/, ".zh-CN.md");
const read = (page: string): string => readFileSync(join(root, page), "utf8");

let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  cluster = await startCluster();
  // What a reader's shell sees in the clone, without the clone being written to.
  folder = mkdtempSync(join(tmpdir(), "keelson-docs-"));
  symlinkSync(join(root, "bin"), join(folder, "bin"));
  symlinkSync(join(root, "docs"), join(folder, "docs"));
  symlinkSync(cluster.dataDir, join(folder, ".keelson"));
}, 120_000);
afterAll(async () => {
  await cluster.purge();
  rmSync(folder, { recursive: true, force: true });
});

/** The pages show the usual ports; this cluster has others. */
function withPorts(script: string): string {
  const { url, services } = cluster.info;
  const port = (address: string): string => `:${new URL(address).port}`;
  return script
    .replace(/:8800\b/g, port(url))
    .replace(/:8080\b/g, port(services.services))
    .replace(/:9000\b/g, port(services.jobs))
    .replace(/:5050\b/g, port(services.kernel));
}

describe("the shell blocks", () => {
  it.each(pages.flatMap((page) => [[page, "C.UTF-8"] as const, [translated(page), "zh_CN.UTF-8"] as const]))(
    "ux.md§6#29 of %s run as shown",
    async (page, language) => {
      for (const { script, line, exitCode, notRun } of blocksOf(read(page))) {
        if (notRun !== undefined) continue;
        const { code, output } = await runBlock(withPorts(script), {
          folder,
          timeoutMs: blockTimeoutMs,
          environment: {
            ...process.env,
            LANG: language,
            LC_ALL: language,
            KEELSON_DATA_DIR: cluster.dataDir,
            KEELSON_CONFIG: join(folder, "config.toml"),
          },
        });
        const told = code === exitCode ? "" : output;
        expect({ page, line, script, code, told }).toEqual({ page, line, script, code: exitCode, told: "" });
        expect(output).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)$/m);
      }
    },
    // Nine minutes for any page: a newcomer's first hour is to take fifteen at most.
    blockTimeoutMs * 3,
  );
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
