/** The agent behind an offer as constraints see it. Source: contract marathon.md section 13.1, value rendering. */
import type { Attribute, Offer } from "#contracts/kernel/messages.gen.ts";
import { scalarText } from "./constraints.ts";

export interface OfferedAgent {
  readonly agentId: string;
  readonly host: string;
  readonly region: string | undefined;
  readonly zone: string | undefined;
  /** Attributes as constraints see them: name and text. */
  readonly attributes: readonly (readonly [name: string, text: string])[];
}

export function agentOf(offer: Offer): OfferedAgent {
  const fault = offer.domain?.fault_domain;
  return {
    agentId: offer.agent_id.value,
    host: offer.hostname,
    region: fault?.region.name,
    zone: fault?.zone.name,
    attributes: (offer.attributes ?? []).map(
      (attribute) => [attribute.name, attributeText(attribute)] as const,
    ),
  };
}

function attributeText(attribute: Attribute): string {
  if (attribute.text !== undefined) return attribute.text.value;
  if (attribute.scalar !== undefined) return scalarText(attribute.scalar.value);
  if (attribute.ranges !== undefined) {
    const sorted = [...(attribute.ranges.range ?? [])].sort((one, other) => one.begin - other.begin);
    return `[${sorted.map(({ begin, end }) => `${begin}-${end}`).join(",")}]`;
  }
  return `{${[...(attribute.set?.item ?? [])].sort().join(",")}}`;
}

/** The text a constraint's field has on an agent; undefined when it has none. */
export function fieldValueOf(agent: OfferedAgent | undefined, field: string): string | undefined {
  if (agent === undefined) return undefined;
  switch (field) {
    case "hostname":
    case "@hostname":
      return agent.host;
    case "@region":
      return agent.region;
    case "@zone":
      return agent.zone;
    default:
      return agent.attributes.find(([name]) => name === field)?.[1];
  }
}
