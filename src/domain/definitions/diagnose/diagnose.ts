/**
 * Judges a file of definitions without a cluster: everything that is wrong or doubtful in it, at once, each with where
 * it stands. Knows what the API knows, since it asks the same parser. Pure; runs in browsers.
 */

import type { Language, MessageParameters } from "#contracts/messages/messages.ts";
import { isJsonObject, type JsonObject } from "#foundation/base/json.ts";
import { isJobBody } from "../../jobs/parse-job.ts";
import { pathWithin } from "../normalize.ts";
import { isGroupBody, withoutNulls } from "../parse.ts";
import { isPodBody } from "../parse-pod.ts";
import type { FieldProblem } from "../problems.ts";
import { definitionText } from "./definition-texts.ts";
import { readJson } from "./json-source.ts";
import { type JudgedApp, judgeDefinition, judgeJob } from "./judge.ts";
import { LineIndex } from "./line-index.ts";
import { lintApp } from "./lint.ts";
import { type DefinitionKind, problemText } from "./problem-texts.ts";
import { standInId } from "./remainder.ts";
import { partsOfPath, placeOf, type SourceDocument, type SourceNode, type Span, valueAt } from "./source.ts";
import { syntaxText } from "./syntax-texts.ts";
import { unknownFields } from "./unknown-fields.ts";
import { readYaml } from "./yaml-source.ts";

export type Severity = "error" | "warning" | "hint";

export interface Diagnostic {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** Offsets in the text. */
  readonly from: number;
  readonly to: number;
  readonly severity: Severity;
  /** Within its definition, such as `/portDefinitions(0)/name`; `/` is the whole. */
  readonly path: string;
  /** Stable: `syntax.…`, `shape.…`, `sense.…`, `lint.…`. */
  readonly code: string;
  readonly message: string;
  /** Which definition of the file, from 0. */
  readonly definition: number;
}

export type DefinitionFormat = "json" | "yaml";

export interface DiagnoseOptions {
  /** Without it: what `name` ends with, else what the text looks like. */
  readonly format?: DefinitionFormat;
  readonly name?: string;
  /** English unless said. */
  readonly language?: Language;
  /** The framework's role; `slave_public` unless said. */
  readonly defaultRole?: string;
}

/** Longer texts are no definitions. In characters. */
export const textLengthMax = 1_048_576;

/** Sorted by place; empty when there is nothing to say. */
export function diagnose(text: string, options: DiagnoseOptions = {}): readonly Diagnostic[] {
  const file = new DefinitionFile(text, options);
  if (text.length > textLengthMax)
    file.say({ from: 0, to: 1 }, "error", "/", "syntax.tooLong", { max: textLengthMax });
  else file.judge();
  return file.found();
}

