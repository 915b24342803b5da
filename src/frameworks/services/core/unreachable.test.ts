import { expect, it } from "vitest";
import { judgeUnreachable, type UnreachableStrategy } from "./unreachable.ts";

const replace = (inactiveAfterMs: number, expungeAfterMs: number): UnreachableStrategy => ({
  kind: "replace",
  inactiveAfterMs,
  expungeAfterMs,
});

it.each([
  { name: "both 0: forgotten at once", strategy: replace(0, 0), after: 0, verdict: { kind: "expunge" } },
  {
    name: "before inactive: waits",
    strategy: replace(5, 10),
    after: 4,
    verdict: { kind: "wait", nextAt: 105 },
  },
  {
    name: "at inactive: replaced",
    strategy: replace(5, 10),
    after: 5,
    verdict: { kind: "inactive", nextAt: 110 },
  },
  {
    name: "before expunge: still known",
    strategy: replace(5, 10),
    after: 9,
    verdict: { kind: "inactive", nextAt: 110 },
  },
  { name: "at expunge: forgotten", strategy: replace(5, 10), after: 10, verdict: { kind: "expunge" } },
  { name: "inactive and expunge together", strategy: replace(5, 5), after: 5, verdict: { kind: "expunge" } },
  {
    name: "inactive at once",
    strategy: replace(0, 10),
    after: 0,
    verdict: { kind: "inactive", nextAt: 110 },
  },
  {
    name: "disabled: never",
    strategy: { kind: "disabled" } as const,
    after: 1e9,
    verdict: { kind: "wait", nextAt: undefined },
  },
])("$name", ({ strategy, after, verdict }) => {
  expect(judgeUnreachable(strategy, 100, 100 + after)).toEqual(verdict);
});
