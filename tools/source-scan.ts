/** Reads TypeScript as text: what a file imports, and its code without comments and strings. */

export interface ImportStatement {
  readonly specifier: string;
  readonly line: number;
  /** `import type` and `export type` leave nothing behind at run time. */
  readonly typeOnly: boolean;
}

/** The source with every comment, and the inside of every string, replaced by spaces. Lines stay where they are. */
export function blankOut(source: string, what: { readonly strings: boolean }): string {
  const out: string[] = [];
  let index = 0;
  const blank = (end: number, keep: boolean): void => {
    for (; index < end; index += 1) {
      const character = source[index] as string;
      out.push(keep || character === "\n" ? character : " ");
    }
  };
  while (index < source.length) {
    const two = source.slice(index, index + 2);
    if (two === "//") blank(endOf(source, "\n", index + 2, 0), false);
    else if (two === "/*") blank(endOf(source, "*/", index + 2, 2), false);
    else if (source[index] === '"' || source[index] === "'") blank(endOfQuoted(source, index), !what.strings);
    else if (source[index] === "`") blankTemplate();
    else blank(index + 1, true);
  }
  return out.join("");

  /** Text of a template goes, the expressions inside `${}` stay. */
  function blankTemplate(): void {
    blank(index + 1, true);
    while (index < source.length && source[index] !== "`") {
      if (source[index] === "\\") blank(index + 2, false);
      else if (source.startsWith("${", index)) blankExpression();
      else blank(index + 1, !what.strings);
    }
    blank(index + 1, true);
  }

  function blankExpression(): void {
    let depth = 0;
    do {
      if (source[index] === "{") depth += 1;
      if (source[index] === "}") depth -= 1;
      if (source[index] === "`") blankTemplate();
      else if (source[index] === '"' || source[index] === "'")
        blank(endOfQuoted(source, index), !what.strings);
      else blank(index + 1, true);
    } while (depth > 0 || source[index - 1] === "$");
  }
}

function endOf(source: string, mark: string, from: number, add: number): number {
  const found = source.indexOf(mark, from);
  return found === -1 ? source.length : found + add;
}

function endOfQuoted(source: string, start: number): number {
  const quote = source[start];
  let index = start + 1;
  while (index < source.length && source[index] !== quote && source[index] !== "\n") {
    index += source[index] === "\\" ? 2 : 1;
  }
  return Math.min(index + 1, source.length);
}

const statement = /^[ \t]*(import|export)\b(\s+type\b)?([^;"']*?from\s*|\s*)"([^"\n]+)"/gm;
const dynamic = /\bimport\(\s*"([^"\n]+)"/g;

export function importsOf(source: string): readonly ImportStatement[] {
  const code = blankOut(source, { strings: false });
  const found: ImportStatement[] = [];
  for (const match of code.matchAll(statement)) {
    if (match[1] === "export" && !match[3]?.includes("from")) continue;
    found.push({
      specifier: match[4] ?? "",
      line: lineAt(code, match.index),
      typeOnly: match[2] !== undefined || onlyTypes(match[3] ?? ""),
    });
  }
  for (const match of code.matchAll(dynamic)) {
    found.push({ specifier: match[1] ?? "", line: lineAt(code, match.index), typeOnly: false });
  }
  return found;
}

/** `{ type A, type B } from` imports no value either. */
function onlyTypes(clause: string): boolean {
  const names = /^\s*\{([^}]*)\}\s*from\s*$/.exec(clause)?.[1];
  if (names === undefined) return false;
  const parts = names.split(",").filter((part) => part.trim() !== "");
  return parts.length > 0 && parts.every((part) => part.trim().startsWith("type "));
}

export function lineAt(source: string, index: number): number {
  return source.slice(0, index).split("\n").length;
}
