/** Sentences about definitions from the catalogue, by the code that a diagnostic carries. */
import { isMessageKey, type Language, type MessageParameters, text } from "#contracts/messages/messages.ts";

/** Undefined for codes that the catalogue has no sentence for. */
export function definitionText(
  language: Language,
  code: string,
  parameters: MessageParameters = {},
): string | undefined {
  const key = `definition.${code}`;
  return isMessageKey(key) ? text(language, key, parameters) : undefined;
}
