/**
 * Writes docs/reference/cli.md and cli.zh-CN.md from the registry of commands. `--check`: fails when they are not what
 * the registry says.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cliReference } from "#clients/cli/reference.ts";
import type { Language } from "#contracts/messages/messages.ts";

const files: readonly (readonly [Language, string])[] = [
  ["en", "docs/reference/cli.md"],
  ["zh", "docs/reference/cli.zh-CN.md"],
];

let isStale = false;
for (const [language, name] of files) {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url));
  const text = cliReference(language);
  if (!process.argv.includes("--check")) {
    writeFileSync(path, text);
    continue;
  }
  if (readIfThere(path) === text) continue;
  console.error(`${name} is not what src/clients/cli/registry says: run \`npm run fix\``);
  isStale = true;
}
process.exitCode = isStale ? 1 : 0;

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
