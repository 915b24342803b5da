/** What is said of a field where the pointer rests: the same as `keelson explain` says, as data. */
import { explainField, type FieldDoc } from "#contracts/docs/field-docs.ts";
import type { TextKey } from "../../i18n/catalogue.ts";
import type { Language } from "../../i18n/languages.ts";
import type { DefinitionRoot } from "../definition/definition-form.ts";
import type { Syntax } from "../definition/document.ts";
import { placeAt } from "./text-place.ts";

export interface FieldHelp {
  readonly doc: FieldDoc;
  /** Of its name in the text. */
  readonly from: number;
  readonly to: number;
}

/** The field whose name is at an offset of the text. */
export function fieldHelpAt(
  syntax: Syntax,
  text: string,
  offset: number,
  language: Language,
  root: DefinitionRoot = "app",
): FieldHelp | undefined {
  let to = offset;
  while (to < text.length && /[\w-]/.test(text[to] ?? "")) to += 1;
  const { parents, word, from, isName } = placeAt(syntax, text, to);
  const doc = isName && word !== "" ? docOf([...parents, word], language, root) : undefined;
  return doc === undefined ? undefined : { doc, from, to };
}

/** By the names from the outside in. Those below a map are the writer's own: what is meant there is the map. */
export function docOf(
  names: readonly string[],
  language: Language,
  root: DefinitionRoot = "app",
): FieldDoc | undefined {
  let doc = explainField(root, language);
  let isOwnName = false;
  for (const name of names) {
    if (doc === undefined) return undefined;
    if (!isOwnName) doc = explainField(`${doc.shape ?? doc.path}.${name}`, language);
    isOwnName = !isOwnName && doc?.type.startsWith("map of ") === true;
  }
  return doc;
}

/** What a field assumes when it is left out and what it looks like, as JSON; since when it is there. */
export function factsOf(doc: FieldDoc): readonly (readonly [key: TextKey, value: string])[] {
  const { isRequired, default: assumed, example, since } = doc;
  return [
    isRequired ? ["ui.fieldHelp.required", ""] : ["ui.fieldHelp.default", JSON.stringify(assumed)],
    ["ui.fieldHelp.example", JSON.stringify(example)],
    since === undefined ? ["ui.fieldHelp.refused", ""] : ["ui.fieldHelp.since", since],
  ];
}
