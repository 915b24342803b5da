/** The pages for people, and their shell blocks run as a reader does: one after the other on one cluster. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { freePort } from "../harness/ports.ts";
import { blocksOf, runBlock } from "./page-blocks.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const blockTimeoutMs = 180_000;

/** Pages in English; each has a Chinese one beside it. */
export const pages: readonly string[] = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md") && !/^(coverage|glossary)\.md$|zh-CN/.test(name))
    .map((name) => `docs/${name}`),
];
export const translated = (page: string): string => page.replace(/\.md$/, ".zh-CN.md");
export const read = (page: string): string => readFileSync(join(root, page), "utf8");

let cluster: TestCluster;
let folder: string;
/** For what a page opens by itself: pages of the other language do so at the same time. */
let ownPort: number;

/** The pages show the usual ports; this cluster has others. */
function withPorts(script: string): string {
  const { url, services } = cluster.info;
  const port = (address: string): string => `:${new URL(address).port}`;
  return script
    .replace(/:8800\b/g, port(url))
    .replace(/:8080\b/g, port(services.services))
    .replace(/:9000\b/g, port(services.jobs))
    .replace(/:5050\b/g, port(services.kernel))
    .replace(/\b18080\b/g, String(ownPort));
}

const prepare = async (): Promise<void> => {
  cluster = await startCluster();
  ownPort = await freePort();
  // What a reader's shell sees in the clone, without the clone being written to.
  folder = mkdtempSync(join(tmpdir(), "keelson-docs-"));
  symlinkSync(join(root, "bin"), join(folder, "bin"));
  symlinkSync(join(root, "docs"), join(folder, "docs"));
  symlinkSync(cluster.dataDir, join(folder, ".keelson"));
};

/** A test a page; each language's pages have a cluster of their own, side by side. */
export function runShellBlocks(pagesOfLanguage: readonly string[], language: string): void {
  beforeAll(prepare, 180_000);
  afterAll(async () => {
    await cluster.purge();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(pagesOfLanguage)(
    "ux.md§6#29 of %s run as shown",
    async (page) => {
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
}
