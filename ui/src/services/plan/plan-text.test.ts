import { describe, expect, it } from "vitest";
import type { PlannedService } from "#contracts/services/plan.ts";
import { changedServices, effectSentence, isLikely } from "./plan-text.ts";

const planned = (given: Partial<PlannedService>): PlannedService => ({
  id: "/a",
  effect: "scale",
  instancesBefore: 2,
  instancesAfter: 5,
  restarts: 0,
  changes: [],
  placements: [],
  unplaced: 0,
  warnings: [],
  ...given,
});

describe("a plan in words", () => {
  const cases: readonly (readonly [Partial<PlannedService>, string, object])[] = [
    [{ effect: "create", instancesBefore: 0 }, "ui.plan.creates", { after: 5 }],
    [{ effect: "restart", restarts: 2 }, "ui.plan.restarts", { restarts: 2, before: 2, after: 5 }],
    [{}, "ui.plan.scalesUp", { more: 3, before: 2, after: 5 }],
    [{ instancesAfter: 0 }, "ui.plan.scalesDown", { fewer: 2, before: 2, after: 0 }],
    [{ effect: "keep" }, "ui.plan.keeps", { after: 5 }],
    [{ effect: "remove" }, "ui.plan.removes", { before: 2 }],
    [{ effect: "unchanged" }, "ui.plan.unchanged", {}],
  ];
  it.each(cases)("%o", (given, key, parameters) => {
    expect(effectSentence(planned(given))).toEqual({ key, parameters });
  });

  it("counts what stays as it is", () => {
    const services = [planned({}), planned({ id: "/b", effect: "unchanged" })];
    const { changed, same } = changedServices({
      basis: "",
      isEmpty: false,
      services,
      steps: [],
      lockedBy: [],
    });
    expect([changed.map(({ id }) => id), same]).toEqual([["/a"], 1]);
  });

  it("is likely when one placement is", () => {
    const place = { agentId: "a", hostname: "n", count: 1 };
    expect(isLikely(planned({ placements: [{ ...place, certainty: "exact" }] }))).toBe(false);
    expect(
      isLikely(
        planned({
          placements: [
            { ...place, certainty: "exact" },
            { ...place, certainty: "likely" },
          ],
        }),
      ),
    ).toBe(true);
  });
});
