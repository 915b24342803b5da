/** The forms every answer can take: `-o table|wide|json|yaml|name|jsonpath=…`. */
import { meant, UsageError } from "../command-line/parse.ts";
import { similar } from "../command-line/similar.ts";

export type OutputFormat =
  | { readonly kind: "table" | "wide" | "json" | "yaml" | "name" }
  | { readonly kind: "jsonpath"; readonly expression: string };

const plain = ["table", "wide", "json", "yaml", "name"] as const;
export const outputNames: readonly string[] = [...plain, "jsonpath="];

/** What `-o` and `--json` ask for. Throws `UsageError`. */
export function parseOutput(given: string | undefined, isJson: boolean, path: string): OutputFormat {
  if (given === undefined) return { kind: isJson ? "json" : "table" };
  const kind = plain.find((one) => one === given);
  if (kind !== undefined) return { kind };
  if (given.startsWith("jsonpath=")) {
    const written = given.slice("jsonpath=".length).trim();
    const expression = expressionOf(written);
    if (written === "") throw new UsageError("usage.emptyJsonpath", {}, path);
    return { kind: "jsonpath", expression };
  }
  throw new UsageError(
    "usage.notAChoice",
    {
      flag: "-o",
      given,
      choices: "table, wide, json, yaml, name, jsonpath=EXPRESSION",
      ...meant(similar(given, plain)),
    },
    path,
  );
}

/** `{.items[0].id}`, `.id`, `id` and `$.id` are the same. */
function expressionOf(given: string): string {
  const bare = given.replace(/^\{(.*)\}$/s, "$1").trim();
  if (bare.startsWith("$")) return bare;
  return bare === "" || bare.startsWith(".") || bare.startsWith("[") ? `$${bare}` : `$.${bare}`;
}

export const isForPrograms = ({ kind }: OutputFormat): boolean => kind !== "table" && kind !== "wide";
