/** Reasons as sentences: the texts of the catalogue, in the language asked for. */
import { isMessageKey, type Language, type MessageKey, text } from "#contracts/messages/messages.ts";
import type { Reason } from "#contracts/services/reasons.ts";
import type { NodeFacts, ReasonFacts } from "../core/reason-facts.ts";

export function withText(facts: ReasonFacts, language: Language): Reason {
  const key: MessageKey = `reasons.${facts.code}`;
  const remedy = `${key}.remedy`;
  const names = nodeNames(facts.nodes);
  return {
    ...facts,
    nodes: facts.nodes.map(({ causes, ...node }, index) => ({
      ...node,
      name: names[index] ?? node.hostname,
      causes: causes.map((cause) => ({ ...cause, message: causeText(cause, language) })),
    })),
    message: text(language, key, facts.parameters),
    ...(isMessageKey(remedy) ? { remedy: text(language, remedy, facts.parameters) } : {}),
  };
}

/** What one node has against it. */
function causeText({ code, detail }: NodeFacts["causes"][number], language: Language): string {
  const key = `reasons.node.${code}`;
  return isMessageKey(key) ? text(language, key, { detail }) : `${code} ${detail}`;
}

/** Two agents of one machine have one host name: the end of an id, such as S1, tells them apart. */
function nodeNames(nodes: readonly NodeFacts[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { hostname } of nodes) counts.set(hostname, (counts.get(hostname) ?? 0) + 1);
  return nodes.map(({ hostname, agentId }) => {
    const end = agentId.slice(agentId.lastIndexOf("-") + 1);
    return (counts.get(hostname) ?? 0) > 1 ? `${hostname} (${end})` : hostname;
  });
}

/** Of an item of a list. */
export function itemWithText<Item extends { readonly reason?: ReasonFacts }>(
  item: Item,
  language: Language,
): Omit<Item, "reason"> & { readonly reason?: Reason } {
  const { reason, ...rest } = item;
  return reason === undefined ? rest : { ...rest, reason: withText(reason, language) };
}
