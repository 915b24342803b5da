/** What the text editor knows of definitions: names and values to complete, docs to hover, problems to underline. */
import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic as Mark, setDiagnostics } from "@codemirror/lint";
import type { EditorState, Extension, TransactionSpec } from "@codemirror/state";
import { type EditorView, hoverTooltip, type Tooltip } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { explainField, type FieldDoc } from "#contracts/docs/field-docs.ts";
import type { Diagnostic } from "#domain/definitions/index.ts";
import type { Language } from "../../i18n/languages.ts";
import type { Syntax } from "../definition/document.ts";
import { placeAt } from "./text-place.ts";

/** Colours come from `code.module.css` by the classes that the highlighter gives. */
export const languageExtensions = (syntax: Syntax): Extension => [
  syntax === "json" ? json() : yaml(),
  syntaxHighlighting(classHighlighter),
];

export const helpExtensions = (syntax: Syntax, language: Language): Extension => [
  autocompletion({ override: [(context) => complete(context, syntax, language)], icons: false }),
  hoverTooltip((view, position) => hover(view, position, syntax, language)),
];

const docAt = (parents: readonly string[], name: string, language: Language): FieldDoc | undefined =>
  explainField(["app", ...parents, name].join("."), language);

function complete(context: CompletionContext, syntax: Syntax, language: Language): CompletionResult | null {
  const place = placeAt(syntax, context.state.doc.toString(), context.pos);
  if (!context.explicit && place.word === "") return null;
  if (!place.isName) return completeValue(place, syntax, language);
  const around = explainField(["app", ...place.parents].join("."), language);
  const fields =
    around?.children.length === 0 && around.shape !== undefined
      ? explainField(around.shape, language)?.children
      : around?.children;
  if (fields === undefined || fields.length === 0) return null;
  const isQuoted = syntax === "json" && context.state.sliceDoc(place.from - 1, place.from) === '"';
  return {
    from: place.from,
    options: fields.map((field) => ({
      label: field.name,
      detail: field.type,
      info: field.description,
      // A field that is refused is understood and not built; offered last.
      boost: field.since === undefined ? -50 : 0,
      apply: syntax === "yaml" ? `${field.name}: ` : isQuoted ? field.name : `"${field.name}": `,
    })),
    validFor: /^[\w.-]*$/,
  };
}

function completeValue(
  place: ReturnType<typeof placeAt>,
  syntax: Syntax,
  language: Language,
): CompletionResult | null {
  const doc = place.field === undefined ? undefined : docAt(place.parents, place.field, language);
  const values = doc?.type === "boolean" ? ["true", "false"] : (doc?.values ?? []);
  if (values.length === 0) return null;
  return {
    from: place.from,
    options: values.map((label) => ({ label, type: "constant" })),
    validFor: syntax === "json" ? /^[\w.-]*$/ : /^\S*$/,
  };
}

function hover(view: EditorView, position: number, syntax: Syntax, language: Language): Tooltip | null {
  const text = view.state.doc.toString();
  let end = position;
  while (end < text.length && /[\w-]/.test(text[end] ?? "")) end += 1;
  const { parents, word, from, isName } = placeAt(syntax, text, end);
  const doc = isName && word !== "" ? docAt(parents, word, language) : undefined;
  if (doc === undefined) return null;
  return { pos: from, end, above: true, create: () => ({ dom: docElement(doc) }) };
}

function docElement(doc: FieldDoc): HTMLElement {
  const box = document.createElement("div");
  box.className = "field-doc";
  const head = document.createElement("strong");
  head.textContent = `${doc.name}: ${doc.type}${doc.unit === undefined ? "" : ` (${doc.unit})`}`;
  const body = document.createElement("p");
  body.textContent = doc.description;
  box.append(head, body);
  return box;
}

/** Underlines what is wrong or doubtful. */
export const diagnosticMarks = (state: EditorState, found: readonly Diagnostic[]): TransactionSpec =>
  setDiagnostics(
    state,
    found
      .filter(({ from, to }) => from <= to && to <= state.doc.length)
      .map(({ from, to, severity, message }): Mark => ({ from, to, severity, message })),
  );
