import { describe, expect, it } from "vitest";
import { readServiceSearch } from "./service-search.ts";

describe("the address of a service's page", () => {
  it.each([
    [{}, {}],
    [
      { tab: "log", task: "a.b", line: "stderr@120" },
      { tab: "log", task: "a.b", line: "stderr@120" },
    ],
    [{ tab: "overview" }, {}],
    [{ tab: "nowhere", line: "x@1", task: "", version: 5 }, {}],
    [
      { tab: "configuration", version: "2026-01-01T00:00:00.000Z" },
      { tab: "configuration", version: "2026-01-01T00:00:00.000Z" },
    ],
  ])("%o is read as %o", (search, expected) => {
    expect(readServiceSearch(search)).toEqual(expected);
  });
});
