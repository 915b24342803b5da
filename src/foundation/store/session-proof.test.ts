import { expect, it } from "vitest";
import { brokenAfterMs, judgeSilence, probeShare } from "./session-proof.ts";

it.each([
  [0, "short"],
  [3_000, "short"],
  [3_001, "broken"],
  [7_000, "broken"],
  [7_001, "lost"],
] as const)("a session of 10 s whose servers are silent for %i ms is %s", (silentMs, silence) => {
  expect(judgeSilence(silentMs, 10_000)).toBe(silence);
});

it("a session is given up, with a probe to spare, before its servers may", () => {
  const timeoutMs = 10_000;
  const givenUpAtLatest = Array.from({ length: timeoutMs }, (_, at) => at).findIndex(
    (at) => judgeSilence(at, timeoutMs) === "lost",
  );
  expect(givenUpAtLatest + timeoutMs * probeShare).toBeLessThan(timeoutMs);
  expect(brokenAfterMs(timeoutMs)).toBeLessThan(givenUpAtLatest);
});
