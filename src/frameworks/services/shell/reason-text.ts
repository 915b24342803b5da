/** Reasons as sentences: the texts of the catalogue, in the language asked for. */
import { isMessageKey, type Language, type MessageKey, text } from "#contracts/messages/messages.ts";
import type { Reason } from "#contracts/services/reasons.ts";
import type { ReasonFacts } from "../core/index.ts";

export function withText(facts: ReasonFacts, language: Language): Reason {
  const key: MessageKey = `reasons.${facts.code}`;
  const remedy = `${key}.remedy`;
  return {
    ...facts,
    message: text(language, key, facts.parameters),
    ...(isMessageKey(remedy) ? { remedy: text(language, remedy, facts.parameters) } : {}),
  };
}

/** Of an item of a list. */
export function itemWithText<Item extends { readonly reason?: ReasonFacts }>(
  item: Item,
  language: Language,
): Omit<Item, "reason"> & { readonly reason?: Reason } {
  const { reason, ...rest } = item;
  return reason === undefined ? rest : { ...rest, reason: withText(reason, language) };
}
