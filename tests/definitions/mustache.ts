/**
 * Templates of packages as the JVM's mustache fills them, without escaping for HTML: strings as JSON has them between its
 * quotes, lists as JSON, and a number is true whatever it is. Source: contract packages.md section 2.4.
 */

type Scope = Readonly<Record<string, unknown>>;

interface Node {
  readonly kind: "text" | "value" | "section" | "inverted";
  /** The text, or the name. */
  readonly text: string;
  readonly inside: readonly Node[];
}

/** Throws for a template that is not closed, and for a value that has no text. */
export function render(template: string, options: Scope): string {
  return fill(parse(template), [options]);
}

const tag = /\{\{\{\s*([^}]*?)\s*\}\}\}|\{\{([#^/&!]?)\s*([\s\S]*?)\s*\}\}/g;

interface Open {
  readonly text: string;
  readonly kind: Node["kind"];
  readonly inside: Node[];
}

function parse(template: string): readonly Node[] {
  const root: Open = { kind: "section", text: "", inside: [] };
  const open = [root];
  const add = (node: Node): void => void open.at(-1)?.inside.push(node);
  let at = 0;
  for (const match of template.matchAll(tag)) {
    const [all, triple, mark = "", name = ""] = match;
    add({ kind: "text", text: template.slice(at, match.index), inside: [] });
    at = match.index + all.length;
    if (triple !== undefined) add({ kind: "value", text: triple, inside: [] });
    else if (mark === "#" || mark === "^") {
      open.push({ kind: mark === "#" ? "section" : "inverted", text: name, inside: [] });
    } else if (mark === "/") {
      const closed = open.pop();
      if (closed === undefined || closed.text !== name) throw new Error(`{{/${name}}} closes nothing`);
      add(closed);
    } else if (mark !== "!") add({ kind: "value", text: name, inside: [] });
  }
  if (open.length > 1) throw new Error(`{{#${open.at(-1)?.text}}} is not closed`);
  add({ kind: "text", text: template.slice(at), inside: [] });
  return root.inside;
}

function fill(nodes: readonly Node[], scopes: readonly unknown[]): string {
  return nodes
    .map((node) => {
      if (node.kind === "text") return node.text;
      const value = find(node.text, scopes);
      if (node.kind === "value") return textOf(node.text, value);
      if (node.kind === "inverted") return isTrue(value) ? "" : fill(node.inside, scopes);
      if (!isTrue(value)) return "";
      const items: readonly unknown[] = Array.isArray(value) ? value : [value];
      return items.map((item) => fill(node.inside, [...scopes, item])).join("");
    })
    .join("");
}

/** The first name is looked for from the inside out, the others within it. */
function find(path: string, scopes: readonly unknown[]): unknown {
  if (path === ".") return scopes.at(-1);
  const [first = "", ...rest] = path.split(".");
  const scope = scopes.findLast((each) => typeof each === "object" && each !== null && first in each);
  return [first, ...rest].reduce<unknown>(
    (value, name) =>
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined,
    scope,
  );
}

const isTrue = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== false &&
  value !== "" &&
  !(Array.isArray(value) && value.length === 0);

function textOf(name: string, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return JSON.stringify(value).slice(1, -1);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
  throw new Error(`{{${name}}} is an object, which has no text`);
}
