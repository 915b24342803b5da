import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ListQuery, type ListShape, listWindow } from "./list-window.ts";

interface Thing {
  readonly id: string;
  readonly size?: number;
  readonly tags: readonly string[];
}

const shape: ListShape<Thing> = {
  words: ({ id, tags }) => [id, ...tags],
  fields: { id: ({ id }) => id, size: ({ size }) => size, tag: ({ tags }) => tags },
  tests: { below: ({ id }, value) => id.startsWith(`${value}/`) },
  tieBreak: ({ id }) => id,
};

const things: readonly Thing[] = [
  { id: "/b", size: 2, tags: ["env=prod"] },
  { id: "/shop/cart", size: 1, tags: ["env=prod", "two words"] },
  { id: "/a", tags: [] },
  { id: "/shop", size: 2, tags: ["http://x"] },
];

const cases: readonly { name: string; query: ListQuery; ids: readonly string[]; total?: number }[] = [
  { name: "nothing asked: all, by the tie break", query: {}, ids: ["/a", "/b", "/shop", "/shop/cart"] },
  { name: "a word, whatever its case", query: { filter: "SHOP" }, ids: ["/shop", "/shop/cart"] },
  { name: "all words must occur", query: { filter: "shop prod" }, ids: ["/shop/cart"] },
  { name: "a field is compared whole", query: { filter: "size:2" }, ids: ["/b", "/shop"] },
  { name: "one of several values", query: { filter: "tag:env=prod" }, ids: ["/b", "/shop/cart"] },
  { name: "a value in quotes", query: { filter: 'tag:"two words"' }, ids: ["/shop/cart"] },
  { name: "a field with its own test", query: { filter: "below:/shop" }, ids: ["/shop/cart"] },
  { name: "an address is a word", query: { filter: "http://x" }, ids: ["/shop"] },
  {
    name: "sorted, absent last, ties by id",
    query: { sort: "size" },
    ids: ["/shop/cart", "/b", "/shop", "/a"],
  },
  { name: "sorted down", query: { sort: "-id" }, ids: ["/shop/cart", "/shop", "/b", "/a"] },
  { name: "a window, with the count of all", query: { offset: 1, limit: 2 }, ids: ["/b", "/shop"], total: 4 },
  { name: "a window behind the end", query: { offset: 9 }, ids: [], total: 4 },
];

describe("a window of a list", () => {
  for (const { name, query, ids, total } of cases) {
    it(name, () => {
      const window = listWindow(things, query, shape);
      expect(window.items.map(({ id }) => id)).toEqual(ids);
      expect(window.total).toBe(total ?? ids.length);
    });
  }

  it("names the fields there are when one is asked for that isn't", () => {
    expect(() => listWindow(things, { filter: "siz:2" }, shape)).toThrow(
      "filter: there is no field siz here; take one of below, id, size, tag",
    );
    expect(() => listWindow(things, { sort: "constructor" }, shape)).toThrow("sort: there is no field");
  });

  it("windows side by side are the whole, in order", () => {
    const item = fc.record({ id: fc.string(), size: fc.integer(), tags: fc.constant([]) });
    fc.assert(
      fc.property(fc.array(item), fc.integer({ min: 1, max: 7 }), (items, limit) => {
        const whole = listWindow(items, { limit: 1_000, sort: "size" }, shape).items;
        const parts: Thing[] = [];
        for (let offset = 0; offset < items.length; offset += limit) {
          parts.push(...listWindow(items, { offset, limit, sort: "size" }, shape).items);
        }
        expect(parts).toEqual(whole);
      }),
    );
  });
});
