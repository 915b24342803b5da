/** Which files `bin/keelson` runs: what was bundled while nothing changed since, and the sources otherwise. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
let clone = "";

const write = (path: string, text = ""): void => {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), text);
};

/** A clone whose Node only tells what it was asked to run; everything in it is older than its bundle. */
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "keelson-bundle-"));
  for (const name of ["bin/keelson", "tools/bundle-is-current.sh"]) {
    write(name);
    copyFileSync(join(root, name), join(clone, name));
  }
  write("node_modules/.bin/node", '#!/bin/sh\necho "$@"\n');
  for (const name of ["bin/keelson", "node_modules/.bin/node"]) chmodSync(join(clone, name), 0o755);
  for (const name of ["src/clients/cli/main.ts", "src/a/one.ts", "src/a/two.json", "src/a/one.test.ts"])
    write(name);
  for (const name of ["package.json", "package-lock.json", "tools/bundle.ts"]) write(name);
  waitForNextTick();
  write("dist/.bundled");
  waitForNextTick();
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

/** The clock of the file system moves a few times in a hundredth of a second. */
function waitForNextTick(): void {
  const probe = join(clone, "probe");
  const tick = (): number => {
    writeFileSync(probe, "");
    return statSync(probe).ctimeMs;
  };
  const first = tick();
  while (tick() === first);
  rmSync(probe);
}

function runs(): string {
  const { stdout, stderr } = spawnSync(join(clone, "bin/keelson"), ["version"], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.includes(`${clone}/dist/clients/cli/main.js version`)
    ? "bundle"
    : stdout.includes(
          `--conditions=keelson-source --disable-warning=ExperimentalWarning ${clone}/src/clients/cli/main.ts version`,
        )
      ? "sources"
      : stdout;
}

const longAgo = new Date("2020-01-01T00:00:00Z");

const changes: readonly { readonly name: string; readonly change: () => void; readonly expected: string }[] =
  [
    { name: "nothing", change: () => undefined, expected: "bundle" },
    { name: "a source is written", change: () => write("src/a/one.ts", "edited"), expected: "sources" },
    {
      name: "a source is put back with the date it had",
      change: () => {
        write("src/a/one.ts", "edited");
        utimesSync(join(clone, "src/a/one.ts"), longAgo, longAgo);
      },
      expected: "sources",
    },
    { name: "a source of data is written", change: () => write("src/a/two.json", "{}"), expected: "sources" },
    { name: "a source comes", change: () => write("src/a/three.ts"), expected: "sources" },
    { name: "a source in a new folder comes", change: () => write("src/b/three.ts"), expected: "sources" },
    { name: "a source goes", change: () => rmSync(join(clone, "src/a/one.ts")), expected: "sources" },
    {
      name: "an older file takes a source's place",
      change: () => {
        linkSync(join(clone, "src/a/two.json"), join(clone, "kept"));
        renameSync(join(clone, "kept"), join(clone, "src/a/one.ts"));
      },
      expected: "sources",
    },
    { name: "a package changes", change: () => write("package-lock.json", "{}"), expected: "sources" },
    { name: "package.json is gone", change: () => rmSync(join(clone, "package.json")), expected: "sources" },
    { name: "the bundler changes", change: () => write("tools/bundle.ts", "edited"), expected: "sources" },
    {
      name: "there is no bundle",
      change: () => rmSync(join(clone, "dist"), { recursive: true }),
      expected: "sources",
    },
    {
      name: "a bundle was not finished",
      change: () => rmSync(join(clone, "dist/.bundled")),
      expected: "sources",
    },
    {
      name: "a test is edited in place",
      change: () => write("src/a/one.test.ts", "edited"),
      expected: "bundle",
    },
    { name: "something else changes", change: () => write("docs/page.md", "edited"), expected: "bundle" },
  ];

it.each(changes)("$name: the $expected", ({ change, expected }) => {
  change();
  expect(runs()).toBe(expected);
});
