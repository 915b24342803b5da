/**
 * One definition in three forms that say the same: fields of a form, JSON text and YAML text.
 *
 * Whichever was changed last is kept as it was typed; the others follow by the smallest change that makes them say the
 * same. A text that can't be read stays as typed with its fault, and the others stay at the last good value.
 */
import { isMap, parseDocument, stringify, visit } from "yaml";
import { mergeYaml } from "./merge-yaml.ts";
import { sameJson } from "./same-json.ts";

export type Syntax = "json" | "yaml";
export type JsonFields = Readonly<Record<string, unknown>>;
/** Names of fields and numbers of items, from the outside in. */
export type FieldPath = readonly (string | number)[];

/** What is wrong with a text before it is a definition at all. */
export interface TextFault {
  readonly syntax: Syntax;
  readonly kind: "unreadable" | "notAnObject" | "numberTooLarge" | "tooLong";
  /** What the reader of the syntax says, in English; for `unreadable` only. */
  readonly detail: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export interface DefinitionDocument {
  /** The last value that could be read. */
  readonly value: JsonFields;
  readonly json: string;
  readonly yaml: string;
  /** The last YAML that could be read: what comments are kept from when a broken one gives way. */
  readonly goodYaml: string;
  readonly fault?: TextFault;
}

/** Longer texts are refused: they are not definitions, and each key would cost a parse of all of it. */
export const textLengthMax = 1_000_000;

export function openDocument(value: JsonFields): DefinitionDocument {
  const yaml = stringify(value, { lineWidth: 0 });
  return { value, json: toJson(value), yaml, goodYaml: yaml };
}

/** A text was typed. */
export function editText(document: DefinitionDocument, syntax: Syntax, text: string): DefinitionDocument {
  const read = readText(syntax, text);
  if ("fault" in read) return { ...document, [syntax]: text, fault: read.fault };
  const { value } = read;
  if (syntax === "json") {
    const yaml = mergeYaml(document.goodYaml, value);
    return { value, json: text, yaml, goodYaml: yaml };
  }
  // A text of JSON that was broken until now gives way to the one that is good.
  const isJsonGood = document.fault?.syntax !== "json" && sameJson(document.value, value);
  return { value, json: isJsonGood ? document.json : toJson(value), yaml: text, goodYaml: text };
}

/** A field was set in the form, or taken away with `undefined`. Only of a document without a fault. */
export function setField(document: DefinitionDocument, path: FieldPath, to: unknown): DefinitionDocument {
  const value = withField(document.value, path, to);
  if (document.fault !== undefined || !isFields(value) || sameJson(value, document.value)) return document;
  const yaml = mergeYaml(document.goodYaml, value);
  return { value, json: toJson(value), yaml, goodYaml: yaml };
}

export const isFields = (value: unknown): value is JsonFields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value at a path; undefined where there is none. */
export function fieldAt(value: unknown, path: FieldPath): unknown {
  let at = value;
  for (const step of path) {
    if (Array.isArray(at) && typeof step === "number") at = at[step];
    else if (isFields(at) && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}

/** A copy with one field changed. Objects on the way are made, and taken away again when their last field goes. */
export function withField(value: unknown, path: FieldPath, to: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return to;
  if (typeof step === "number") {
    const items = Array.isArray(value) ? value : [];
    if (rest.length === 0 && to === undefined) return items.filter((_item, index) => index !== step);
    const copy = [...items];
    copy[step] = withField(items[step], rest, to);
    return copy;
  }
  const fields = isFields(value) ? value : {};
  const inner = withField(Object.hasOwn(fields, step) ? fields[step] : undefined, rest, to);
  const isGone = inner === undefined || (to === undefined && rest.length > 0 && isEmpty(inner));
  const others = Object.entries(fields);
  if (isGone) return Object.fromEntries(others.filter(([name]) => name !== step));
  if (!Object.hasOwn(fields, step)) return Object.fromEntries([...others, [step, inner]]);
  return Object.fromEntries(others.map(([name, kept]) => [name, name === step ? inner : kept]));
}

const isEmpty = (value: unknown): boolean => isFields(value) && Object.keys(value).length === 0;

const toJson = (value: JsonFields): string => JSON.stringify(value, null, 2);

type Read = { readonly value: JsonFields } | { readonly fault: TextFault };

/** Reads one definition. What could not be kept exactly is a fault, not a loss. */
export function readText(syntax: Syntax, text: string): Read {
  const fault = (kind: TextFault["kind"], offset: number, detail = ""): Read => ({
    fault: { syntax, kind, detail, ...positionOf(text, offset) },
  });
  if (text.length > textLengthMax) return fault("tooLong", textLengthMax);
  if (syntax === "json") {
    const error = jsonError(text);
    if (error !== undefined) return fault("unreadable", error.offset, error.detail);
  }
  // JSON is YAML, so both are looked through by one reader: it finds fields named twice, where JSON would drop one.
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) return fault("unreadable", error.pos[0], error.message);
  if (!isMap(document.contents)) return fault("notAnObject", 0);
  const inexact = inexactNumberAt(document);
  if (inexact !== undefined) return fault("numberTooLarge", inexact);
  const value: unknown = syntax === "json" ? JSON.parse(text) : document.toJS();
  return isFields(value) ? { value } : fault("notAnObject", 0);
}

/** Offset of the first number that JSON can't carry as it is written. */
function inexactNumberAt(document: ReturnType<typeof parseDocument>): number | undefined {
  let found: number | undefined;
  visit(document, {
    Scalar: (_key, { value, range }) => {
      const isExact =
        typeof value !== "number" ||
        (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)));
      if (isExact) return undefined;
      found = range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return found;
}

function jsonError(text: string): { readonly offset: number; readonly detail: string } | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(detail)?.[1];
    return { offset: at === undefined ? text.length : Number(at), detail };
  }
}

function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}