/** The format of a file, by its name or else by its first character. */
export function formatOf(text: string, name = ""): DefinitionFormat {
  if (/\.ya?ml$/i.test(name)) return "yaml";
  if (/\.json$/i.test(name)) return "json";
  return /^\uFEFF?\s*[[{]/.test(text) ? "json" : "yaml";
}

/** The values of the definitions of a file, as the API takes them. Of use when `diagnose` finds no errors. */
export function definitionsOf(text: string, { format, name }: DiagnoseOptions = {}): readonly JsonObject[] {
  const documents = documentsOf(text, format ?? formatOf(text, name));
  return documents
    .flatMap(({ root }) => (root?.kind === "list" ? root.items : root === undefined ? [] : [root]))
    .map(valueAt)
    .filter(isJsonObject);
}

const documentsOf = (text: string, format: DefinitionFormat): readonly SourceDocument[] =>
  format === "json" ? [readJson(text)] : readYaml(text);

class DefinitionFile {
  readonly #text: string;
  readonly #options: DiagnoseOptions;
  readonly #language: Language;
  readonly #lines: LineIndex;
  readonly #found: Diagnostic[] = [];
  readonly #ids = new Set<string>();
  #definition = 0;

  constructor(text: string, options: DiagnoseOptions) {
    this.#text = text;
    this.#options = options;
    this.#language = options.language ?? "en";
    this.#lines = new LineIndex(text);
  }

  found(): readonly Diagnostic[] {
    return this.#found.toSorted((one, other) => one.from - other.from || one.to - other.to);
  }

  say(span: Span, severity: Severity, path: string, code: string, parameters: MessageParameters = {}): void {
    this.#add(span, severity, path, code, definitionText(this.#language, code, parameters) ?? code);
  }

  #add({ from, to }: Span, severity: Severity, path: string, code: string, message: string): void {
    const start = this.#lines.placeOf(from);
    const end = this.#lines.placeOf(Math.max(from, to));
    const isKnown = this.#found.some(
      (other) => other.from === from && other.code === code && other.message === message,
    );
    if (isKnown) return;
    this.#found.push({
      line: start.line,
      column: start.column,
      endLine: end.line,
      endColumn: end.column,
      from,
      to,
      severity,
      path,
      code,
      message,
      definition: this.#definition,
    });
  }

  judge(): void {
    const format = this.#options.format ?? formatOf(this.#text, this.#options.name);
    const documents = documentsOf(this.#text, format);
    if (documents.every(({ root, faults }) => root === undefined && faults.length === 0))
      this.say({ from: 0, to: Math.min(1, this.#text.length) }, "error", "/", "syntax.empty");
    for (const { root, faults } of documents) {
      for (const fault of faults) {
        const { code, message } = syntaxText(fault, this.#language);
        this.#add(fault, "error", "/", code, message);
      }
      if (root === undefined) continue;
      // What follows a mistake of the format may have been read as something else than was meant.
      const trustedTo =
        format === "yaml" ? Math.min(...faults.map(({ from }) => from)) : Number.POSITIVE_INFINITY;
      for (const node of root.kind === "list" ? root.items : [root]) this.#definitionAt(node, trustedTo);
    }
  }

  #definitionAt(node: SourceNode, trustedTo: number): void {
    const value = valueAt(node);
    if (isJsonObject(value) && isJobBody(value)) {
      for (const problem of judgeJob(value, node)) this.#problem(node, problem, "", trustedTo, "job");
      if (trustedTo === Number.POSITIVE_INFINITY) this.#idTwice(node, value["id"], "job");
    } else if (isJsonObject(value)) {
      // Still an object: only fields that are null have gone.
      const given = withoutNulls(value) as JsonObject;
      const judgement = judgeDefinition(given, node, this.#options);
      const isTrusted = trustedTo === Number.POSITIVE_INFINITY;
      for (const problem of judgement.problems) this.#problem(node, problem, "", trustedTo);
      for (const app of judgement.apps) {
        for (const problem of app.problems) this.#problem(app.node, problem, app.where, trustedTo);
        if (isTrusted) this.#remarks(app);
      }
      if (isTrusted && isGroupBody(value)) this.#unknown(node, "group", "");
      if (isTrusted && isPodBody(value)) this.#remarksOnPod(node, value);
    } else if (node.kind !== "unreadable") this.say(headOf(node), "error", "/", "syntax.notADefinition");
    this.#definition += 1;
  }

  /** What is no refusal, and ids that the file gives twice. */
  #remarks({ where, node, body, lost, base }: JudgedApp): void {
    this.#unknown(node, "app", where);
    if (node.kind === "map") {
      for (const { key, keySpan, value } of node.entries)
        if (value.kind === "scalar" && value.value === null)
          this.say(keySpan, "warning", `${where}/${key}`, "lint.noValue", { field: key });
    }
    if (body === undefined) return;
    for (const { path, severity, code, parameters } of lintApp(body))
      if (!lost.has(topOf(path)))
        this.say(placeOf(node, partsOfPath(path)), severity, where + path, `lint.${code}`, parameters);
    const id = body.id === standInId ? undefined : pathWithin(base, body.id);
    if (id !== undefined && this.#ids.has(id))
      this.say(placeOf(node, ["id"]), "error", `${where}/id`, "sense.sameIdTwice", { id });
    if (id !== undefined) this.#ids.add(id);
  }

  #remarksOnPod(node: SourceNode, { id }: JsonObject): void {
    this.#unknown(node, "pod", "");
    this.#idTwice(node, typeof id === "string" ? pathWithin("/", id) : undefined, "service");
  }

  /** A job may be called as a service is. */
  #idTwice(node: SourceNode, id: unknown, kind: DefinitionKind): void {
    if (typeof id !== "string") return;
    const key = kind === "job" ? `job ${id}` : id;
    if (this.#ids.has(key)) this.say(placeOf(node, ["id"]), "error", "/id", "sense.sameIdTwice", { id });
    this.#ids.add(key);
  }

  #unknown(node: SourceNode, kind: "app" | "group" | "pod", where: string): void {
    for (const { path, entry, similar } of unknownFields(node, kind)) {
      const parameters = { field: entry.key, similar: similar ?? "" };
      const code = similar === undefined ? "lint.unknownField" : "lint.unknownFieldSimilar";
      this.say(entry.keySpan, "warning", where + path, code, parameters);
    }
  }

  #problem(
    node: SourceNode,
    { path, errors }: FieldProblem,
    where: string,
    trustedTo: number,
    kind: DefinitionKind = "service",
  ): void {
    const place = placeOf(node, partsOfPath(path));
    const isDoubtful = !place.isWhole || path === "/" || place.to > trustedTo;
    if (trustedTo < Number.POSITIVE_INFINITY && isDoubtful) return;
    for (const error of errors) {
      const { code, message } = problemText(path, error, this.#language, kind);
      this.#add(place, "error", where !== "" && path === "/" ? where : where + path, code, message);
    }
  }
}

const topOf = (path: string): string => String(partsOfPath(path)[0] ?? "");
const headOf = ({ from, to }: Span): Span => ({ from, to: Math.min(to, from + 1) });
