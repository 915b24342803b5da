/** Apps that packages of a Universe folder are installed as, with the defaults of their options. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isJsonObject, type JsonObject, type JsonValue } from "#foundation/base/json.ts";
import { render } from "./mustache.ts";

export const universeSample = fileURLToPath(new URL("universe-sample", import.meta.url));
/** A checkout of a public Universe, where one is at hand. */
export const universeFolder = (): string | undefined => process.env["KEELSON_UNIVERSE"];

export interface PackageApp {
  /** `T/toy/0` */
  readonly name: string;
  /** What the template became, or why it became nothing. */
  readonly app: { readonly body: JsonValue } | { readonly problem: string };
}

/** Every revision with a template. */
export function packageApps(folder: string): readonly PackageApp[] {
  const packages = join(folder, "repo/packages");
  return readdirSync(packages, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("/marathon.json.mustache"))
    .sort()
    .map((path) => {
      const name = path.slice(0, path.lastIndexOf("/"));
      return { name, app: appOf(join(packages, name)) };
    });
}

function appOf(folder: string): PackageApp["app"] {
  const read = (name: string): JsonObject => {
    const path = join(folder, name);
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as JsonObject) : {};
  };
  try {
    const options = merged(defaultsOf(read("config.json")), { resource: read("resource.json") });
    const text = render(readFileSync(join(folder, "marathon.json.mustache"), "utf8"), options);
    return { body: JSON.parse(text) as JsonValue };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The later one's values, within what both have. Source: contract packages.md section 2.2. */
function merged(earlier: JsonObject, later: JsonObject): JsonObject {
  const within = Object.entries(later).map(([name, value]): [string, JsonValue | undefined] => {
    const before = earlier[name];
    return [name, isJsonObject(before) && isJsonObject(value) ? merged(before, value) : value];
  });
  return { ...earlier, ...Object.fromEntries(within) };
}

/** What a schema gives when nobody says anything. Source: contract packages.md section 2.1. */
export function defaultsOf({ properties }: JsonObject): JsonObject {
  if (!isJsonObject(properties)) return {};
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, schema]): [string, JsonValue][] => {
      if (!isJsonObject(schema)) return [];
      if (schema["default"] !== undefined) return [[name, schema["default"]]];
      const inside = defaultsOf(schema);
      return Object.keys(inside).length === 0 ? [] : [[name, inside]];
    }),
  );
}
