/**
 * Which agents a framework wants to hear of at all: groups of conditions on attributes, host name, region and zone.
 * An agent passes when one group has all its conditions true.
 *
 * Regular expressions are matched in linear time, and their programs are bounded, since strangers write them.
 * Source: Mesos, `OfferConstraints` (contract mesos.md section 1.11).
 */
import type {
  Attribute,
  SchedulerAttributeConstraint as AttributeConstraint,
  SchedulerAttributeConstraintPredicate as AttributeConstraintPredicate,
  SchedulerOfferConstraints as OfferConstraints,
  SchedulerOfferConstraintsRoleConstraints as OfferConstraintsRoleConstraints,
} from "#contracts/kernel/messages.gen.ts";
import { compilePattern, PatternInvalid } from "#domain/patterns/index.ts";

/** What is known of an agent besides its resources. */
export interface AgentFacts {
  readonly hostname: string;
  readonly attributes: readonly Attribute[];
  readonly region?: string;
  readonly zone?: string;
}

export const noFacts: AgentFacts = { hostname: "", attributes: [] };

export type AgentPredicate = (facts: AgentFacts) => boolean;

/** Source: Mesos, limits of offer constraint expressions. */
const patternBounds = { lengthMax: 4_096, programSizeMax: 100 };
/** Groups of a role, conditions of a group, and of all groups of a role: each may be asked of every agent. */
const groupsMax = 1_000;
const conditionsMax = 1_000;
const allConditionsMax = 10_000;

export type ReadConstraints =
  | { readonly kind: "valid"; readonly constraints: ReadonlyMap<string, AgentPredicate> }
  | { readonly kind: "invalid"; readonly problem: string };

class ConstraintInvalid extends Error {
  override readonly name = "ConstraintInvalid";
}

/** Constraints by role, or what is wrong with the first bad one. */
export function readOfferConstraints(
  constraints: OfferConstraints | undefined,
  roles: readonly string[],
): ReadConstraints {
  const predicates = new Map<string, AgentPredicate>();
  for (const [role, value] of Object.entries(constraints?.role_constraints ?? {})) {
    const where = `offer_constraints.role_constraints["${role}"]`;
    if (!roles.includes(role))
      return { kind: "invalid", problem: `${where}: the framework does not subscribe to this role` };
    try {
      predicates.set(role, readGroups(value, where));
    } catch (error) {
      if (!(error instanceof ConstraintInvalid)) throw error;
      return { kind: "invalid", problem: error.message };
    }
  }
  return { kind: "valid", constraints: predicates };
}

function readGroups({ groups = [] }: OfferConstraintsRoleConstraints, where: string): AgentPredicate {
  if (groups.length === 0) throw new ConstraintInvalid(`${where}.groups: a role needs at least one group`);
  if (groups.length > groupsMax)
    throw new ConstraintInvalid(`${where}.groups: ${groups.length} groups; at most ${groupsMax}`);
  const all = groups.reduce((sum, { attribute_constraints = [] }) => sum + attribute_constraints.length, 0);
  if (all > allConditionsMax)
    throw new ConstraintInvalid(`${where}.groups: ${all} conditions in all; at most ${allConditionsMax}`);
  const read = groups.map(({ attribute_constraints: conditions = [] }, index) => {
    const at = `${where}.groups[${index}].attribute_constraints`;
    if (conditions.length === 0) throw new ConstraintInvalid(`${at}: a group needs at least one condition`);
    if (conditions.length > conditionsMax)
      throw new ConstraintInvalid(`${at}: ${conditions.length} conditions; at most ${conditionsMax}`);
    return conditions.map((condition, place) => readCondition(condition, `${at}[${place}]`));
  });
  return (facts) => read.some((conditions) => conditions.every((holds) => holds(facts)));
}

function readCondition({ selector, predicate }: AttributeConstraint, where: string): AgentPredicate {
  const valuesOf = readSelector(selector, where);
  const test = readPredicate(predicate, where);
  return (facts) => test(valuesOf(facts));
}

/** Values of one name: undefined stands for an attribute that is not text. Several attributes may share a name. */
type Values = readonly (string | undefined)[];

function readSelector(
  selector: AttributeConstraint["selector"],
  where: string,
): (facts: AgentFacts) => Values {
  const name = selector?.attribute_name;
  if (name !== undefined)
    return ({ attributes }) =>
      attributes.filter((attribute) => attribute.name === name).map(({ text }) => text?.value);
  const one = (value: string | undefined): Values => (value === undefined ? [] : [value]);
  switch (selector?.pseudoattribute_type) {
    case "HOSTNAME":
      return ({ hostname }) => [hostname];
    case "REGION":
      return ({ region }) => one(region);
    case "ZONE":
      return ({ zone }) => one(zone);
    default:
      throw new ConstraintInvalid(
        `${where}.selector: expecting attribute_name, or pseudoattribute_type of HOSTNAME, REGION or ZONE`,
      );
  }
}

function readPredicate(
  predicate: AttributeConstraintPredicate | undefined,
  where: string,
): (values: Values) => boolean {
  const given = predicate ?? {};
  if (given.exists !== undefined) return (values) => values.length > 0;
  if (given.not_exists !== undefined) return (values) => values.length === 0;
  if (given.text_equals !== undefined) return wanted(equals(given.text_equals.value));
  if (given.text_not_equals !== undefined) return unwanted(equals(given.text_not_equals.value));
  if (given.text_matches !== undefined) return wanted(matches(given.text_matches.regex, where));
  if (given.text_not_matches !== undefined) return unwanted(matches(given.text_not_matches.regex, where));
  throw new ConstraintInvalid(
    `${where}.predicate: expecting one of exists, not_exists, text_equals, text_not_equals, text_matches, text_not_matches`,
  );
}

type TextTest = (text: string) => boolean;

/** An attribute that is not text passes; none at all does not. */
const wanted =
  (test: TextTest) =>
  (values: Values): boolean =>
    values.some((value) => value === undefined || test(value));

/** An attribute that is not text passes; so does none at all. */
const unwanted =
  (test: TextTest) =>
  (values: Values): boolean =>
    values.every((value) => value === undefined || !test(value));

const equals =
  (value: string | undefined): TextTest =>
  (text) =>
    text === value;

/** The whole text must match. */
function matches(regex: string | undefined, where: string): TextTest {
  try {
    const pattern = compilePattern(regex ?? "", patternBounds);
    return (text) => pattern.matches(text);
  } catch (error) {
    if (!(error instanceof PatternInvalid)) throw error;
    throw new ConstraintInvalid(`${where}: ${error.message}`);
  }
}
