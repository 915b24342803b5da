/** No text for people stands in the sources: all of it comes from the catalogue, or a language would lack it. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";
import { describe, expect, it } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));
/** Attributes that people read or hear. */
const spoken = new Set([
  "title",
  "label",
  "placeholder",
  "description",
  "alt",
  "aria-label",
  "aria-description",
  "aria-valuetext",
  "hint",
  "effect",
  "confirm",
  "error",
]);

interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}
const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value;
/** A word has two letters of any script side by side; units, marks and single keys are the same in all languages. */
const hasWord = (text: unknown): boolean => typeof text === "string" && /\p{L}{2}/u.test(text);

/** Literal texts for people in the source of a component. */
function literalTexts(source: string): readonly string[] {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) walk(item);
    if (!isNode(value)) return;
    if (value.type === "JSXText" && hasWord(value["value"])) found.push(String(value["value"]).trim());
    if (value.type === "JSXExpressionContainer") found.push(...literalsOf(value["expression"]));
    if (value.type === "JSXAttribute") return walkAttribute(value);
    for (const field of Object.values(value)) walk(field);
  };
  const walkAttribute = (attribute: Node): void => {
    const name = isNode(attribute["name"]) ? String(attribute["name"]["name"]) : "";
    const given = attribute["value"];
    if (isNode(given) && spoken.has(name)) {
      const texts = given.type === "Literal" ? literalsOf(given) : literalsOf(given["expression"]);
      found.push(...texts.map((text) => `${name}=${text}`));
    }
    if (isNode(given) && given.type === "JSXExpressionContainer") walk(given["expression"]);
  };
  walk(parseSync("component.tsx", source).program);
  return found;
}

/** Strings that an expression may come to without a call in between. */
function literalsOf(expression: unknown): readonly string[] {
  if (!isNode(expression)) return [];
  switch (expression.type) {
    case "Literal":
      return hasWord(expression["value"]) ? [String(expression["value"])] : [];
    case "TemplateLiteral": {
      const pieces = expression["quasis"] as readonly Node[];
      return pieces
        .map((piece) => String((piece["value"] as { cooked?: string }).cooked ?? ""))
        .filter(hasWord);
    }
    case "ConditionalExpression":
      return [...literalsOf(expression["consequent"]), ...literalsOf(expression["alternate"])];
    case "LogicalExpression":
      return [...literalsOf(expression["left"]), ...literalsOf(expression["right"])];
    default:
      return [];
  }
}

describe("texts in the sources of the console", () => {
  it.each([
    ["<p>Hello</p>", ["Hello"]],
    ['<p>{isOpen ? "Open" : text("ui.close")}</p>', ["Open"]],
    ['<Button title="Save it" />', ["title=Save it"]],
    ["<Button aria-label={`Close ${name}`} />", ["aria-label=Close "]],
    ['<Card title={text("ui.x")} variant="default">{count} / {total} ⌘</Card>', []],
    ["<kbd>g</kbd>", []],
  ])("%s", (source, texts) => {
    expect(literalTexts(`const x = ${source};`)).toEqual(texts);
  });

  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".tsx"),
  );
  it.each(files.filter((path) => !path.endsWith(".test.tsx")))("%s has none", (path) => {
    expect(literalTexts(readFileSync(`${folder}${path}`, "utf8"))).toEqual([]);
  });
});
