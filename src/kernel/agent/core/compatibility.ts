/** Whether an agent that starts again may still be the agent it was. Source: Mesos reconfiguration_policy. */
import type { Attribute } from "#contracts/kernel/messages.gen.ts";
import { type Entry, parseResources } from "#domain/resources/index.ts";
import type { AgentFacts, AgentPolicy } from "./policy.ts";
import type { IdentityRecord } from "./records.ts";

/** A sentence with the way out when it may not, otherwise undefined. */
export function incompatibility(
  former: IdentityRecord,
  facts: AgentFacts,
  policy: AgentPolicy["reconfiguration"],
): string | undefined {
  const before = parseResources(former.resources).filter(isOwn);
  const after = parseResources(facts.resources).filter(isOwn);
  const resourcesFit = policy === "additive" ? after.contains(before) : after.equals(before);
  if (!resourcesFit) return refusal("resources", before.toString(), after.toString(), facts, policy);
  const attributesFit =
    policy === "additive"
      ? former.attributes.every((attribute) =>
          facts.attributes.some((other) => sameAttribute(attribute, other)),
        )
      : textOf(former.attributes) === textOf(facts.attributes);
  if (attributesFit) return undefined;
  return refusal("attributes", textOf(former.attributes), textOf(facts.attributes), facts, policy);
}

/** An estimate of what could be revoked may change with each start. */
const isOwn = ({ revocable }: Entry): boolean => !revocable;

function refusal(
  what: string,
  before: string,
  after: string,
  { dataDir }: AgentFacts,
  policy: string,
): string {
  const additive = policy === "additive" ? "" : "allow growth with reconfigurationPolicy additive, ";
  return (
    `the ${what} of this agent changed from "${before}" to "${after}"; start it with the former ones, ${additive}` +
    `or remove ${dataDir} to start as a new agent, which ends its tasks`
  );
}

function sameAttribute(one: Attribute, other: Attribute): boolean {
  return textOf([one]) === textOf([other]);
}

function textOf(attributes: readonly Attribute[]): string {
  return attributes
    .map(({ name, text, scalar, ranges, set }) => {
      const value = text?.value ?? scalar?.value ?? JSON.stringify(ranges ?? set ?? null);
      return `${name}:${value}`;
    })
    .sort()
    .join(";");
}
