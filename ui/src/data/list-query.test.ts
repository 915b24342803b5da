import { describe, expect, it } from "vitest";
import { nextSort, readListSearch } from "./list-query.ts";
import { fillPath, queryText } from "./request.ts";

describe("what a list is asked for", () => {
  it.each([
    [undefined, "id"],
    ["id", "-id"],
    ["-id", undefined],
    ["cpus", "id"],
  ])("after a click on the head of id, %s becomes %s", (current, next) => {
    expect(nextSort(current, "id")).toBe(next);
  });

  it("reads an address as far as it understands it", () => {
    expect(readListSearch({ filter: "web", sort: "-cpus", other: 1 })).toEqual({
      filter: "web",
      sort: "-cpus",
    });
    expect(readListSearch({ filter: "", sort: "a b" })).toEqual({});
    expect(readListSearch({ filter: 7 })).toEqual({});
    expect(readListSearch({ filter: "x".repeat(900) }).filter).toHaveLength(500);
  });

  it("fills paths and queries, slashes kept where they belong", () => {
    expect(fillPath("/history/{id...}", { id: "/shop/a b" })).toBe("/history/shop/a%20b");
    expect(fillPath("/frameworks/{id}/offers", { id: "a/b" })).toBe("/frameworks/a%2Fb/offers");
    expect(queryText({ a: 1, b: undefined, c: "", d: true })).toBe("?a=1&d=true");
    expect(queryText({})).toBe("");
  });
});
