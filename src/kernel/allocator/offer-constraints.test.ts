import { describe, expect, it } from "vitest";
import type {
  SchedulerAttributeConstraint,
  SchedulerOfferConstraints,
} from "#contracts/kernel/messages.gen.ts";
import { type AgentFacts, readOfferConstraints } from "./offer-constraints.ts";

const facts: AgentFacts = {
  hostname: "node-7.example",
  region: "north",
  attributes: [
    { name: "rack", type: "TEXT", text: { value: "r12" } },
    { name: "level", type: "SCALAR", scalar: { value: 3 } },
  ],
};

const groupsOf = (
  ...groups: readonly (readonly SchedulerAttributeConstraint[])[]
): SchedulerOfferConstraints => ({
  role_constraints: {
    web: { groups: groups.map((attribute_constraints) => ({ attribute_constraints })) },
  },
});

function holds(constraints: SchedulerOfferConstraints): boolean | undefined {
  const read = readOfferConstraints(constraints, ["web"]);
  return read.kind === "valid" ? read.constraints.get("web")?.(facts) : undefined;
}

const rack = { attribute_name: "rack" };
const level = { attribute_name: "level" };
const absent = { attribute_name: "zone" };
const host = { pseudoattribute_type: "HOSTNAME" as const };

describe("one condition", () => {
  it.each<[string, SchedulerAttributeConstraint, boolean]>([
    ["an attribute that is there exists", { selector: rack, predicate: { exists: {} } }, true],
    ["one that is not does not", { selector: absent, predicate: { exists: {} } }, false],
    ["not_exists of one that is there", { selector: rack, predicate: { not_exists: {} } }, false],
    ["not_exists of one that is not", { selector: absent, predicate: { not_exists: {} } }, true],
    ["equal text", { selector: rack, predicate: { text_equals: { value: "r12" } } }, true],
    ["other text", { selector: rack, predicate: { text_equals: { value: "r1" } } }, false],
    [
      "no text where some must be equal",
      { selector: absent, predicate: { text_equals: { value: "" } } },
      false,
    ],
    [
      "text that must differ and does",
      { selector: rack, predicate: { text_not_equals: { value: "x" } } },
      true,
    ],
    ["text that must differ", { selector: rack, predicate: { text_not_equals: { value: "r12" } } }, false],
    [
      "none differs from anything",
      { selector: absent, predicate: { text_not_equals: { value: "x" } } },
      true,
    ],
    ["the whole text matches", { selector: rack, predicate: { text_matches: { regex: "r[0-9]+" } } }, true],
    ["a part of it does not", { selector: rack, predicate: { text_matches: { regex: "r[0-9]" } } }, false],
    ["none does not match", { selector: absent, predicate: { text_matches: { regex: ".*" } } }, false],
    ["not matching", { selector: rack, predicate: { text_not_matches: { regex: "x.*" } } }, true],
    [
      "not matching what matches",
      { selector: rack, predicate: { text_not_matches: { regex: "r.*" } } },
      false,
    ],
    ["none matches nothing", { selector: absent, predicate: { text_not_matches: { regex: ".*" } } }, true],
    [
      "a number passes any test of text",
      { selector: level, predicate: { text_equals: { value: "x" } } },
      true,
    ],
    [
      "also one that must not be",
      { selector: level, predicate: { text_not_matches: { regex: ".*" } } },
      true,
    ],
    ["the host name", { selector: host, predicate: { text_matches: { regex: "node-[0-9]+\\..*" } } }, true],
    [
      "the region",
      { selector: { pseudoattribute_type: "REGION" }, predicate: { text_equals: { value: "north" } } },
      true,
    ],
    [
      "the zone, where the agent has none",
      { selector: { pseudoattribute_type: "ZONE" }, predicate: { exists: {} } },
      false,
    ],
  ])("mesos.md§8#30 %s", (_name, condition, expected) => {
    expect(holds(groupsOf([condition]))).toBe(expected);
  });
});

describe("several", () => {
  const yes: SchedulerAttributeConstraint = { selector: rack, predicate: { exists: {} } };
  const no: SchedulerAttributeConstraint = { selector: rack, predicate: { not_exists: {} } };

  it("of a group must all hold, and one group is enough", () => {
    expect(holds(groupsOf([yes, yes]))).toBe(true);
    expect(holds(groupsOf([yes, no]))).toBe(false);
    expect(holds(groupsOf([no], [yes]))).toBe(true);
    expect(holds(groupsOf([no], [no]))).toBe(false);
  });

  it("are asked for their own role only", () => {
    const read = readOfferConstraints(groupsOf([no]), ["web", "db"]);
    expect(read.kind === "valid" && read.constraints.has("db")).toBe(false);
  });
});

describe("what makes no sense is refused with its place", () => {
  const of = (condition: object): SchedulerOfferConstraints =>
    groupsOf([condition as SchedulerAttributeConstraint]);

  it.each<[string, SchedulerOfferConstraints, string]>([
    [
      "a role of others",
      { role_constraints: { db: { groups: [] } } },
      'role_constraints["db"]: the framework does',
    ],
    ["no group", groupsOf(), "at least one group"],
    ["a group of nothing", groupsOf([]), "groups[0].attribute_constraints: a group needs"],
    ["no selector", of({ predicate: { exists: {} } }), "attribute_constraints[0].selector"],
    [
      "an unknown pseudoattribute",
      of({ selector: { pseudoattribute_type: "UNKNOWN" } }),
      "HOSTNAME, REGION or ZONE",
    ],
    ["no predicate", of({ selector: rack }), "expecting one of exists"],
    [
      "a broken expression",
      of({ selector: rack, predicate: { text_matches: { regex: "r(" } } }),
      '"r(" is not a valid regular expression',
    ],
    [
      "one that would be large",
      of({ selector: rack, predicate: { text_not_matches: { regex: "[a-z]{60}x{60}" } } }),
      "instructions, at most 100",
    ],
    [
      "one that is long",
      of({ selector: rack, predicate: { text_matches: { regex: "a".repeat(5_000) } } }),
      "at most 4096",
    ],
    [
      "one that looks back, which takes more than linear time",
      of({ selector: rack, predicate: { text_matches: { regex: "(a)\\1" } } }),
      "is not a valid regular expression",
    ],
    [
      "reliability.md§5#A28 a short text that becomes a large program",
      of({ selector: rack, predicate: { text_matches: { regex: "(((a?){30}){30}b){1000}" } } }),
      "instructions, at most 100",
    ],
    [
      "reliability.md§5#A28 many conditions over many groups",
      groupsOf(
        ...Array.from({ length: 11 }, () =>
          Array.from({ length: 1_000 }, () => ({ selector: rack, predicate: { exists: {} } })),
        ),
      ),
      "at most 10000",
    ],
  ])("%s", (_name, constraints, problem) => {
    const read = readOfferConstraints(constraints, ["web"]);
    expect(read).toMatchObject({ kind: "invalid", problem: expect.stringContaining(problem) });
  });
});
