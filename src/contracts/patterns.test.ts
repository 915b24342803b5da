import { describe, expect, it } from "vitest";
import { ownEndpoints } from "./docs/own-apis.ts";
import { definitionRoots } from "./docs/roots.ts";
import * as jobs from "./jobs/job.ts";
import * as apps from "./services/app.ts";
import * as pods from "./services/pod.ts";

/** Every `pattern` of what is judged when a body or a query comes. */
function patternsIn(schema: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof schema !== "object" || schema === null) return found;
  for (const [name, value] of Object.entries(schema)) {
    if (name === "pattern" && typeof value === "string") found.add(value);
    else if (name === "patternProperties") for (const each of Object.keys(value as object)) found.add(each);
    patternsIn(value, found);
  }
  return found;
}

/** What long texts are made of that expressions stumble over. */
const units = ["a", "A", "0", "-", ".", "/", "_", " ", "a-", "a.", "/a", "-a", "..", "a0"];
const length = 60_000;
/** The slowest of them takes a thousandth of it; one that looks at each pair of characters takes many times as much. */
const cpuMsMax = 1_000;

describe("reliability.md§5#A28 an expression that judges what strangers send", () => {
  const patterns = [...patternsIn({ definitionRoots, ownEndpoints, jobs, apps, pods })];
  it("is there", () => expect(patterns.length).toBeGreaterThan(5));

  it.each(patterns)("%s takes no longer for a long text than for its characters one by one", (pattern) => {
    const expression = new RegExp(pattern, "u");
    for (const unit of units)
      for (const end of ["", "!", "\n"]) {
        const text = unit.repeat(length / unit.length) + end;
        const before = process.threadCpuUsage();
        expression.test(text);
        const { user } = process.threadCpuUsage(before);
        expect([unit, end, user / 1_000 < cpuMsMax]).toEqual([unit, end, true]);
      }
  });
});
