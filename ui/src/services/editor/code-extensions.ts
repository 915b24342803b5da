/** What the text editor knows of definitions: names and values to complete, docs to hover, problems to underline. */
import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic as Mark, setDiagnostics } from "@codemirror/lint";
import type { EditorState, Extension, TransactionSpec } from "@codemirror/state";
import { hoverTooltip, type Tooltip } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { explainField } from "#contracts/docs/field-docs.ts";
import type { Diagnostic } from "#domain/definitions/index.ts";
import type { Translate } from "../../i18n/catalogue.ts";
import type { Language } from "../../i18n/languages.ts";
import type { DefinitionRoot } from "../definition/definition-form.ts";
import type { Syntax } from "../definition/document.ts";
import { docOf, type FieldHelp, factsOf, fieldHelpAt } from "./field-help.ts";
import { placeAt } from "./text-place.ts";

/** Colours come from `code.module.css` by the classes that the highlighter gives. */
export const languageExtensions = (syntax: Syntax): Extension => [
  syntax === "json" ? json() : yaml(),
  syntaxHighlighting(classHighlighter),
];

export const helpExtensions = (
  syntax: Syntax,
  language: Language,
  say: Translate,
  root: DefinitionRoot,
): Extension => [
  autocompletion({ override: [(context) => complete(context, { syntax, language, root })], icons: false }),
  hoverTooltip((view, position): Tooltip | null => {
    const help = fieldHelpAt(syntax, view.state.doc.toString(), position, language, root);
    if (help === undefined) return null;
    return { pos: help.from, end: help.to, above: true, create: () => ({ dom: helpElement(help, say) }) };
  }),
];

interface Reading {
  readonly syntax: Syntax;
  readonly language: Language;
  readonly root: DefinitionRoot;
}

function complete(context: CompletionContext, reading: Reading): CompletionResult | null {
  const { syntax, language, root } = reading;
  const place = placeAt(syntax, context.state.doc.toString(), context.pos);
  if (!context.explicit && place.word === "") return null;
  if (!place.isName) return completeValue(place, reading);
  const around = docOf(place.parents, language, root);
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
  { syntax, language, root }: Reading,
): CompletionResult | null {
  const doc = place.field === undefined ? undefined : docOf([...place.parents, place.field], language, root);
  const values = doc?.type === "boolean" ? ["true", "false"] : (doc?.values ?? []);
  if (values.length === 0) return null;
  return {
    from: place.from,
    options: values.map((label) => ({ label, type: "constant" })),
    validFor: syntax === "json" ? /^[\w.-]*$/ : /^\S*$/,
  };
}

function helpElement({ doc }: FieldHelp, say: Translate): HTMLElement {
  const box = document.createElement("div");
  box.className = "field-doc";
  const element = (name: string, text: string): HTMLElement => {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  };
  const facts = document.createElement("ul");
  for (const [key, value] of factsOf(doc)) facts.append(element("li", say(key, { value })));
  const unit = doc.unit === undefined ? "" : ` (${doc.unit})`;
  box.append(element("strong", `${doc.name}: ${doc.type}${unit}`), element("p", doc.description), facts);
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
