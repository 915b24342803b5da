/** Mistakes of JSON and YAML, in the reader's language. */
import type { Language } from "#contracts/messages/messages.ts";
import { definitionText } from "./definition-texts.ts";
import type { SyntaxFault } from "./source.ts";

/** The parser has one code for many things that are missing or too many; its sentence tells which. */
const finer: readonly (readonly [RegExp, string])[] = [
  [/need to be followed by map values/, "notAPair"],
  [/closing ['"]quote/, "unclosedQuote"],
  [/^Flow (map|sequence) .*(must end with|sufficiently indented)/, "unclosedBracket"],
  [/^Missing , (or : )?between/, "missingComma"],
  [/^Missing space after :/, "spaceAfterColon"],
  [/^Comments must be separated/, "spaceBeforeComment"],
  [/^Unexpected , in/, "extraComma"],
  [/^Nested mappings are not allowed/, "nestedPair"],
];

export function syntaxText(
  { code, parameters }: SyntaxFault,
  language: Language,
): { code: string; message: string } {
  const detail = String(parameters["detail"] ?? "");
  const named = finer.find(([pattern]) => code.startsWith("yaml.") && pattern.test(detail))?.[1];
  const full = `syntax.${named === undefined ? code : `yaml.${named}`}`;
  return { code: full, message: definitionText(language, full, parameters) ?? detail };
}
