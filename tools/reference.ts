/**
 * Writes the reference that comes from declarations, in both languages, to `docs/reference`: JSON Schema of definitions,
 * their fields, our own APIs, errors, reasons and clients. `--check` only compares.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { DefinitionRoot } from "#contracts/docs/json-schema.ts";
import { jsonSchemaOf, schemaFileName } from "#contracts/docs/json-schema.ts";
import { definitionRoots } from "#contracts/docs/roots.ts";
import type { Language } from "#contracts/messages/messages.ts";
import { apiPage } from "./reference-api.ts";
import { clientsPage } from "./reference-clients.ts";
import { definitionsPage } from "./reference-definitions.ts";
import { errorsPage, reasonsPage } from "./reference-errors.ts";

const folder = fileURLToPath(new URL("../docs/reference/", import.meta.url));
const languages: readonly Language[] = ["en", "zh"];
const pages: Readonly<Record<string, (language: Language) => string>> = {
  api: apiPage,
  clients: clientsPage,
  definitions: definitionsPage,
  errors: errorsPage,
  reasons: reasonsPage,
};

/** Every file below `docs/reference` that is written by this, with its text. */
export function referenceFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const language of languages) {
    for (const [name, page] of Object.entries(pages)) {
      files.set(`${name}${language === "zh" ? ".zh-CN" : ""}.md`, page(language));
    }
    for (const root of Object.keys(definitionRoots) as DefinitionRoot[]) {
      const schema = `${JSON.stringify(jsonSchemaOf(root, language), undefined, 2)}\n`;
      files.set(`schema/${schemaFileName(root, language)}`, schema);
    }
  }
  return files;
}

function main(): void {
  const isCheck = process.argv.includes("--check");
  const stale: string[] = [];
  for (const [name, text] of referenceFiles()) {
    const path = `${folder}${name}`;
    if (!isCheck) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    } else if (readIfThere(path) !== text) stale.push(name);
  }
  if (stale.length === 0) return;
  console.error(`docs/reference is not as the declarations say: ${stale.join(", ")}; npm run fix writes it`);
  process.exitCode = 1;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
