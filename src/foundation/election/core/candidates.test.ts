import { describe, expect, it } from "vitest";
import { candidatePrefix, candidatesIn, type GroupShape, standingIn } from "./candidates.ts";

describe("candidates of a group", () => {
  it.each<[string, GroupShape, string[], string[]]>([
    ["nobody stands where there is nothing", "mesos", [], []],
    [
      "the lowest number leads, in whichever order the nodes are listed",
      "mesos",
      ["json.info_0000000012", "json.info_0000000003", "json.info_0000000007"],
      ["json.info_0000000003", "json.info_0000000007", "json.info_0000000012"],
    ],
    [
      "nodes beside the masters are no masters",
      "mesos",
      ["log_replicas", "keelson", "info_0000000000", "json.info_x", "json.info_0000000001"],
      ["json.info_0000000001"],
    ],
    [
      "numbers of more than ten digits come last",
      "mesos",
      ["json.info_10000000000", "json.info_9999999999"],
      ["json.info_9999999999", "json.info_10000000000"],
    ],
    [
      "a latch goes by its number and not by its id",
      "latch",
      ["_c_a-latch-0000000002", "_c_b-latch-0000000001", "lock-0000000000"],
      ["_c_b-latch-0000000001", "_c_a-latch-0000000002"],
    ],
  ])("%s", (_name, shape, names, expected) => {
    expect(candidatesIn(names, shape)).toEqual(expected);
  });

  it("a name made from its own prefix is a candidate", () => {
    for (const shape of ["mesos", "latch"] as const) {
      const name = `${candidatePrefix(shape, "11-22")}0000000004`;
      expect(candidatesIn([name], shape)).toEqual([name]);
    }
  });
});

it.each<[string, string[], string | undefined, ReturnType<typeof standingIn>]>([
  ["nobody leads before the first has a node", [], undefined, { kind: "standsBy", leader: undefined }],
  ["the only one leads", ["json.info_4"], "json.info_4", { kind: "leads" }],
  [
    "who came later stands by",
    ["json.info_5", "json.info_4"],
    "json.info_5",
    { kind: "standsBy", leader: "json.info_4" },
  ],
  ["who only looks never leads", ["json.info_4"], undefined, { kind: "standsBy", leader: "json.info_4" }],
  ["whose node is gone has lost", ["json.info_5"], "json.info_4", { kind: "lost" }],
])("%s", (_name, names, own, expected) => {
  expect(standingIn(names, "mesos", own)).toEqual(expected);
});
